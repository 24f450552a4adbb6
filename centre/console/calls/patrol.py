"""Patrol: what a day's rounds came to, where a worker was, rounds put in place and withdrawn."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acts, round_days, round_sheet, rounds
from centre.checkins import Checkin
from centre.console.call import call
from centre.console.calls import people
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.people import ids as ids_of
from centre.permits import Doing
from centre.round_csv import StopLine
from centre.round_days import RoundDay
from centre.rounds import RoundDraft
from centre.sheet import BadTableError
from centre.units import parse_scope
from centre.words import _
from contract.rounds import MAX_STOPS, Round, Weekday, minute_of

DayText = Annotated[str, Meta(max_length=10, description="as 2026-11-26; empty: today")]
Id = Annotated[str, Meta(min_length=1, max_length=48)]
ClockText = Annotated[str, Meta(min_length=4, max_length=5, description="as 08:00")]


class PatrolDay(msgspec.Struct):
    day: DayText = ""


class StopSeen(msgspec.Struct):
    """`state` done, awaited, missed or unheard; `timing` early, on_time, late or out_of_order of one that is done; `by`: a holder's id, for who may make rounds, and of oneself."""

    unit: str
    door: str
    name: str
    from_utc: float
    until_utc: float
    state: str
    sign: str
    timing: str | None
    at_utc: float | None
    by: str | None


class RoundSeen(msgspec.Struct):
    """`sign`: urgent, look, away, well, or empty while it is not over."""

    id: str
    title: str
    scope: str
    day: str
    sign: str
    done: int
    missed: int
    stops: list[StopSeen]
    unheard: list[str]


class RoundsSeen(msgspec.Struct):
    day: str
    rounds: list[RoundSeen]


def day_of(visit: Visit, text: str) -> date:
    """Raises BadValueError."""
    today = datetime.fromtimestamp(visit.now, visit.centre.site.zone).date()
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadValueError("day", _("not a day as 2026-11-26")) from None
    if not today - timedelta(days=3660) <= day <= today + timedelta(days=366):
        raise BadValueError("day", _("too far from today"))
    return day


@call("GET", "/patrol", doing=Doing.VIEW)
def patrol_day(visit: Visit, ask: PatrolDay) -> RoundsSeen:
    """What the rounds of a day came to, those that need somebody first."""
    day = day_of(visit, ask.day)
    return RoundsSeen(day.isoformat(), [seen(visit, each) for each in days_of(visit, day)])


def days_of(visit: Visit, day: date) -> list[RoundDay]:
    """Of the rounds that the person sees."""
    key = ("patrol", day, visit.seen, visit.now // 60)
    return visit.desk.shared.get(key, lambda: round_days.of_day(visit.centre, day, visit.now, visit.seen))


def seen(visit: Visit, each: RoundDay) -> RoundSeen:
    """Who came is told to who may make rounds, and to herself: else a viewer could follow a person, and nobody would know."""
    may_know = visit.may(Doing.PATROL)
    stops = [
        StopSeen(
            stop.unit,
            stop.door,
            stop.name,
            stop.from_utc,
            stop.until_utc,
            stop.state.value,
            round_days.sign_of(stop),
            stop.timing,
            None if stop.checkin is None else stop.checkin.at_utc,
            stop.checkin.by
            if stop.checkin is not None and (may_know or stop.checkin.by == visit.person.holder)
            else None,
        )
        for stop in each.sheet.stops
    ]
    its = each.round
    return RoundSeen(
        its.id,
        its.title or its.id,
        str(its.scope),
        each.sheet.day,
        each.sign,
        each.done,
        each.missed,
        stops,
        list(each.sheet.unheard),
    )


def mine(visit: Visit, name: str) -> Round:
    """A round in force of which the person sees all stops. Raises NotThereError."""
    for each in rounds.in_force(visit.centre):
        if each.id == name and round_days.is_seen(each, visit.seen):
            return each
    raise NotThereError(_("{name}: no such round").format(name=name))


def workers(visit: Visit) -> list[str]:
    """Ids of who may walk the rounds that the person sees, and of who did today: nobody else of the rosters is told of."""
    named = {
        name
        for each in rounds.in_force(visit.centre)
        if round_days.is_seen(each, visit.seen)
        for name in each.staff or ()
    }
    return sorted(named.union(round_days.walked_by(days_of(visit, day_of(visit, "")))))


class RoundDays(msgspec.Struct):
    """`days`: so many, back from `day`."""

    round: Id
    day: DayText = ""
    days: Annotated[int, Meta(ge=1, le=31)] = 8


@call("GET", "/rounds/{round}", doing=Doing.VIEW)
def round_days_of(visit: Visit, ask: RoundDays) -> RoundsSeen:
    """What one round came to on a day and on those before it, newest first."""
    its, day = mine(visit, ask.round), day_of(visit, ask.day)
    found = round_days.of_round(visit.centre, its, day, ask.days, visit.now, visit.seen)
    return RoundsSeen(day.isoformat(), [seen(visit, each) for each in found])


class TrackAsk(msgspec.Struct):
    """`holder`: the worker's id in the rosters."""

    holder: Id
    day: DayText = ""


class TrackPoint(msgspec.Struct):
    """`sure`: False where the unit's clock was not set and only the two bounds are known."""

    unit: str
    door: str
    at_utc: float
    earliest_utc: float
    latest_utc: float
    sure: bool
    round: str | None
    timing: str | None


class Track(msgspec.Struct):
    holder: str
    day: str
    points: list[TrackPoint]


@call("GET", "/patrol/track/{holder}", doing=Doing.FIELD)
def patrol_track(visit: Visit, ask: TrackAsk) -> Track:
    """Where a worker checked in on a day. Her own, or anybody's for whom rounds may be made; that is entered."""
    if visit.person.holder != ask.holder:
        visit.require(Doing.PATROL)
    day = day_of(visit, ask.day)
    found = [each for each in round_sheet.track(visit.centre, ask.holder, day) if each.unit in visit.units]
    if visit.person.holder != ask.holder:
        data = {"by": visit.person.name, "holder": ask.holder, "since": day.isoformat(), "until": day.isoformat()}
        with visit.centre.books.writing() as conn:
            acts.note(conn, "looked", data, time.time())
    return Track(ask.holder, day.isoformat(), [_point(each) for each in found])


def _point(each: Checkin) -> TrackPoint:
    return TrackPoint(
        each.unit,
        each.door,
        each.at_utc,
        each.earliest_utc,
        each.latest_utc,
        each.sure,
        each.round,
        each.timing,
    )


class StopAsk(msgspec.Struct):
    """`name`: what screens call the stop; the register's name of the unit where it is empty. An end before the beginning is on the next day."""

    unit: Id
    begins: Annotated[ClockText, Meta()] = msgspec.field(name="from")
    ends: Annotated[ClockText, Meta()] = msgspec.field(name="until")
    door: Id = "main"
    name: Annotated[str, Meta(max_length=40)] = ""


class PutRound(msgspec.Struct):
    """`id`: of one that is in place. `week` empty: every day. `grace_min`: minutes before and after a window. `staff` empty: any patrol card."""

    scope: Annotated[str, Meta(min_length=3, max_length=64)]
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    stops: Annotated[list[StopAsk], Meta(min_length=1, max_length=MAX_STOPS)]
    id: Annotated[str, Meta(max_length=48)] = ""
    ordered: bool = False
    week: list[Weekday] = []
    holidays: Annotated[list[Annotated[str, Meta(max_length=10)]], Meta(max_length=64)] = []
    grace_min: Annotated[int, Meta(ge=0, le=240)] = 10
    staff: Annotated[list[Id], Meta(max_length=32)] = []


class RoundDone(msgspec.Struct):
    """`unknown_doors`: stops at doors that their units have not told of so far. `unknown_staff`: who is in no list that one sees."""

    id: str
    rev: int
    unknown_doors: list[str]
    unknown_staff: list[str] = []


@call("POST", "/rounds", doing=Doing.PATROL)
def put_round(visit: Visit, ask: PutRound) -> RoundDone:
    """Put a round in place, or another one in the place of one. Units of it that are offline take it when they are back."""
    scope = parse_scope(ask.scope, visit.site)
    visit.require(Doing.PATROL, scope)
    if ask.id:
        mine(visit, ask.id)
    lines = [_line(number, each) for number, each in enumerate(ask.stops, 1)]
    for line in lines:
        if line.unit not in visit.units:
            raise BadValueError("stops", _("{unit}: no such unit").format(unit=line.unit))
    unknown = _unknown_staff(visit, ask.staff)
    draft = RoundDraft(
        scope,
        ask.title.strip(),
        lines,
        ask.id or None,
        ask.ordered,
        frozenset(ask.week),
        frozenset(_day_text(each) for each in ask.holidays),
        ask.grace_min * 60,
        frozenset(ask.staff),
    )
    strange = [f"{each.unit} {each.door}" for each in rounds.strange_doors(visit.centre, lines)]
    try:
        made = rounds.put(visit.centre, draft, time.time(), visit.person.name)
    except BadTableError as error:
        raise BadValueError("stops", "; ".join(map(str, error.faults))) from None
    return RoundDone(made.id, made.rev, strange, unknown)


def _line(number: int, each: StopAsk) -> StopLine:
    try:
        begins, ends = minute_of(_padded(each.begins)), minute_of(_padded(each.ends))
    except ValueError:
        text = _("stop {number}: {begins} to {ends} are no times of day as 08:00")
        raise BadValueError("stops", text.format(number=number, begins=each.begins, ends=each.ends)) from None
    if begins in (ends, 1440):
        raise BadValueError("stops", _("stop {number}: it ends when it begins").format(number=number))
    return StopLine(number, each.unit, each.door, begins, ends, each.name.strip())


def _padded(clock: str) -> str:
    return clock if len(clock) > len("8:00") else f"0{clock}"


def _day_text(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadValueError("holidays", _("{text!r} is no date as 2026-10-01").format(text=text)) from None


def _unknown_staff(visit: Visit, staff: list[str]) -> list[str]:
    """Those in no list that the person sees: whether there is one elsewhere is not told. For whom all lists are, a slip of the pen.

    Raises BadValueError. Where no list is in place there is nobody to know them by.
    """
    there = ids_of(people.parts(visit)) if staff else set[str]()
    strange = [name for name in dict.fromkeys(staff) if name not in there]
    if strange and there and visit.seen is None:
        raise BadValueError("staff", _("{name}: in no roster").format(name=strange[0]))
    return strange


class RoundName(msgspec.Struct):
    round: Id


@call("POST", "/rounds/{round}/withdrawal", doing=Doing.PATROL)
def withdraw_round(visit: Visit, ask: RoundName) -> RoundDone:
    """Take a round out of force everywhere; what its days came to stays."""
    its = mine(visit, ask.round)
    visit.require(Doing.PATROL, its.scope)
    made = rounds.withdraw(visit.centre, its.id, time.time(), visit.person.name)
    return RoundDone(made.id, made.rev, [])
