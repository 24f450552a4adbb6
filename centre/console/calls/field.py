"""In the field: a grid worker's day, what she files on her round, and what she did about a report."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from msgspec import Meta

from centre import cases, field_desk, field_work, photos, recipients, round_days
from centre.cases import Case, CaseFilter
from centre.console.call import Nothing, call
from centre.console.calls import patrol, reports, watching
from centre.console.calls.patrol import RoundSeen, StopSeen
from centre.console.calls.reports import CaseSeen
from centre.console.calls.watching import NeedView
from centre.console.visit import Visit
from centre.field_desk import Written
from centre.field_entries import FieldEntry, What
from centre.needs import Need, Urgency
from centre.permits import Doing
from centre.units import one
from contract.people import ReportKind

Key = Annotated[
    str, Meta(pattern="^[A-Za-z0-9-]{16,64}$", description="made for this entry alone; sent again it counts once")
]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Words = Annotated[str, Meta(min_length=1, max_length=field_desk.MAX_TEXT)]
Photo = Annotated[bytes, Meta(max_length=photos.MAX_BYTES, description="JPEG or PNG, in base64")]
AtUtc = Annotated[float, Meta(ge=0, le=2**40, description="when it was written; else now")]


class NextSeen(msgspec.Struct):
    """`number`: of the `count` stops of its round."""

    round: str
    title: str
    stop: StopSeen
    number: int
    count: int


class DaySeen(msgspec.Struct):
    """`tasks`: open reports that wait for her; `help`: urgent alarms at her doors."""

    next: NextSeen | None
    rounds: list[RoundSeen]
    tasks: list[CaseSeen]
    help: list[NeedView]


@call("GET", "/field", doing=Doing.FIELD)
def field_day(visit: Visit, ask: Nothing) -> DaySeen:
    """My round with its next stop, my tasks, help called at my doors."""
    days = my_rounds(visit)
    found = field_work.next_stop(days)
    coming = None
    if found is not None:
        round_seen = patrol.seen(visit, found.day)
        stop = round_seen.stops[found.number - 1]
        coming = NextSeen(round_seen.id, round_seen.title, stop, found.number, found.count)
    return DaySeen(
        coming,
        [patrol.seen(visit, each) for each in days],
        [reports.seen(each, visit.now) for each in my_tasks(visit)],
        [watching.view(each) for each in help_called(visit)],
    )


def my_rounds(visit: Visit) -> list[round_days.RoundDay]:
    """Of today."""
    day = patrol.day_of(visit, "")
    return field_work.rounds_of(round_days.of_day(visit.centre, day, visit.now, visit.seen), visit.person)


def my_tasks(visit: Visit) -> list[Case]:
    with visit.centre.books.reading() as conn:
        known = recipients.known(conn)
    return field_work.tasks_of(reports.of_person(visit, CaseFilter(open=True)), visit.person, known, visit.now)


def help_called(visit: Visit) -> list[Need]:
    """What is urgent at her doors and can be taken."""
    return [
        each
        for each in watching.seen_by(visit)
        if each.urgency is Urgency.URGENT and each.unit and each.alarm is not None
    ]


class FileReport(msgspec.Struct):
    """`code`: what it is about, by the settings; empty: none of them."""

    key: Key
    unit: Id
    text: Words
    code: Annotated[str, Meta(pattern="^[0-9]{0,3}$")] = ""
    photo: Photo | None = None
    at_utc: AtUtc | None = None


class EntryTaken(msgspec.Struct):
    """`report`: the report that it filed, or is about."""

    report: str
    at_utc: float
    photo: str | None


@call("POST", "/field/reports", doing=Doing.FIELD)
def file_report(visit: Visit, ask: FileReport) -> EntryTaken:
    """File a report from a round, with a photo. The same key again is the same report."""
    visit.sees(ask.unit)
    visit.require(Doing.FIELD, f"unit/{ask.unit}")
    with visit.centre.books.reading() as conn:
        one(conn, visit.site, ask.unit)
    written = Written(ask.key, What.FILED, ask.unit, ask.text, ask.code, ask.photo, ask.at_utc)
    return _taken(field_desk.write(visit.centre, written, visit.person.name, time.time()))


class NoteCase(msgspec.Struct):
    """`what` was done: visited, called, or noted for anything else."""

    key: Key
    case: Id
    text: Words
    what: Annotated[str, Meta(pattern="^(visited|called|noted)$")] = What.NOTED.value
    photo: Photo | None = None
    at_utc: AtUtc | None = None


@call("POST", "/cases/{case}/entries", doing=Doing.FIELD)
def note_case(visit: Visit, ask: NoteCase) -> EntryTaken:
    """Write down a visit, a call or anything else about a report. The same key again is the same entry."""
    case = reports.mine(visit, ask.case)
    visit.require(Doing.FIELD, f"unit/{case.filed.unit}")
    written = Written(ask.key, What(ask.what), case.id, ask.text, "", ask.photo, ask.at_utc)
    return _taken(field_desk.write(visit.centre, written, visit.person.name, time.time()))


def _taken(entry: FieldEntry) -> EntryTaken:
    return EntryTaken(entry.report, entry.at_utc, entry.photo)


def codes(visit: Visit) -> list[tuple[str, str]]:
    """What reports may be about at her doors, as the settings stand: code and words."""
    with visit.centre.books.reading() as conn:
        newest = [tables[-1].codes or {} for tables in cases.code_tables(conn).values()]
    found = {code: each for table in newest for code, each in table.items() if each.kind is ReportKind.REPORT}
    return [(code, each.words.of(visit.catalogue)) for code, each in sorted(found.items())]
