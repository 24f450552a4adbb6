"""Weekly profiles on the wire: `{"week": [["06:00-22:00"], … seven days], "holidays": ["2026-10-01"], "holiday": []}`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from contract import fields
from contract.fields import FieldError
from contract.messages import Hours, Span

MAX_SPANS = 8
MAX_HOLIDAYS = 400
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_hours(value: Any) -> Hours:
    """One profile; FieldError for anything else. A span over midnight is written as two."""
    if not isinstance(value, dict):
        raise FieldError("hours: not an object")
    week = fields.array(value, "week", 7)
    if len(week) != 7:
        raise FieldError("week: not seven days, Monday first")
    holidays = fields.optional(fields.array, value, "holidays", MAX_HOLIDAYS) or []
    if not all(_is_date(day) for day in holidays):
        raise FieldError("holidays: not dates as 2026-10-01")
    holiday = fields.optional(fields.array, value, "holiday", MAX_SPANS) or []
    return Hours(tuple(_day(day) for day in week), frozenset(holidays), _day(holiday))


def hours_payload(hours: Hours) -> dict[str, Any]:
    """The inverse of parse_hours."""
    week = [_day_payload(day) for day in hours.week]
    return {"week": week, "holidays": sorted(hours.holidays), "holiday": _day_payload(hours.holiday)}


def _is_date(text: Any) -> bool:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(value: Any) -> tuple[Span, ...]:
    if not isinstance(value, list) or len(value) > MAX_SPANS:
        raise FieldError(f"week: a day is not a list of at most {MAX_SPANS} spans")
    return tuple(_span(text) for text in value)


def _span(text: Any) -> Span:
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise FieldError("week: not a span as 06:00-22:00")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    span = Span(hour * 60 + minute, end_hour * 60 + end_minute)
    if not span.start < span.end <= 1440:
        raise FieldError("week: a span ends before it starts")
    return span


def _day_payload(spans: Iterable[Span]) -> list[str]:
    return [f"{_clock(span.start)}-{_clock(span.end)}" for span in spans]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
