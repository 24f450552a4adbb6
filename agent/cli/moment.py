"""Points in time as people type them, in the unit's own time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from agent.words import _

_AGO = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(text: str, zone: ZoneInfo, now_utc: float) -> float:
    """Seconds since 1970 of `2026-11-24`, `2026-11-24 14:05`, `14:05` (today), an RFC 3339 time, or `90s`, `30m`, `2h`, `7d` ago.

    Raises click.BadParameter.
    """
    ago = _AGO.fullmatch(text)
    if ago:
        return now_utc - int(ago[1]) * _SECONDS[ago[2]]
    today = datetime.fromtimestamp(now_utc, zone).date().isoformat()
    try:
        parsed = datetime.fromisoformat(f"{today} {text}" if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", text) else text)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=zone)
        return parsed.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            _("{text!r} is no time: write 2026-11-24, '2026-11-24 14:05', 14:05, or 30m, 2h, 7d ago").format(text=text)
        ) from None


def local(utc: float, zone: ZoneInfo) -> str:
    """`2026-11-24 14:05:07`."""
    return datetime.fromtimestamp(utc, zone).strftime("%Y-%m-%d %H:%M:%S")
