"""Single keys from the terminal, without waiting for a line. Puts the terminal back as it was."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from typing import Self


class Keyboard:
    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._fd)

    def __enter__(self) -> Self:
        tty.setcbreak(self._fd)  # Ctrl-C stays a signal
        return self

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def pressed(self, wait_s: float) -> str:
        """The keys pressed meanwhile; empty when none was. `q` when the terminal is gone."""
        ready, _, _ = select.select([self._fd], [], [], wait_s)
        if not ready:
            return ""
        data = os.read(self._fd, 64)
        return data.decode(errors="ignore") if data else "q"
