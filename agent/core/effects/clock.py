"""What can be ordered of the clock: what time it is, since when it cannot be earlier, and where it is local."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class SetClock:
    """The centre's signed time: it was `utc` at `at_mono`. Outcome: ClockStepped.

    `doubted`: it leapt against what was known, so it proves nothing about certificates.
    """

    utc: float
    at_mono: float
    doubted: bool = False


@frozen
class RaiseFloor:
    """A validly signed time: it is not before `utc`. `confirmed_utc`: nor before this, which a fresh confirm supports beyond doubt."""

    utc: float
    confirmed_utc: float | None = None


@frozen
class UseTimezone:
    """Local time by this zone (IANA name, validated) from now on."""

    timezone: str
