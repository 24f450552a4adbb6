"""`doorward …` on a machine whose clock is moved while it runs. Run as `python -m tests.system.shifted FILE …`: FILE holds the seconds it is ahead."""

from __future__ import annotations

import mmap
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

_true = time.time


class Shift:
    """Seconds ahead of the true time, in a file that several processes look into."""

    SIZE = 8

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(self.SIZE))
        with file.open("r+b") as opened:
            self._cell = mmap.mmap(opened.fileno(), self.SIZE)

    @property
    def seconds(self) -> float:
        return float(struct.unpack("<d", self._cell[: self.SIZE])[0])

    @seconds.setter
    def seconds(self, ahead: float) -> None:
        self._cell[: self.SIZE] = struct.pack("<d", ahead)

    def clock(self) -> Callable[[], float]:
        return lambda: _true() + self.seconds


if __name__ == "__main__":
    time.time = Shift(Path(sys.argv.pop(1))).clock()
    from agent.__main__ import main  # the clock first

    sys.exit(main(sys.argv[1:]))
