"""Time as the core sees it: read once an event by loop.py, never by the core."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from contract.frozen import frozen


class Trust(StrEnum):
    """How far the clock can be trusted (contract.md, Clock)."""

    UNKNOWN = "unknown"
    FLOOR = "floor"
    SYNCED = "synced"
    HOLDOVER = "holdover"


LEFT_OUT: Final = {"left_out": True}
"""Of a field that is not needed to run a step again, and not written into its record: a message's signed bytes."""


@frozen
class Now:
    """`mono` seconds since boot of the agent's host, never steps; `utc` seconds since 1970; `offset_s` local minus UTC; `clock` how far to trust `utc`.

    `floor_utc`: it is not before this, by signed messages and the monotonic time since; None: no signed time is known.
    `runs_on`: `utc` runs on from a confirm of this start. Else, with the clock `floor` or `unknown`, it may be the system's
    own, which is good for a screen and for a fact's date and decides nothing.
    """

    mono: float
    utc: float
    offset_s: int
    clock: Trust
    floor_utc: float | None = None
    runs_on: bool = False

    @property
    def trusted(self) -> bool:
        return self.clock in {Trust.SYNCED, Trust.HOLDOVER}

    @property
    def sure_utc(self) -> float | None:
        """The newest time that has surely come, which decides what has begun and what is over; None: none is known."""
        if self.trusted:
            return self.utc
        return None if self.clock is Trust.UNKNOWN else self.floor_utc

    def mono_at(self, utc: float, sure: float) -> float:
        """The monotonic time at which `utc` has surely come; `sure` is `sure_utc`. A moment later where it has not come yet, so that no rounding brings it early."""
        left = utc - sure
        return self.mono + (left + 0.001 if left > 0.0 else left)


@frozen
class KnownTime:
    """What signed messages say of the time, as kept for the next start. Seconds since 1970.

    `confirmed_utc`: it is not before this, by the newest fresh confirm and the monotonic time since. `floor_utc`: the same,
    or later where the `iat` of another signed message said so. `doubt_utc`: the confirm that leapt against what was known
    before, while that is not proven by time (timekeeping.py); None: none lately.
    """

    confirmed_utc: float
    floor_utc: float
    doubt_utc: float | None = None


@frozen
class Dates:
    """By what the dates of a certificate are judged, seconds since 1970; None: not at all.

    `over_utc`: one whose last day lies before this has expired. `begun_utc`: one that begins after this is not valid yet.
    """

    over_utc: float | None = None
    begun_utc: float | None = None
