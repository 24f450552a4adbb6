"""Times as clerks say them: 今天 14:05, 11月3日 09:00, and how long ago that is."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from centre.words import _

DAY_S = 86_400


def clock_time(utc: float, now: float, zone: ZoneInfo) -> str:
    """In the site's zone: the time with "today" or "yesterday", else with its date; the year where it is another one."""
    then, today = datetime.fromtimestamp(utc, zone), datetime.fromtimestamp(now, zone)
    time = f"{then:%H:%M}"
    if then.date() == today.date():
        return _("today {time}").format(time=time)
    if then.date() == today.date() - timedelta(days=1):
        return _("yesterday {time}").format(time=time)
    if then.date() == today.date() + timedelta(days=1):
        return _("tomorrow {time}").format(time=time)
    words = _("{month}/{day} {time}") if then.year == today.year else _("{year}-{month:02}-{day:02} {time}")
    return words.format(year=then.year, month=then.month, day=then.day, time=time)


def ago(utc: float, now: float) -> str:
    """How old something is, in one unit; what is a little ahead of this clock is now."""
    seconds = max(0.0, now - utc)
    if seconds < 10:
        return _("just now")
    if seconds < 60:
        return _("{count} s ago").format(count=int(seconds))
    if seconds < 3600:
        return _("{count} min ago").format(count=int(seconds // 60))
    if seconds < DAY_S:
        return _("{count} h ago").format(count=int(seconds // 3600))
    return _("{count} d ago").format(count=int(seconds // DAY_S))
