"""Local date and time from `Now`, for any value of its clock: times outside the calendar are held at its ends."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.core.time import Now

_LAST = 253_402_214_400.0
"""A day before the calendar's end (9999-12-31)."""


def local_time(now: Now, utc: float | None = None) -> datetime:
    """The unit's local time at `utc` (now by default), as a datetime whose fields are local."""
    seconds = (now.utc if utc is None else utc) + now.offset_s
    if not seconds > 0.0:
        seconds = 0.0
    return datetime.fromtimestamp(min(seconds, _LAST), tz=UTC)


def hh_mm(now: Now, utc: float | None = None) -> str:
    return local_time(now, utc).strftime("%H:%M")
