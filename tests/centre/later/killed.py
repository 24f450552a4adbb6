"""Upgrades copies of a folder, each in a process that a SIGKILL ends just before its next statement: the first copy before the
first statement, the second before the second, … the last before COMMIT, and one that nobody kills.

`python -m tests.centre.later.killed PLACE FOLDER OUT`: copies go to OUT/1, OUT/2, …; prints how each process ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from centre.cli.context import CliContext
from tests.centre.later import install


class Killer:
    """Counts statements of all engines."""

    def __init__(self, at: int) -> None:
        self._left = at
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._statement)

    def _statement(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(place: Path, folder: Path, out: Path) -> None:
    install(place)
    at, status = 0, -1
    while status < 0:
        at += 1
        path = out / str(at)
        shutil.copytree(folder, path)
        child = os.fork()
        if child == 0:
            Killer(at)
            CliContext(path).books.close()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(path.name, status, flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
