"""Holds back a flood of refused messages: the first few a second pass one by one, the rest are added up. Pure; time comes in."""

from __future__ import annotations

from collections import Counter

PASS = 20
WINDOW_S = 1.0
"""So many refused messages a window are told one by one; far more than an honest centre ever causes."""


class Gate:
    """Used by the link's thread only."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._passed = 0
        self._held: Counter[tuple[str, str]] = Counter()

    def passes(self, kind: str, reason: str, now: float) -> bool:
        """Whether to tell this one now; otherwise it is counted for `drain`."""
        if now - self._since >= WINDOW_S:
            self._since, self._passed = now, 0
        if self._passed < PASS:
            self._passed += 1
            return True
        self._held[kind, reason] += 1
        return False

    def drain(self, now: float) -> list[tuple[str, str, int]]:
        """(kind, reason, count) of what was held back, once the window is over."""
        if not self._held or now - self._since < WINDOW_S:
            return []
        held = [(kind, reason, count) for (kind, reason), count in self._held.items()]
        self._held.clear()
        return held
