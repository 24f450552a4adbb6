"""Reports and orders of services as cases: what was filed at a door, and its course since. Only reads; what is done is reports_desk.py.

A case belongs to the grid. When it is overdue it is the community's, and `CLIMB_S` after that the street's: worked out from the times, so that
nobody has to run for it. Whoever assigns it may also hand it up; down it never goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import Connection, select

from centre import field_entries, said, units
from centre.errors import WRONG_USE, CentreError
from centre.field_entries import FieldEntry, What
from centre.opened import OpenCentre
from centre.said import Filed
from centre.schema_reports import case_steps, setting_revs
from centre.words import _
from contract import codec
from contract.envelope import unverified_payload
from contract.people import ReportCode, ReportKind
from contract.scopes import LEVELS

DUE_S = 3 * 86_400.0
"""A report whose code says nothing of it is to be answered within three days."""
IN_WORDS = 60
CLIMB_S = 86_400.0
"""A day after it became the community's, what is still open is the street's."""


class Level(IntEnum):
    """Whose case it is."""

    GRID = 0
    COMMUNITY = 1
    STREET = 2


class Stage(StrEnum):
    """How far it got."""

    FILED = "filed"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody of the centre did about it. `level`: whose it was then, or became."""

    what: Stage
    at_utc: float
    by: str
    to: str | None
    level: Level
    due_utc: float | None
    text: str
    notice: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """`code`: what its code meant when it was filed, None where no settings had it since. `ratings`: what the people asked said of the handling, 1 to 5."""

    filed: Filed
    scopes: tuple[str, ...]
    code: ReportCode | None
    steps: tuple[Step, ...]
    ratings: tuple[int, ...]
    entries: tuple[FieldEntry, ...] = ()
    """What grid workers wrote about it on their rounds; one of them may have filed it."""

    @property
    def in_words(self) -> str:
        """The beginning of what was written where it was filed on a round; empty of what was filed at a door."""
        text = next((each.text for each in self.entries if each.what is What.FILED), "")
        return text.splitlines()[0][:IN_WORDS] if text else ""

    @property
    def id(self) -> str:
        return self.filed.fact.report

    @property
    def stage(self) -> Stage:
        return self.steps[-1].what if self.steps else Stage.FILED

    @property
    def is_open(self) -> bool:
        """It waits to be answered."""
        return self.stage in (Stage.FILED, Stage.ASSIGNED)

    @property
    def kind(self) -> ReportKind:
        return ReportKind.REPORT if self.code is None else self.code.kind

    @property
    def to(self) -> str | None:
        """Who is to deal with it: as assigned, else as its code says."""
        assigned = self._assigned
        if assigned is not None:
            return assigned.to
        return None if self.code is None else self.code.to

    @property
    def due_utc(self) -> float:
        """Until when it is to be answered."""
        assigned = self._assigned
        if assigned is not None and assigned.due_utc is not None:
            return assigned.due_utc
        given = None if self.code is None else self.code.due_s
        return self.filed.at_utc + (DUE_S if given is None else given)

    def overdue(self, now: float) -> bool:
        return self.is_open and now > self.due_utc

    def level(self, now: float) -> Level:
        """Whose it is, or was when it was answered."""
        known = self.steps[-1].level if self.steps else Level.GRID
        if not self.overdue(now):
            return known
        return max(known, Level.STREET if now > self.due_utc + CLIMB_S else Level.COMMUNITY)

    @property
    def _assigned(self) -> Step | None:
        return next((step for step in reversed(self.steps) if step.what is Stage.ASSIGNED), None)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; None means any. `overdue` and `open` where true only those; `to`: who is to deal with it."""

    open: bool = False
    overdue: bool = False
    unit: str | None = None
    scope: str | None = None
    to: str | None = None
    kind: ReportKind | None = None
    since_utc: float | None = None

    def takes(self, case: Case, now: float) -> bool:
        return (
            not (self.open and not case.is_open)
            and not (self.overdue and not case.overdue(now))
            and self.unit in (None, case.filed.unit)
            and (self.scope is None or self.scope in case.scopes)
            and self.to in (None, case.to)
            and self.kind in (None, case.kind)
            and (self.since_utc is None or case.filed.at_utc >= self.since_utc)
        )


def listed(centre: OpenCentre, wanted: CaseFilter, now: float) -> list[Case]:
    """In order of arrival. Raises CentreError (wrong use) where there is no such unit, or none in that scope."""
    with centre.books.reading() as conn:
        if wanted.unit is not None:
            units.one(conn, centre.site.site, wanted.unit)
        there = {str(scope) for unit in units.listed(conn, centre.site.site) for scope in unit.scopes}
        if wanted.scope is not None and wanted.scope not in there:
            raise CentreError(_("{scope}: no unit is there").format(scope=wanted.scope), WRONG_USE)
        found = all_of(conn, centre.site.site)
    return [case for case in found if wanted.takes(case, now)]


def one(conn: Connection, site: str, name: str) -> Case:
    """By its id, or by a beginning of it that no other has. Raises CentreError (wrong use) where there is none, or several."""
    found = [case for case in all_of(conn, site) if case.id.startswith(name)]
    exact = [case for case in found if case.id == name]
    if len(exact or found) != 1:
        what = _("{name}: no such report") if not found else _("{name}: several reports begin so")
        raise CentreError(what.format(name=name), WRONG_USE)
    return (exact or found)[0]


def all_of(conn: Connection, site: str) -> list[Case]:
    """In order of arrival."""
    entries = field_entries.by_report(conn)
    on_rounds = field_entries.filed_by(entries)
    # an id of one filed here is nobody else's: a unit that tells of the same is not believed
    filed = [*(each for each in said.reports(conn) if each.fact.report not in on_rounds), *on_rounds.values()]
    codes = code_tables(conn)
    scopes = {unit.unit: tuple(map(str, unit.scopes)) for unit in units.listed(conn, site)}
    steps = _steps(conn)
    notices = {step.notice: report for report, mine in steps.items() for step in mine if step.notice is not None}
    ratings = _ratings(conn, notices, {each.fact.report: each.unit for each in filed})
    return [
        Case(
            each,
            scopes.get(each.unit, ()),
            code_of(codes, scopes.get(each.unit, ()), each.fact.code, each.at_utc),
            steps.get(each.fact.report, ()),
            ratings.get(each.fact.report, ()),
            entries.get(each.fact.report, ()),
        )
        for each in filed
    ]


@dataclass(frozen=True, slots=True)
class CodeTable:
    """What the settings of a scope said of codes from `made_utc` on; `codes` None where they said nothing."""

    made_utc: float
    codes: Mapping[str, ReportCode] | None


def code_tables(conn: Connection) -> dict[str, list[CodeTable]]:
    """By scope, each revision of its settings, oldest first."""
    found: dict[str, list[CodeTable]] = {}
    for row in conn.execute(select(setting_revs).order_by(setting_revs.c.scope, setting_revs.c.rev)):
        given = unverified_payload(row.token).get("report_codes")
        codes = None if given is None else {code: codec.read(ReportCode, each) for code, each in given.items()}
        found.setdefault(row.scope, []).append(CodeTable(row.made_utc, codes))
    return found


def code_of(
    tables: Mapping[str, Sequence[CodeTable]], scopes: Sequence[str], code: str, at_utc: float
) -> ReportCode | None:
    """As a unit with these scopes read it then; where nothing had the code, as the last that did before, or the first after: what was meant stays, whatever comes later."""
    mine = {scope: tables[scope] for scope in scopes if scope in tables}
    made = sorted({table.made_utc for each in mine.values() for table in each})
    before, after = [each for each in made if each <= at_utc], [each for each in made if each > at_utc]
    for moment in (*reversed(before), *after):
        found = _code_at(mine, code, moment)
        if found is not None:
            return found
    return None


def _code_at(mine: Mapping[str, Sequence[CodeTable]], code: str, at_utc: float) -> ReportCode | None:
    """The table of the most specific scope that has one."""
    newest = {scope: [each for each in tables if each.made_utc <= at_utc][-1:] for scope, tables in mine.items()}
    having = {scope: each[0].codes for scope, each in newest.items() if each and each[0].codes is not None}
    if not having:
        return None
    codes = having[max(having, key=lambda scope: LEVELS.index(scope.partition("/")[0]))]
    return None if codes is None else codes.get(code)


def _steps(conn: Connection) -> dict[str, tuple[Step, ...]]:
    found: dict[str, tuple[Step, ...]] = {}
    for row in conn.execute(select(case_steps).order_by(case_steps.c.id)):
        level = Level[row.level.upper()] if row.level else Level.GRID
        step = Step(Stage(row.what), row.at_utc, row.by, row.recipient, level, row.due_utc, row.text, row.notice)
        found[row.report] = (*found.get(row.report, ()), step)
    return found


def _ratings(conn: Connection, notices: Mapping[str, str], unit_of: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """Of each report: what each of those who answered said last. Only at its own unit was anybody asked."""
    last: dict[tuple[str, str | None], tuple[Any, int]] = {}
    for each in said.answers(conn, notices):
        report = notices[each.fact.notice]
        if each.unit != unit_of.get(report) or not 1 <= each.fact.value <= 5:
            continue
        key = (report, each.fact.by)
        if key not in last or each.place > last[key][0]:
            last[key] = (each.place, each.fact.value)
    found: dict[str, tuple[int, ...]] = {}
    for (report, _by), (_place, value) in last.items():
        found[report] = (*found.get(report, ()), value)
    return found
