"""A host's end of a simulated line: opens the port as any program would and speaks raw bytes."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from pathlib import Path
from typing import Self

SPEEDS = {9600: termios.B9600, 19200: termios.B19200, 115200: termios.B115200}


class Host:
    def __init__(self, path: Path, baud: int) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = SPEEDS[baud]
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    def read(self, size: int, limit_s: float = 1.0) -> bytes:
        """Up to `size` bytes, fewer when the time is over."""
        got = b""
        end = time.monotonic() + limit_s
        while len(got) < size:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                break
            got += os.read(self.fd, size - len(got))
        return got

    def ask(self, request: str, size: int, limit_s: float = 0.3) -> str:
        """Send hex, read hex."""
        self.write(bytes.fromhex(request))
        return self.read(size, limit_s).hex(" ").upper()
