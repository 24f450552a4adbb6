"""One digital input: from sampled levels to edges that count. Time is passed in."""

from __future__ import annotations

import math
from collections import deque

SETTLE_S = 0.02
"""Two samples at least this far apart must agree: longer than the bounce of door contacts and buttons (5-20 ms)."""
CHATTER_EDGES = 16
CHATTER_SPAN_S = 7.0
"""So many edges in so short a time are chatter. Somebody impatient presses a button eight times, each press told as fast as the first."""
CHATTER_SETTLE_S = 0.2
"""A chattering input must hold a level this long: under two edges a second at 1 kHz, and a pulse of 400 ms still counts."""
CALM_S = 1.0
"""When no sample has differed for so long, chatter is over and what was before does not count towards the next."""


class Debounce:
    """`level` is the level that counts. The first sample counts at once."""

    __slots__ = ("_chatters", "_differed", "_edges", "_since", "level")

    def __init__(self) -> None:
        self.level: bool | None = None
        self._since: float | None = None
        self._differed = -math.inf
        self._chatters = False
        self._edges: deque[float] = deque(maxlen=CHATTER_EDGES)

    @property
    def unsure(self) -> bool:
        """A sample differed and is not confirmed yet: look again soon."""
        return self._since is not None

    def sample(self, high: bool, now: float) -> bool:
        """True when the level that counts became `high` by this sample."""
        if self.level is None:
            self.level = high
            return False
        if high == self.level:
            self._since = None
            return False
        if now - self._differed >= CALM_S:
            self._chatters = False
            self._edges.clear()
        self._differed = now
        if self._since is None:
            self._since = now
            return False
        if now - self._since < (CHATTER_SETTLE_S if self._chatters else SETTLE_S):
            return False
        self._since = None
        self.level = high
        self._edges.append(now)
        self._chatters |= len(self._edges) == CHATTER_EDGES and now - self._edges[0] < CHATTER_SPAN_S
        return True
