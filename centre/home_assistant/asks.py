"""What Home Assistant asks for, judged before anything is done: form, age, repetition, and how often. Pure: the caller says what time it is.

Whoever has its login can write what they like: each rule here is one that a stranger meets.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from contract.strict_json import load_object

MAX_BYTES = 4096
STALE_S = 10.0
"""An order that says it is older, or as far ahead, does nothing: what waited somewhere, or was recorded, or a clock that is off."""
MAX_TEXT = 300
"""Characters of a notice."""
LOOKED_AT = 50
"""Messages looked at within a second; what comes beyond is dropped unread."""
OPENS_OF_A_UNIT, OPENS = (6, 60.0), (30, 60.0)
"""How many within how many seconds: of one unit, of all."""
NOTICES_OF_A_UNIT, NOTICES = (2, 60.0), (20, 600.0)
OPENING = frozenset({"OPEN", "UNLOCK"})


class Refused(StrEnum):
    """Why nothing is done."""

    RETAINED = "retained"
    """It was left at the broker: nobody asks for it now."""
    FORM = "malformed"
    STALE = "stale"
    AGAIN = "repeated"
    OFTEN = "too_often"
    UNDER_WAY = "under_way"
    """An order for this door is being carried out, or too many for others."""
    LOCK = "locks_itself"
    """Doors lock themselves; there is nothing to do."""


UNTOLD = frozenset({Refused.RETAINED, Refused.AGAIN, Refused.LOCK})
"""Nobody waits for an answer to these."""


@dataclass(frozen=True, slots=True)
class StampedAsk:
    """What a message says: a value, and when it was given by Home Assistant's clock."""

    value: str
    at_utc: float


@dataclass(slots=True)
class _Bound:
    most: int
    within_s: float
    at: deque[float] = field(default_factory=deque)

    def takes(self, now_mono: float) -> bool:
        while self.at and now_mono - self.at[0] >= self.within_s:
            self.at.popleft()
        return len(self.at) < self.most


class Asks:
    """Knows what was asked lately. `now_utc`, `now_mono`: of one moment."""

    def __init__(self) -> None:
        self._looked = _Bound(LOOKED_AT, 1.0)
        self._seen: dict[tuple[str, float], float] = {}
        self._bounds: dict[str, _Bound] = {}

    def is_read(self, now_mono: float) -> bool:
        """Whether one more message is to be looked at now."""
        return _take([self._looked], now_mono)

    def judged(
        self, topic: str, payload: bytes, *, retained: bool, now_utc: float, now_mono: float
    ) -> StampedAsk | Refused:
        """Form, age and repetition."""
        if retained:
            return Refused.RETAINED
        told = parse(payload)
        if told is None:
            return Refused.FORM
        if abs(now_utc - told.at_utc) > STALE_S:
            return Refused.STALE
        self._seen = {key: end for key, end in self._seen.items() if end > now_mono}
        if (topic, told.at_utc) in self._seen:
            return Refused.AGAIN
        self._seen[topic, told.at_utc] = now_mono + 2 * STALE_S
        return told

    def opens(self, unit: str, now_mono: float) -> bool:
        """Whether one more open is within the bounds; then it counts."""
        return self._within("open", unit, OPENS_OF_A_UNIT, OPENS, now_mono)

    def notices(self, unit: str, now_mono: float) -> bool:
        return self._within("notice", unit, NOTICES_OF_A_UNIT, NOTICES, now_mono)

    def _within(
        self, what: str, unit: str, of_one: tuple[int, float], of_all: tuple[int, float], now_mono: float
    ) -> bool:
        mine = self._bounds.setdefault(f"{what} {unit}", _Bound(*of_one))
        every = self._bounds.setdefault(what, _Bound(*of_all))
        return _take([mine, every], now_mono)


def _take(bounds: list[_Bound], now_mono: float) -> bool:
    if not all(each.takes(now_mono) for each in bounds):
        return False
    for each in bounds:
        each.at.append(now_mono)
    return True


def parse(payload: bytes) -> StampedAsk | None:
    """`{"value": …, "at": …}` as the announced templates write it; None for anything else."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        told = load_object(payload)
    except (ValueError, RecursionError):
        return None
    value, at = told.get("value"), told.get("at")
    if told.keys() != {"value", "at"} or not isinstance(value, str) or isinstance(at, bool):
        return None
    if not isinstance(at, int | float) or not math.isfinite(at):
        return None
    return StampedAsk(value, float(at))


def notice_of(text: str) -> tuple[str, str] | None:
    """Title and text of a notice: its first line, and the rest. None where it is empty, too long, or not to be shown."""
    title, _newline, rest = text.strip().partition("\n")
    if not title or len(text) > MAX_TEXT or not all(line.isprintable() for line in text.strip().split("\n")):
        return None
    return title.strip(), rest.strip()
