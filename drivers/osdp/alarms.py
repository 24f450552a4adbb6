"""What may be an attack on one reader's line: counted, and told at most once a minute for each kind. Decides nothing."""

from __future__ import annotations

import math

from drivers.reports import SecurityAlarm

TELL_S = 60.0


class Alarms:
    """`counts` since start by kind, for whoever looks at the line's health."""

    __slots__ = ("_device", "_told_at", "_untold", "counts")

    def __init__(self, device: str) -> None:
        self._device = device
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def note(self, what: str) -> None:
        """Only counted: it happens without an attack too."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def sound(self, what: str, now: float) -> list[SecurityAlarm]:
        """The alarm to tell, if it is time for one."""
        self.note(what)
        self._untold[what] = self._untold.get(what, 0) + 1
        if now - self._told_at.get(what, -math.inf) < TELL_S:
            return []
        self._told_at[what] = now
        return [SecurityAlarm(self._device, what, self._untold.pop(what), now)]
