"""`python -m tests.agent.enrol_child FILE FOLDER POINT [--no-exchange]`: enrol, and lose power at the POINT-th write to the disk's order of things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from agent import identity

CUT = 9
"""Exit code of a process that lost power."""


def main(file: str, folder: str, point: str, *how: str) -> None:
    left = int(point)

    def counted(call: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*args: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(CUT)
            call(*args)

        return wrapped

    if how:
        identity._exchange = lambda one, other: False
    os.fsync, os.rename = counted(os.fsync), counted(os.rename)
    identity.enrol(Path(file), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
