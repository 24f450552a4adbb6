"""What many open pages ask for at the same change, made once for all of them that would get the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from centre.console.live import Live

T = TypeVar("T")
KEPT = 256
AGE_S = 5.0
"""Ages are said in it: after so long they are said anew."""


class Shared:
    """Used by many threads. Nothing is kept while nobody listens: then nothing tells that the books changed."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._made: OrderedDict[Hashable, tuple[int, float, Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """`key`: all that the answer depends on beside the books, whose sight it is among it."""
        if not self._live.open_pages:
            return make()
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
        try:
            with lock:
                generation = self._live.generation
                known = self._made.get(key)
                if known is not None and known[0] == generation and time.monotonic() - known[1] < AGE_S:
                    return known[2]  # type: ignore[no-any-return]
                made = make()
                with self._lock:
                    self._made[key] = (generation, time.monotonic(), made)
                    self._made.move_to_end(key)
                    while len(self._made) > KEPT:
                        self._made.popitem(last=False)
                return made
        finally:
            with self._lock:
                if not lock.locked():
                    self._making.pop(key, None)
