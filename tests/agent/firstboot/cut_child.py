"""`python -m tests.agent.firstboot.cut_child FOLDER POINT`: take what lies there, and lose power at the POINT-th write to the disk's order of things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.agent.firstboot.laid import Laid

CUT = 9
"""Exit code of a process that lost power."""


def main(folder: str, point: str) -> None:
    left = int(point)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **extra: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(CUT)
            return call(*args, **extra)

        return wrapped

    os.fsync, os.rename, os.replace, os.unlink = map(counted, (os.fsync, os.rename, os.replace, os.unlink))
    Laid(Path(folder)).settle()


if __name__ == "__main__":
    main(*sys.argv[1:])
