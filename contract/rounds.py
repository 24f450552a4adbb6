"""The signed patrol round, and how check-ins count for its stops: the same reckoning at a door and in the centre's books.

Local seconds: the wall clock's seconds since 1970, as if it were UTC. A day's windows are so where its people see them, also on a day on which clocks change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from contract.bounds import Id, Items, Length, Range, Reading, Revision, TextForm, WireName
from contract.facts.patrol import Timing
from contract.frozen import frozen
from contract.hours import DayText
from contract.messages import Address, Kind, StateMessage, message
from contract.scopes import ScopeText

ROUNDS_PER_UNIT = 32
"""In force at a unit; withdrawn ones do not count."""
MAX_STOPS = 64
MAX_WINDOWS = 8
"""Of one door in one round, on one day."""
DAY_S = 86_400
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)|24:00"


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)
"""Monday first."""


def minute_of(text: str) -> int:
    """Minutes since midnight of a text as `06:00`, at most `24:00`; ValueError for anything else."""
    if not re.fullmatch(_CLOCK, text, re.ASCII):
        raise ValueError("not a time of day as 06:00")
    return int(text[:2]) * 60 + int(text[3:])


def clock_text(minute: int) -> str:
    """The inverse of `minute_of`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


Minute = Annotated[int, TextForm(minute_of, clock_text, "a time of day as 06:00", {"pattern": f"^({_CLOCK})$"})]


@frozen
class RoundStop:
    """One place to check in, and its window in local time: `from <= t < until`."""

    unit: Id
    door: Id
    begins: Annotated[Minute, WireName("from")]
    """Before 24:00; of one door no two begin together."""
    ends: Annotated[Minute, WireName("until")]
    """Not `from`; before it: on the next day, a window over midnight belongs to the day on which it begins."""
    name: Annotated[str, Length(1, 40)] | None = None
    """What the screens of other units call it; absent: the unit's id."""

    @property
    def minutes(self) -> tuple[int, int]:
        """Since the midnight before it begins."""
        return self.begins, self.ends + (1440 if self.ends < self.begins else 0)


@message(Kind.ROUND, Address("signed `round`", ("round",)))
class Round(StateMessage):
    """Stops to walk on the days of a week."""

    scope: ScopeText
    id: Id
    """The topic's; ids are never used again."""
    rev: Revision
    iat: Reading
    title: Annotated[str, Length(0, 100)] = ""
    """At least one character, unless withdrawn."""
    ordered: bool = False
    """The stops are walked in their order."""
    stops: Annotated[tuple[RoundStop, ...], Items(0, MAX_STOPS)] = ()
    """At least one, unless withdrawn."""
    week: Annotated[frozenset[Weekday], Items(1, 7)] | None = None
    """Days on which it is walked. Absent: every day."""
    holidays: Annotated[frozenset[DayText], Items(0, 400)] = frozenset()
    """Dates on which it is not, whatever the weekday."""
    grace_s: Annotated[int, Range(0, 14_400)] = 600
    """A check-in so much before or after the window does the stop as well, and is early or late."""
    staff: Annotated[frozenset[Id], Items(1, 256)] | None = None
    """Holders who walk it. Absent: any patrol card."""
    withdrawn: bool = False
    """True: a tombstone."""

    def faults(self) -> Iterator[str]:
        if not self.withdrawn and not self.title:
            yield "title: not 1 to 100 characters"
        if not self.withdrawn and not self.stops:
            yield "stops: none"
        for number, stop in enumerate(self.stops, 1):
            if stop.begins == stop.ends or stop.begins >= 1440:
                yield f"stops: {number}: a window that is none"
        if any(count > MAX_WINDOWS for count in Counter((stop.unit, stop.door) for stop in self.stops).values()):
            yield f"stops: more than {MAX_WINDOWS} of one door"
        if len({(stop.unit, stop.door, stop.begins) for stop in self.stops}) < len(self.stops):
            yield "stops: two of one door begin together"

    def walked_by(self, holder: str) -> bool:
        return not self.withdrawn and (self.staff is None or holder in self.staff)


Spot = tuple[str, int]
"""Day and place of a stop in its round."""


@frozen
class DueStop:
    """One stop on one day, in local seconds. `midnight`: at which its day begins. `place`: its number in the round, from 0."""

    day: str
    midnight: float
    place: int
    unit: str
    door: str
    begins: float
    ends: float

    @property
    def spot(self) -> Spot:
        return self.day, self.place

    @property
    def key(self) -> str:
        """The same for a stop of a later revision that is at the same door and begins at the same time."""
        return f"{self.day} {self.door} {self.begins:.0f}"


@frozen
class Visit:
    """A check-in at a door, by local seconds. `tag`: whatever its maker knows it by."""

    unit: str
    door: str
    at: float
    tag: int = 0


@frozen
class Done:
    """Which check-in did a stop; `visit` None: none did. `strays`: check-ins of its day further off its window than the grace."""

    due: DueStop
    visit: Visit | None = None
    timing: Timing | None = None
    strays: tuple[Visit, ...] = ()


def day_of(local: float) -> date:
    """The date of local seconds; held at the ends of the calendar."""
    return datetime.fromtimestamp(min(max(local, 0.0), 253_402_214_400.0), tz=UTC).date()


def midnight(day: date) -> float:
    """Local seconds at which it begins."""
    return float((day - date(1970, 1, 1)).days * DAY_S)


def dues(a_round: Round, day: date, unit: str | None = None) -> tuple[DueStop, ...]:
    """What is to be walked on this day, in the round's order; with `unit` the stops there alone."""
    if a_round.withdrawn or day.isoformat() in a_round.holidays:
        return ()
    if a_round.week is not None and WEEK[day.weekday()] not in a_round.week:
        return ()
    start = midnight(day)
    spans = ((place, stop, *stop.minutes) for place, stop in enumerate(a_round.stops) if unit in (None, stop.unit))
    return tuple(
        DueStop(day.isoformat(), start, place, stop.unit, stop.door, start + begins * 60, start + ends * 60)
        for place, stop, begins, ends in spans
    )


def around(a_round: Round, local: float, unit: str, offsets: tuple[int, ...] = (-1, 0, 1)) -> tuple[DueStop, ...]:
    """At this unit, of the day before, this day and the next: all that a check-in of now can be for."""
    today = day_of(local)
    days = (today + timedelta(days=off) for off in offsets if today.year < 9999)
    return tuple(each for day in days for each in dues(a_round, day, unit))


def window_of(due: DueStop, at: float) -> Timing:
    """How this moment lies to the window."""
    if at < due.begins:
        return Timing.EARLY
    return Timing.ON_TIME if at < due.ends else Timing.LATE


def does(due: DueStop, at: float, grace_s: float) -> bool:
    """A check-in of then does the stop."""
    return due.begins <= at + grace_s and at - grace_s < due.ends


def _belongs(due: DueStop, at: float) -> bool:
    """It is of the day of this stop, however far from its window."""
    return due.midnight <= at < due.midnight + DAY_S or due.begins <= at < due.ends


def _far(due: DueStop, at: float) -> tuple[float, float, int]:
    """The nearest window first, then the one that ends first."""
    return max(due.begins - at, at - due.ends, 0.0), due.ends, due.place


def pick(here: Sequence[DueStop], done: Container[Spot], at: float, grace_s: float) -> tuple[DueStop, bool] | None:
    """Of the stops at one door, the one that a check-in of then is for, and whether it does it; None: for none of this round.

    What is still to be done and near enough comes first, then what is done already (once more), then what is further off on the same day.
    """
    from_now, to_now = at + grace_s, at - grace_s
    near = [each for each in here if each.begins <= from_now and to_now < each.ends]
    fresh = [each for each in near if each.spot not in done]
    if fresh:
        return min(fresh, key=lambda each: _far(each, at)), True
    if near:
        return min(near, key=lambda each: _far(each, at)), False
    rest = [each for each in here if each.spot not in done and _belongs(each, at)]
    return (min(rest, key=lambda each: _far(each, at)), False) if rest else None


def walk(
    found: Sequence[DueStop], visits: Iterable[Visit], grace_s: float, *, ordered: bool = False
) -> tuple[Done, ...]:
    """Which stops these check-ins did, taken in the order of their times: each does one at most."""
    doors: dict[tuple[str, str], list[DueStop]] = {}
    for due in found:
        doors.setdefault((due.unit, due.door), []).append(due)
    done: dict[Spot, Done] = {}
    strays: dict[Spot, tuple[Visit, ...]] = {}
    mine = [visit for visit in visits if (visit.unit, visit.door) in doors]
    for visit in sorted(mine, key=lambda each: (each.at, each.tag)):
        chosen = pick(doors[visit.unit, visit.door], done, visit.at, grace_s)
        if chosen is None:
            continue
        due, counts = chosen
        if counts:
            word = timing(found, done, due, visit.at, grace_s, ordered=ordered)
            done[due.spot] = Done(due, visit, word)
        elif due.spot not in done:
            strays[due.spot] = (*strays.get(due.spot, ()), visit)
    whole = (replace(done.get(due.spot) or Done(due), strays=strays.get(due.spot, ())) for due in found)
    return tuple(whole)


def timing(
    found: Sequence[DueStop], done: Container[Spot], due: DueStop, at: float, grace_s: float, *, ordered: bool
) -> Timing:
    """Of a check-in for `due`. In order is one before which no earlier stop of the day could still be done."""
    word = window_of(due, at)
    if not ordered or word is not Timing.ON_TIME:
        return word
    before = (each for each in found if each.day == due.day and each.place < due.place and each.spot not in done)
    return Timing.OUT_OF_ORDER if any(at < each.ends + grace_s for each in before) else word
