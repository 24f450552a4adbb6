"""Joins a simulated line to a second pty, so that a program of another's can be the far end of a slowed and breakable wire."""

from __future__ import annotations

import contextlib
import os
import tty

from simulator.clockwork import Clockwork
from simulator.line import Line


class Relay:
    """A far end of `line` that hands everything on. `commands` counts the host's packets by the silences between them."""

    gap_s = 0.0005

    def __init__(self, clockwork: Clockwork, line: Line) -> None:
        self._clockwork = clockwork
        self._line = line
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.tty = os.ttyname(self._slave)
        self.commands = 0
        clockwork.watch(self._master, self._readable)

    def connect(self, line: Line) -> None: ...

    def heard(self, data: bytes, now: float) -> None:
        self.commands += data.count(b"\xff\x53")
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def quiet(self, now: float) -> None: ...

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._line.send(os.read(self._master, 4096))

    def close(self) -> None:
        self._clockwork.forget(self._master)
        os.close(self._master)
        os.close(self._slave)
