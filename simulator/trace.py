"""What happened in a simulated unit, in order: one trace for all its parts. It only records; nothing decides by it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class Moment(NamedTuple):
    """`at` is monotonic seconds, `part` which piece of the unit (`relay`, `door main`, `panel` …), `what` one word, `value` its detail."""

    at: float
    part: str
    what: str
    value: str

    def __str__(self) -> str:
        return f"{self.at:.4f} {self.part}: {self.what} {self.value}".rstrip()


class Trace:
    """Bounded; the oldest moments go first. May be read from any thread."""

    def __init__(self, bound: int = 200_000) -> None:
        self._lock = threading.Lock()
        self._moments: deque[Moment] = deque(maxlen=bound)
        self.listener: Callable[[Moment], None] | None = None

    def add(self, part: str, what: str, value: str = "", at: float | None = None) -> None:
        moment = Moment(time.monotonic() if at is None else at, part, what, value)
        with self._lock:
            self._moments.append(moment)
        if self.listener is not None:
            self.listener(moment)

    def moments(self, part: str | None = None, what: str | None = None, since: float = 0.0) -> list[Moment]:
        """Those of one part and kind, from `since` on, oldest first."""
        with self._lock:
            everything = list(self._moments)
        return [
            moment
            for moment in everything
            if moment.at >= since and part in {None, moment.part} and what in {None, moment.what}
        ]
