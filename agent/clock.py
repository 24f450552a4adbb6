"""The agent's clock: monotonic time, UTC and how far UTC can be trusted. It never sets the system's clock.

Once set by the centre's signed answer, UTC runs on the monotonic clock, so steps of the system's clock change nothing.
Before that the system's clock dates facts and screens where it is ahead of what is known, and decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent import limits
from agent.core.time import Dates, Now, Trust

_SLOT_S = 900  # offsets of time zones change on quarter hours at the finest
_LAST = 253_370_764_800.0  # 9999-01-01: a system's clock may say anything, and the calendar ends with that year


class Clock:
    """Owned by the loop's thread. `monotonic` and `system` are given for tests of clock faults."""

    def __init__(
        self,
        timezone: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        system: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._system = system
        self._zone = ZoneInfo(timezone)
        self._slot: tuple[int, int] | None = None
        self._floor: float | None = None
        self._set: tuple[float, float] | None = None
        self._proof: tuple[float, float] | None = None
        self._told = Trust.UNKNOWN
        self._stepped = 0.0

    def now(self) -> Now:
        mono = self._monotonic()
        utc = self._utc(mono)
        return Now(mono, utc, self._offset(utc), self._trust(mono), self._sure(mono), self._set is not None)

    def utc(self) -> float:
        """Seconds since 1970. Any thread."""
        return self._utc(self._monotonic())

    def sure_utc(self) -> float | None:
        """The time that signed messages support, seconds since 1970; None: none does. Any thread."""
        return self._sure(self._monotonic())

    def set(self, utc: float, at_mono: float, *, doubted: bool = False) -> float:
        """It was `utc` at `at_mono`: trusted from now on, also where that is earlier. Returns by how many seconds that moves the clock.

        `doubted`: not good enough to call a certificate expired.
        """
        mono = self._monotonic()
        before = self._utc(mono)
        offset = utc - at_mono
        self._set, self._floor = (offset, mono), offset
        self._proof = None if doubted else (offset, mono)
        step = self._utc(mono) - before
        self._stepped += step
        return step

    def change(self) -> tuple[Trust, float] | None:
        """The trust and the step in seconds where either is news since the last call; small corrections are not."""
        trust = self._trust(self._monotonic())
        if trust is self._told and abs(self._stepped) < limits.CLOCK_STEP_S:
            return None
        step, self._stepped, self._told = self._stepped, 0.0, trust
        return trust, step

    def raise_floor(self, utc: float, confirmed_utc: float | None = None) -> None:
        """It is not before `utc`; and by a confirm of an earlier start, beyond doubt, not before `confirmed_utc`. A clock that was set knows better."""
        mono = self._monotonic()
        if self._set is not None:
            return
        before = self._utc(mono)
        self._floor = utc - mono if self._floor is None else max(self._floor, utc - mono)
        self._stepped += self._utc(mono) - before
        if confirmed_utc is not None:
            self._proof = (confirmed_utc - mono, mono)

    def dates(self) -> Dates:
        """By what the dates of certificates are judged now. Any thread.

        What a confirm said, now or before the start, proves that one has expired. Three days without a further confirm it no
        longer does: a unit that a wrong clock of the centre's led astray has to come back by itself.
        """
        mono, proof = self._monotonic(), self._proof
        if proof is None or mono - proof[1] >= limits.STALE_CLOCK_S:
            return Dates()
        utc = proof[0] + mono
        return Dates(utc, utc if self._trust(mono) in (Trust.SYNCED, Trust.HOLDOVER) else None)

    def use_timezone(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._slot = None

    def system_ahead_s(self) -> float:
        """Seconds the system's clock is ahead of this one: for those who must wait by the system's clock."""
        return self._system_utc() - self._utc(self._monotonic())

    def _utc(self, mono: float) -> float:
        sure = self._sure(mono)
        if self._set is not None and sure is not None:
            return sure
        system = self._system_utc()
        return system if sure is None else max(system, sure)

    def _system_utc(self) -> float:
        return min(max(self._system(), 0.0), _LAST)

    def _sure(self, mono: float) -> float | None:
        return None if self._floor is None else min(self._floor + mono, _LAST)

    def _trust(self, mono: float) -> Trust:
        if self._set is not None:
            age = mono - self._set[1]
            if age < limits.HOLDOVER_S:
                return Trust.SYNCED
            return Trust.HOLDOVER if age < limits.STALE_CLOCK_S else Trust.FLOOR
        return Trust.UNKNOWN if self._floor is None else Trust.FLOOR

    def _offset(self, utc: float) -> int:
        slot = int(utc // _SLOT_S)
        if self._slot is None or self._slot[0] != slot:
            delta = datetime.fromtimestamp(utc, UTC).astimezone(self._zone).utcoffset()
            self._slot = (slot, 0 if delta is None else int(delta.total_seconds()))
        return self._slot[1]
