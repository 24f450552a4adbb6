"""Weekly profiles against local time: whether a moment lies within one, and which span it lies in. Holidays have spans of their own."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from agent.core.local import local_time
from agent.core.time import Now
from contract.frozen import frozen
from contract.hours import Hours, Span

_DAY = 1440


@frozen
class Times:
    """Of one door: residents' hours and when it is held open by schedule; None: at any time, and never."""

    hours: Hours | None = None
    hold_open: Hours | None = None


@frozen
class OpenSpan:
    """A span of a profile that runs now. `begin_utc`, `end_utc` by the offset of now; `name` tells it from others, whatever the clock is set to meanwhile."""

    name: str
    begin_utc: float
    end_utc: float


def within(hours: Hours, now: Now) -> bool:
    """The profile allows this local minute; on its holidays the holiday's spans hold instead of the weekday's."""
    local = local_time(now)
    minute = local.hour * 60 + local.minute
    return any(span.start <= minute < span.end for span in _of_day(hours, local.date()))


def opening(hours: Hours, now: Now) -> OpenSpan | None:
    """The span of now. Spans that touch are one; so are two that meet at midnight, unless together they would be longer than a day."""
    local = local_time(now)
    day, minute = local.date(), local.hour * 60 + local.minute
    span = next((each for each in _joined(hours, day) if each.start <= minute < each.end), None)
    if span is None:
        return None
    begin, end = span.start, span.end
    if end == _DAY:
        after = next((each for each in _joined(hours, day + timedelta(days=1)) if each.start == 0), None)
        end += after.end if after is not None and end - begin + after.end <= _DAY else 0
    if begin == 0:
        before = next((each for each in _joined(hours, day - timedelta(days=1)) if each.end == _DAY), None)
        begin -= _DAY - before.start if before is not None and end - before.start + _DAY <= _DAY else 0
    midnight = datetime.combine(day, local.min.time(), local.tzinfo)
    begins = midnight + timedelta(minutes=begin)
    return OpenSpan(
        f"{begins:%Y-%m-%d %H:%M}",
        now.utc + (begins - local).total_seconds(),
        now.utc + (midnight + timedelta(minutes=end) - local).total_seconds(),
    )


def changes_in_s(hours: Hours, now: Now) -> float:
    """Seconds until the profile may say something else: the next edge of a span, midnight at the latest, by the offset of now."""
    local = local_time(now)
    second = local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6
    edges = (60 * edge for span in _of_day(hours, local.date()) for edge in (span.start, span.end))
    return min((edge for edge in edges if edge > second), default=60 * _DAY) - second


def _of_day(hours: Hours, day: date) -> tuple[Span, ...]:
    if day.isoformat() in hours.holidays:
        return hours.holiday
    weekday = day.weekday()
    return hours.week[weekday] if weekday < len(hours.week) else ()


def _joined(hours: Hours, day: date) -> list[Span]:
    """In their order, those that touch or overlap as one."""
    found: list[Span] = []
    for span in sorted(_of_day(hours, day), key=lambda each: each.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found
