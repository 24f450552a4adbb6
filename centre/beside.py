"""A further process of `serve`'s own, kept running beside it: what it does, and how it dies, holds up nothing of the books.

It ends with `serve`, however that ends: its standard input ends then.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from centre.words import _

AGAIN_S = (1.0, 60.0)
"""From one that ended to the next: doubled each time, until one ran for longer."""
LESS_URGENT = 5
"""By how much its niceness is above `serve`'s: where both want a processor, a notice on its way to 2,000 doors goes before the pages that watch it."""
STOP_S = 6.0
"""What it has to come to its end."""


class Beside:
    """`command`: its words, the program first. `say` is told of each end that nobody asked for."""

    def __init__(self, name: str, command: Sequence[str], say: Callable[[str], None]) -> None:
        self._name, self._command, self._say = name, command, say
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=name)

    def start(self) -> None:
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def stop(self) -> None:
        """Waits for its end."""
        self._stopping.set()
        process = self._process
        if process is not None:
            _end(process)
        self._thread.join()

    def _keep(self) -> None:
        wait_s = AGAIN_S[0]
        while not self._stopping.is_set():
            began = time.monotonic()
            ended = self._once()
            if self._stopping.is_set():
                return
            wait_s = AGAIN_S[0] if time.monotonic() - began > AGAIN_S[1] else min(2 * wait_s, AGAIN_S[1])
            self._say(
                _("{name}: ended ({how}); started again in {seconds:.0f} s").format(
                    name=self._name, how=ended, seconds=wait_s
                )
            )
            self._stopping.wait(wait_s)

    def _once(self) -> str:
        """How it ended."""
        try:
            self._process = process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
        except OSError as error:
            return str(error)
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, min(os.getpriority(os.PRIO_PROCESS, 0) + LESS_URGENT, 19))
        if self._stopping.is_set():  # asked for between the two
            _end(process)
        code = process.wait()
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        return str(code)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
