"""The agent's clock: monotonic time, UTC and how far UTC can be trusted. It never sets the system's clock.

Once set by the centre's signed answer, UTC runs on the monotonic clock, so steps of the system's clock change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent import limits
from agent.core.time import Now, Trust

_SLOT_S = 900  # offsets of time zones change on quarter hours at the finest


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
        self._floor: tuple[float, float] | None = None
        self._set: tuple[float, float] | None = None
        self._told = Trust.UNKNOWN
        self._stepped = 0.0

    def now(self) -> Now:
        mono = self._monotonic()
        utc = self._utc(mono)
        return Now(mono, utc, self._offset(utc), self._trust(mono))

    def utc(self) -> float:
        """Seconds since 1970. Any thread."""
        return self._utc(self._monotonic())

    def set(self, utc: float, at_mono: float) -> float:
        """It was `utc` at `at_mono`: trusted from now on. Returns by how many seconds that moves the clock."""
        mono = self._monotonic()
        before = self._utc(mono)
        self._set = (utc - at_mono, mono)
        self._floor = (max(utc, self._floor_at(mono) or utc), mono)
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

    def raise_floor(self, utc: float) -> None:
        """It is not before `utc`."""
        mono = self._monotonic()
        known = self._floor_at(mono)
        if known is None or utc > known:
            self._floor = (utc, mono)

    def trusted(self) -> bool:
        """Whether dates can be judged by this clock. Any thread."""
        return self._trust(self._monotonic()) in (Trust.SYNCED, Trust.HOLDOVER)

    def use_timezone(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._slot = None

    def system_ahead_s(self) -> float:
        """Seconds the system's clock is ahead of this one: for those who must wait by the system's clock."""
        return self._system() - self._utc(self._monotonic())

    def _utc(self, mono: float) -> float:
        if self._set is not None:
            return self._set[0] + mono
        floor = self._floor_at(mono)
        system = self._system()
        return system if floor is None else max(system, floor)

    def _floor_at(self, mono: float) -> float | None:
        return None if self._floor is None else self._floor[0] + (mono - self._floor[1])

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
