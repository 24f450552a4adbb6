"""Tells those who wait in an event loop that something changed. Thread-safe; nobody is waited for, and nothing piles up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Changes:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.over = False
        """It ends: whoever waits is told a last time."""

    def tell(self) -> None:
        with self._lock:
            for loop, event in self._waiting:
                with suppress(RuntimeError):  # that loop is closed
                    loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        self.over = True
        self.tell()

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """Set whenever something changed since it was cleared. Of the loop that runs."""
        mine = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._waiting.add(mine)
        try:
            yield mine[1]
        finally:
            with self._lock:
                self._waiting.discard(mine)

    @property
    def listeners(self) -> int:
        with self._lock:
            return len(self._waiting)


async def either(event: asyncio.Event, limit_s: float) -> bool:
    """Wait for it so long at most. Whether it came; it is cleared then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
    came = event.is_set()
    event.clear()
    return came
