"""Visitors' codes: made and told once, listed without their digits, revoked."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acts, visitors
from centre.console.call import Nothing, call
from centre.console.calls.doors import DoorId, UnitId
from centre.console.visit import Visit
from centre.permits import Doing

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
Note = Annotated[str, Meta(max_length=visitors.MAX_NOTE)]


class CodesAsk(msgspec.Struct):
    unit: UnitId


class CodeAsk(msgspec.Struct):
    """`day`: the local day that it opens on; empty is today. `note`: whom it is for, for one's own list."""

    unit: UnitId
    door: DoorId
    day: Annotated[str, Meta(max_length=10)] = ""
    note: Note = ""


class MadeCode(msgspec.Struct):
    """Told this once; it is kept nowhere."""

    code: str
    unit: str
    door: str
    day: str
    serial: int


class RevokeCode(msgspec.Struct):
    unit: UnitId
    door: DoorId
    day: Day
    serial: Annotated[int, Meta(ge=0, le=1_000_000)]


class CodeLine(msgspec.Struct):
    door: str
    day: str
    serial: int
    note: str
    made_utc: float
    revoked_utc: float | None
    used_utc: float | None


class Codes(msgspec.Struct):
    """From today on. `doors`: what the unit says that it has."""

    doors: list[str]
    codes: list[CodeLine]


@call("GET", "/units/{unit}/visitors", doing=Doing.PEOPLE)
def visitor_codes(visit: Visit, ask: CodesAsk) -> Codes:
    """A unit's codes of today and of days to come, without their digits."""
    visit.sees(ask.unit)
    found = visitors.listed(visit.centre, ask.unit, visitors.today(visit.centre, visit.now))
    made = [
        CodeLine(each.door, each.day, each.serial, each.note, each.made_utc, each.revoked_utc, each.used_utc)
        for each in found
    ]
    return Codes(visitors.doors_of(visit.centre, ask.unit), made)


@call("POST", "/units/{unit}/visitors", doing=Doing.PEOPLE)
def visitor_code_made(visit: Visit, ask: CodeAsk) -> MadeCode:
    """A code for one day and one door, which opens also where the door is offline."""
    _mine(visit, ask.unit)
    day = ask.day or visitors.today(visit.centre, visit.now)
    made = visitors.make(visit.centre, ask.unit, ask.door, day, ask.note, visit.now)
    _note(visit, ask.unit, ask.door, f"{made.day}/{made.serial}", "made")
    return MadeCode(made.code, made.unit, made.door, made.day, made.serial)


@call("POST", "/units/{unit}/visitors/revoke", doing=Doing.PEOPLE)
def visitor_code_revoked(visit: Visit, ask: RevokeCode) -> Nothing:
    """It opens no longer, once the door has heard of it."""
    _mine(visit, ask.unit)
    visitors.revoke(visit.centre, ask.unit, ask.door, ask.day, ask.serial, visit.now)
    _note(visit, ask.unit, ask.door, f"{ask.day}/{ask.serial}", "revoked")
    return Nothing()


def _mine(visit: Visit, unit: str) -> None:
    visit.sees(unit)
    visit.require(Doing.PEOPLE, f"unit/{unit}")


def _note(visit: Visit, unit: str, door: str, code: str, what: str) -> None:
    with visit.centre.books.writing() as conn:
        data = {"unit": unit, "door": door, "visitor": code, "what": what, "by": visit.person.name}
        acts.note(conn, "people", data, visit.now)
