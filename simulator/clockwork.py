"""The one thread that moves a simulated unit: it waits for bytes and for moments, and runs what falls due.

Everything a far end does happens on this thread with `lock` held; a control taken from another thread takes `lock` too.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

Action = Callable[[], None]

_NEVER_S = 3600.0


class DueAction:
    """One action that falls due at `at` (monotonic seconds). `cancel` may be called at any time."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Action) -> None:
        self.at = at
        self.action: Action | None = action

    def cancel(self) -> None:
        self.action = None


class Clockwork:
    """Starts on entering the `with`, ends its thread on leaving. No busy loop: it sleeps until the next byte or alarm."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._epoll = select.epoll()
        self._readers: dict[int, Action] = {}
        self._alarms: list[tuple[float, int, DueAction]] = []
        self._order = itertools.count()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._running = False
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def __enter__(self) -> Self:
        self._running = True
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running = False
        self._wake()
        self._thread.join(5.0)
        self._epoll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def at(self, moment: float, action: Action) -> DueAction:
        """Run `action` at `moment`, with the lock held."""
        alarm = DueAction(moment, action)
        with self.lock:
            first = self._alarms[0][0] if self._alarms else float("inf")
            heapq.heappush(self._alarms, (moment, next(self._order), alarm))
        if moment < first and threading.current_thread() is not self._thread:
            self._wake()
        return alarm

    def after(self, seconds: float, action: Action) -> DueAction:
        return self.at(time.monotonic() + seconds, action)

    def watch(self, fd: int, ready: Action) -> None:
        """Call `ready` each time new bytes come to `fd`. Edge-triggered: a pty whose other end is closed stays silent."""
        with self.lock:
            self._readers[fd] = ready
            self._epoll.register(fd, select.EPOLLIN | select.EPOLLET)

    def forget(self, fd: int) -> None:
        with self.lock:
            if self._readers.pop(fd, None) is not None:
                self._epoll.unregister(fd)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is full of wake-ups already
            os.write(self._wake_write, b"!")

    def _run(self) -> None:
        while self._running:
            with self.lock:
                wait_s = self._alarms[0][0] - time.monotonic() if self._alarms else _NEVER_S
            # select, not epoll, does the sleeping: epoll's time-out is whole milliseconds, a byte at 115200 takes 87 µs.
            ready, _, _ = select.select([self._epoll.fileno(), self._wake_read], [], [], max(0.0, wait_s))
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            with self.lock:
                self._run_readers()
                self._run_alarms()

    def _run_readers(self) -> None:
        for fd, _mask in self._epoll.poll(0):
            action = self._readers.get(fd)
            if action is not None:
                action()

    def _run_alarms(self) -> None:
        now = time.monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            _, _, alarm = heapq.heappop(self._alarms)
            action, alarm.action = alarm.action, None
            if action is not None:
                action()
