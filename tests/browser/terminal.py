"""A terminal in which somebody types one command: what it prints is read as it comes, Ctrl-C is pressed."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

END_S = 20.0


class Terminal:
    """`with Terminal("make demo", folder, environment) as terminal`. On leaving nothing of it runs any more."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.seen = ""
        self._fd, slave = pty.openpty()
        self._process = subprocess.Popen(
            shlex.split(command),
            cwd=folder,
            env={**environment, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        os.close(self._fd)

    def sees(self, pattern: str, limit_s: float) -> str:
        """The first text like this."""
        end = time.monotonic() + limit_s
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, f"not within {limit_s:g} s: {pattern}\n{self.seen}"
            assert self._reads(), f"it ended by itself: {self.seen}"
        return found[0]

    def leaves(self) -> int:
        """Ctrl-C; its exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        while self._reads():
            pass
        return self._process.wait(END_S)

    def _reads(self) -> bool:
        if select.select([self._fd], [], [], 0.5)[0]:
            try:
                self.seen += os.read(self._fd, 4096).decode(errors="replace")
            except OSError:  # nobody has the other end any more
                return False
        return self._process.poll() is None
