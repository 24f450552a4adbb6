"""Weekly profiles, in local time: when the holders of a roster may come, when a door is for residents, when it stands open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, ClassVar

from contract.bounds import Id, Items, TextForm
from contract.frozen import frozen


@frozen
class Span:
    """Part of a day in local minutes since midnight: `start <= t < end`, end at most 1440. On the wire `06:00-22:00`."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start // 60:02d}:{self.start % 60:02d}-{self.end // 60:02d}:{self.end % 60:02d}"


_SPAN = r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)"


def parse_span(text: str) -> Span:
    """The span of a text as `06:00-22:00`, at most to `24:00`; ValueError for anything else. One over midnight is written as two."""
    found = re.fullmatch(_SPAN, text, re.ASCII)
    if found is None:
        raise ValueError("not a span as 06:00-22:00")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    span = Span(hour * 60 + minute, end_hour * 60 + end_minute)
    if not span.start < span.end <= 1440:
        raise ValueError("a span ends before it starts")
    return span


def _iso_date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("not a date as 2026-10-01")
    date.fromisoformat(text)
    return text


DayText = Annotated[str, TextForm(_iso_date, str, "a date as 2026-10-01", {"format": "date"})]
"""A local date."""
Day = Annotated[
    tuple[Annotated[Span, TextForm(parse_span, str, "a span as 06:00-22:00", {"pattern": f"^{_SPAN}$"})], ...],
    Items(0, 8),
]
"""The spans of one day."""


@frozen
class Hours:
    """A named weekly profile, in local time."""

    MOST: ClassVar = 64
    """Profiles of one message; a site has a handful."""
    week: Annotated[tuple[Day, ...], Items(7, 7)]
    """Monday first."""
    holidays: Annotated[frozenset[DayText], Items(0, 400)] = frozenset()
    """Dates on which `holiday` holds instead of `week`."""
    holiday: Day = ()


@frozen
class DoorTimes:
    """Of one door, by the names of profiles: when residents may use it, and when it stands open."""

    REFUSED: ClassVar = {"lockdown": "no schedule locks down: that is a command's"}
    hours: Id | None = None
    """Outside of this profile residents' cards and codes are refused. Absent: at any time."""
    hold_open: Id | None = None
    """Held open within this profile. Absent: never."""


Profiles = Annotated[Mapping[Id, Hours], Items(0, Hours.MOST)]
"""Named weekly profiles."""
TimesOfDoors = Annotated[Mapping[Id, DoorTimes], Items(0, 64)]
"""By door."""


def unnamed(profiles: Mapping[str, Hours] | None, doors: Mapping[str, DoorTimes] | None) -> Iterator[str]:
    """Profiles that doors name and that are not there, in words."""
    for door, times in (doors or {}).items():
        for key, name in (("hours", times.hours), ("hold_open", times.hold_open)):
            if name is not None and name not in (profiles or {}):
                yield f"doors: {door}: {key}: no such profile"
