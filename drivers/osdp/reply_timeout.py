"""How long to wait for a reader's answer: as it has been used to answer, and no longer than the standard allows. Time is passed in."""

from __future__ import annotations

REPLY_S = 0.2
"""A reader begins its answer within this (IEC 60839-11-5, 5.7)."""
QUICK_S = 0.08
"""Never less: an adapter can hold bytes back for 16 ms each way, and a reader may be busy with a card."""
MARGIN = 3.0
QUICK_TRIES = 7
"""After so many silences in a row it may have become slower than it was: then all the time it may take."""
FADE = 0.999
"""What the slowest answer counts for is forgotten over some thousand exchanges."""


class ReplyTimeout:
    """Of one reader. On a noisy line the time lost with a missing answer is what decides how long people wait."""

    __slots__ = ("_missed", "_slowest")

    def __init__(self) -> None:
        self._slowest: float | None = None
        self._missed = 0

    @property
    def wait_s(self) -> float:
        if self._slowest is None or self._missed >= QUICK_TRIES:
            return REPLY_S
        return min(REPLY_S, max(QUICK_S, MARGIN * self._slowest))

    def heard(self, after_s: float) -> None:
        """An answer came, `after_s` beyond its time on the wire."""
        self._missed = 0
        self._slowest = max(after_s, 0.0) if self._slowest is None else max(after_s, self._slowest * FADE)

    def missed(self) -> None:
        self._missed += 1
