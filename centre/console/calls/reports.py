"""Reports and orders of services: looked through, given to somebody, answered, closed; where and when they are filed; whom they go to."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from msgspec import Meta

from centre import case_figures, case_heat, cases, recipients, reports_desk
from centre.cases import Case, CaseFilter, Level
from centre.console.call import Nothing, call
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.recipients import RecipientKind
from centre.reports_desk import Assignment
from centre.words import _
from contract.people import ReportKind

PAGE = 50
DAY_S = 86_400.0
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Words = Annotated[str, Meta(min_length=1, max_length=reports_desk.MAX_TEXT)]


class CasesAsk(msgspec.Struct):
    """Empty: any. `page` counts from 0."""

    open: bool = False
    overdue: bool = False
    unit: Annotated[str, Meta(max_length=48)] = ""
    to: Annotated[str, Meta(max_length=48)] = ""
    kind: ReportKind | None = None
    days: Annotated[int, Meta(ge=0, le=3660, description="filed within so many days; 0: ever")] = 0
    page: Annotated[int, Meta(ge=0, le=100_000)] = 0


class CaseSeen(msgspec.Struct):
    """`what`: what the code meant when it was filed; `level`: whose case it is; `to`: who is to deal with it, by `due_utc`."""

    id: str
    unit: str
    code: str
    kind: str
    what: str
    stage: str
    level: str
    to: str | None
    filed_utc: float
    timed: bool
    due_utc: float
    overdue: bool
    ratings: list[int]


class CasePage(msgspec.Struct):
    """Overdue first, then the oldest that is open, then the newest that is settled. `count`: of all that were looked for."""

    cases: list[CaseSeen]
    count: int


class CaseStep(msgspec.Struct):
    what: str
    at_utc: float
    by: str
    to: str | None
    level: str
    due_utc: float | None
    text: str
    notice: str | None


class CaseEntry(msgspec.Struct):
    """What a grid worker wrote on a round: filed, visited, called or noted. `photo`: its name, if there is one."""

    what: str
    at_utc: float
    by: str
    text: str
    photo: str | None


class WholeCase(msgspec.Struct):
    """`by`: id of whoever filed it. `door` is empty of what was filed on a round."""

    case: CaseSeen
    door: str
    by: str
    room: str | None
    steps: list[CaseStep]
    entries: list[CaseEntry]


def of_person(visit: Visit, wanted: CaseFilter) -> list[Case]:
    """Cases of the units that the person sees."""
    every = visit.desk.shared.get(("cases",), lambda: cases.listed(visit.centre, CaseFilter(), visit.now))
    return [each for each in every if each.filed.unit in visit.units and wanted.takes(each, visit.now)]


def wanted(visit: Visit, ask: CasesAsk) -> CaseFilter:
    since = visit.now - ask.days * DAY_S if ask.days else None
    return CaseFilter(ask.open, ask.overdue, ask.unit or None, None, ask.to or None, ask.kind, since)


@call("GET", "/cases", doing=Doing.VIEW)
def find_cases(visit: Visit, ask: CasesAsk) -> CasePage:
    """Reports and orders of services, those that need somebody first."""
    found = sorted(of_person(visit, wanted(visit, ask)), key=lambda each: _urgency(each, visit.now))
    page = found[ask.page * PAGE : (ask.page + 1) * PAGE]
    return CasePage([seen(each, visit.now) for each in page], len(found))


def _urgency(case: Case, now: float) -> tuple[int, float]:
    if case.overdue(now):
        return 0, case.due_utc
    return (1, case.filed.at_utc) if case.is_open else (2, -case.filed.at_utc)


def seen(case: Case, now: float) -> CaseSeen:
    fact = case.filed.fact
    what = case.in_words if case.code is None else case.code.words.of("zh-CN")
    return CaseSeen(
        case.id,
        case.filed.unit,
        fact.code,
        case.kind.value,
        what or _("code {code}").format(code=fact.code),
        case.stage.value,
        case.level(now).name.lower(),
        case.to,
        case.filed.at_utc,
        case.filed.timed,
        case.due_utc,
        case.overdue(now),
        list(case.ratings),
    )


class CaseName(msgspec.Struct):
    case: Id


def mine(visit: Visit, name: str) -> Case:
    """By its whole id. Raises NotThereError."""
    for each in of_person(visit, CaseFilter()):
        if each.id == name:
            return each
    raise NotThereError(_("{name}: no such report").format(name=name))


@call("GET", "/cases/{case}", doing=Doing.VIEW)
def one_case(visit: Visit, ask: CaseName) -> WholeCase:
    """All that is known of one: where, by whom, who did what and when."""
    return whole(mine(visit, ask.case), visit.now)


def whole(case: Case, now: float) -> WholeCase:
    fact = case.filed.fact
    steps = [
        CaseStep(
            each.what.value,
            each.at_utc,
            each.by,
            each.to,
            each.level.name.lower(),
            each.due_utc,
            each.text,
            each.notice,
        )
        for each in case.steps
    ]
    entries = [CaseEntry(each.what.value, each.at_utc, each.by, each.text, each.photo) for each in case.entries]
    return WholeCase(seen(case, now), fact.door, fact.by, fact.room, steps, entries)


class AssignCase(msgspec.Struct):
    """`days`: within how many it is to be answered, else as its code says. `level`: whose case it is from now on; it never goes down."""

    case: Id
    to: Annotated[str, Meta(min_length=1, max_length=48)]
    days: Annotated[float, Meta(gt=0, le=90)] | None = None
    level: Annotated[str, Meta(pattern="^(grid|community|street)$")] | None = None


@call("POST", "/cases/{case}/assignment", doing=Doing.ASSIGN)
def assign_case(visit: Visit, ask: AssignCase) -> WholeCase:
    """Give it to somebody; also again, and also what was closed, which is open again then."""
    case = mine(visit, ask.case)
    with visit.centre.books.reading() as conn:
        there = recipients.known(conn)
    if there and ask.to not in there:
        raise BadValueError("to", _("{to}: no such recipient").format(to=ask.to))
    now = time.time()
    due = None if ask.days is None else now + ask.days * DAY_S
    to = Assignment(ask.to, due, None if ask.level is None else Level[ask.level.upper()])
    return whole(reports_desk.assign(visit.centre, case.id, to, visit.person.name, now), now)


class AnswerCase(msgspec.Struct):
    """`tell`: shown at the unit where it was filed for `days`, with the question how well it was dealt with."""

    case: Id
    text: Words
    tell: bool = False
    days: Annotated[int, Meta(ge=1, le=90)] = 7


@call("POST", "/cases/{case}/answer", doing=Doing.ANSWER)
def answer_case(visit: Visit, ask: AnswerCase) -> WholeCase:
    """Say what was done about it; at the door too, where people are then asked how content they are."""
    case, now = mine(visit, ask.case), time.time()
    tell = now + ask.days * DAY_S if ask.tell else None
    return whole(reports_desk.answer(visit.centre, case.id, ask.text, visit.person.name, now, tell=tell), now)


class CloseCase(msgspec.Struct):
    case: Id
    text: Annotated[str, Meta(max_length=reports_desk.MAX_TEXT)] = ""


@call("POST", "/cases/{case}/end", doing=Doing.ANSWER)
def close_case(visit: Visit, ask: CloseCase) -> WholeCase:
    """Nothing more is to be done about it."""
    case, now = mine(visit, ask.case), time.time()
    return whole(reports_desk.close(visit.centre, case.id, ask.text, visit.person.name, now), now)


class HeatAsk(msgspec.Struct):
    """`place`: by what units are taken together; `days`: filed within so many, 0: ever. `code`: of this alone; `hours`: of one time of day alone, 0 for 00:00 to 03:00 up to 7."""

    place: Annotated[str, Meta(pattern="^(community|grid|yard|building|unit)$")] = "yard"
    kind: ReportKind | None = None
    days: Annotated[int, Meta(ge=0, le=3660)] = 90
    code: Annotated[str, Meta(max_length=20)] = ""
    hours: Annotated[int, Meta(ge=0, lt=case_heat.COLUMNS)] | None = None


class HeatLine(msgspec.Struct):
    """`counts`: by the time of day, three hours each."""

    name: str
    counts: list[int]
    total: int


class HeatSeen(msgspec.Struct):
    """`on_map`: counts by yard, or by unit (a building's at its first one) where `place` is no wider."""

    places: list[HeatLine]
    codes: list[HeatLine]
    most: int
    on_map: dict[str, int]


def heat_cases(visit: Visit, ask: HeatAsk) -> list[Case]:
    zone = visit.centre.site.zone
    return [
        each
        for each in of_person(visit, wanted(visit, CasesAsk(kind=ask.kind, days=ask.days)))
        if ask.code in ("", each.filed.fact.code) and ask.hours in (None, case_heat.column_of(each.filed.at_utc, zone))
    ]


@call("GET", "/cases-heat", doing=Doing.VIEW)
def cases_heat(visit: Visit, ask: HeatAsk) -> HeatSeen:
    """Where, when and of what kind reports are filed: the places with most first."""
    mine = heat_cases(visit, ask)
    found = case_heat.heat(mine, ask.place, visit.centre.site.zone)
    places, codes = (
        [HeatLine(row.name, list(row.counts), row.total) for row in rows] for rows in (found.places, found.codes)
    )
    return HeatSeen(places, codes, found.most, case_heat.on_map(mine, ask.place, visit.places))


class FiguresAsk(msgspec.Struct):
    kind: ReportKind | None = None
    to: Annotated[str, Meta(max_length=48)] = ""
    days: Annotated[int, Meta(ge=0, le=3660)] = 90


class SpanSeen(msgspec.Struct):
    """Seconds; None where no case passed both stages."""

    begins: str
    ends: str
    count: int
    median_s: float | None
    worst_s: float | None


class FiguresSeen(msgspec.Struct):
    """As `doorward centre report times` tells them."""

    filed: int
    overdue: int
    settled: int
    in_grid: int
    in_community: int
    ratings: int
    content: int
    spans: list[SpanSeen]


@call("GET", "/cases-figures", doing=Doing.VIEW)
def cases_figures(visit: Visit, ask: FiguresAsk) -> FiguresSeen:
    """How long each stage took, how many were settled where, how content people were."""
    made = case_figures.figures(
        of_person(visit, wanted(visit, CasesAsk(kind=ask.kind, to=ask.to, days=ask.days))), visit.now
    )
    spans = [SpanSeen(each.begins, each.ends, each.count, each.median_s, each.worst_s) for each in made.spans]
    return FiguresSeen(
        made.filed, made.overdue, made.settled, made.in_grid, made.in_community, made.ratings, made.content, spans
    )


class RecipientSeen(msgspec.Struct):
    id: str
    name: str
    kind: str


class Recipients(msgspec.Struct):
    recipients: list[RecipientSeen]


@call("GET", "/recipients", doing=Doing.VIEW)
def list_recipients(visit: Visit, ask: Nothing) -> Recipients:
    """Whom reports may be given to."""
    with visit.centre.books.reading() as conn:
        found = recipients.known(conn)
    return Recipients([RecipientSeen(each.id, each.name, each.kind.value) for each in found.values()])


class AddRecipient(msgspec.Struct):
    id: Annotated[str, Meta(min_length=1, max_length=48)]
    name: Annotated[str, Meta(min_length=1, max_length=recipients.MAX_NAME)]
    kind: RecipientKind


@call("POST", "/recipients", doing=Doing.RECIPIENTS)
def add_recipient(visit: Visit, ask: AddRecipient) -> RecipientSeen:
    """A new one, or another name for one that is there."""
    visit.require(Doing.RECIPIENTS, f"site/{visit.site}")
    made = recipients.add(visit.centre, ask.id, ask.name, ask.kind, visit.person.name, time.time())
    return RecipientSeen(made.id, made.name, made.kind.value)


class RecipientName(msgspec.Struct):
    recipient: Annotated[str, Meta(min_length=1, max_length=48)]


@call("POST", "/recipients/{recipient}/removal", doing=Doing.RECIPIENTS)
def remove_recipient(visit: Visit, ask: RecipientName) -> Nothing:
    """No report goes there from now on."""
    visit.require(Doing.RECIPIENTS, f"site/{visit.site}")
    recipients.remove(visit.centre, ask.recipient, visit.person.name, time.time())
    return Nothing()
