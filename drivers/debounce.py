"""One digital input: from sampled levels to edges that count. Time is passed in."""

from __future__ import annotations

from collections import deque

SETTLE_S = 0.02
"""Two samples at least this far apart must agree: longer than the bounce of door contacts and buttons (5-20 ms)."""
CHATTER_EDGES = 4
CHATTER_SPAN_S = 2.0
CHATTER_SETTLE_S = 0.2
"""An input that changed four times in two seconds must hold a level this long: at most two edges a second on average,
and a pulse of 400 ms still counts."""


class Debounce:
    """`level` is the level that counts. The first sample counts at once."""

    __slots__ = ("_edges", "_since", "level")

    def __init__(self) -> None:
        self.level: bool | None = None
        self._since: float | None = None
        self._edges: deque[float] = deque(maxlen=CHATTER_EDGES)

    @property
    def unsure(self) -> bool:
        """A sample differed and is not confirmed yet: look again soon."""
        return self._since is not None

    def settle_s(self, now: float) -> float:
        """How long the new level must hold."""
        full = len(self._edges) == CHATTER_EDGES
        return CHATTER_SETTLE_S if full and now - self._edges[0] < CHATTER_SPAN_S else SETTLE_S

    def sample(self, high: bool, now: float) -> bool:
        """True when the level that counts became `high` by this sample."""
        if self.level is None:
            self.level = high
            return False
        if high == self.level:
            self._since = None
            return False
        if self._since is None:
            self._since = now
            return False
        if now - self._since < self.settle_s(now):
            return False
        self._since = None
        self._edges.append(now)
        self.level = high
        return True
