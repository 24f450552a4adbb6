"""How much of its backlog each unit may have on its way: all that drain share what one `serve` takes in about a second."""

from __future__ import annotations

from collections.abc import Callable

SHARED = 100_000
"""Facts on their way, of all units together: a second's work. What is new at a unit waits behind them."""
LEAST, MOST = 50, 4000
"""Facts of one unit. Smaller batches would cost more than the facts in them; more than eight full ones no unit sends."""
LIVE = 20
"""A batch of fewer facts is what is new, no backlog."""
FORGET_S = 5.0
"""A unit that sent none for so long drains no more."""


class Drains:
    """Which units drain. `clock`: monotonic seconds. For one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._units: dict[str, tuple[float, int]] = {}
        """When each last sent of a backlog, the longest ago first; its window."""

    def sent(self, unit: str, facts: int) -> None:
        """A batch of so many facts came."""
        if facts < LIVE:
            return
        _, window = self._units.pop(unit, (0.0, LEAST))
        self._units[unit] = self._clock(), window

    def window(self, unit: str) -> int:
        """Its share from now on. It at most doubles each time: of many that come back at once, only the first are seen at first."""
        now = self._clock()
        while self._units and now - next(iter(self._units.values()))[0] > FORGET_S:
            del self._units[next(iter(self._units))]
        share = max(LEAST, min(MOST, SHARED // max(1, len(self._units))))
        if unit not in self._units:
            return share
        at, before = self._units[unit]
        window = min(share, 2 * before)
        self._units[unit] = at, window
        return window
