"""Whether a line was served: the earliest moment at which what is read from it now can have come. No I/O, no clock.

A process that is stopped, a machine that is too busy and a line that was just opened leave bytes lying there that may be of any age.
"""

from __future__ import annotations

from drivers.reports import UNKNOWN

LOOK_S = 0.1
"""The longest time between two looks at a line: so exactly is known when what lies on it came."""
SETTLE_S = 1.0
"""What a line says in its first second may be from before: an adapter holds bytes for whoever opens it, and a reader with a card lying
on it says that again (an RDM6300 every 65 ms, others every half second). What it goes on repeating is one presentation.
"""


class Served:
    """Of one line. `not_before` is the latest moment at which it was seen to be empty, `facts.UNKNOWN` where there is none since its opening."""

    __slots__ = ("_settled", "not_before")

    def __init__(self) -> None:
        self.not_before = UNKNOWN
        self._settled = 0.0

    def opened(self, now: float) -> None:
        self.not_before = UNKNOWN
        self._settled = now + SETTLE_S

    def look_s(self, now: float) -> float:
        """Until the next look at the line is due."""
        return min(LOOK_S, self._settled - now) if now < self._settled else LOOK_S

    def empty(self, at: float) -> None:
        """Nothing lay on the line at `at`."""
        if at >= self._settled:
            self.not_before = max(self.not_before, at)
