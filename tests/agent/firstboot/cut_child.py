"""`python -m tests.agent.firstboot.cut_child FOLDER`: take what lies there, and lose power at the first, second … write to the disk's order of things.

Each in a process and a folder of its own, `FOLDER/1` and so on, until one comes to its end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.agent.firstboot.laid import Laid, laid

CUT = 9
"""Exit code of a process that lost power."""


def cut_at(point: int, box: Laid) -> None:
    left = point

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **extra: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(CUT)
            return call(*args, **extra)

        return wrapped

    os.fsync, os.rename, os.replace, os.unlink = map(counted, (os.fsync, os.rename, os.replace, os.unlink))
    box.settle()


def main(folder: str) -> int:
    for point in range(1, 200):
        (Path(folder) / str(point)).mkdir()
        box = laid(Path(folder) / str(point))
        box.lay_config()
        box.lay_enrolment()
        child = os.fork()
        if not child:
            cut_at(point, box)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != CUT:
            return code
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
