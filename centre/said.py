"""What people said at the doors, from the facts: reports and orders of services, and answers to questions. Only reads.

Each counts once: a fact that came again, or that a unit took over into a later epoch, is left out.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select

from centre.schema import epochs, facts
from centre.schema_reports import SAID
from centre.timing import TRUSTED, Times, taken_utc
from contract.chain import FactLine, parse_line
from contract.codec import FieldError
from contract.facts import AskAnswered, Fact, ReportFiled, names_of


@dataclass(frozen=True, slots=True)
class Filed:
    """A report as it came. `at_utc`: when it was filed; `timed`: whether that is known (timing.py), else the last moment at which it can have been."""

    unit: str
    fact: ReportFiled
    at_utc: float
    timed: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came. `place`: its order among those of its unit. `at_utc` as in Filed."""

    unit: str
    fact: AskAnswered
    place: tuple[int, int]
    at_utc: float
    timed: bool


def reports(conn: Connection) -> list[Filed]:
    """In order of arrival. Of two with one id the first stands: ids are random, and a second is a copy."""
    found: dict[str, Filed] = {}
    times = Times()
    for row, line, fact in _facts(conn, ReportFiled):
        if isinstance(fact, ReportFiled) and fact.report not in found:
            found[fact.report] = Filed(row.unit, fact, *_when(conn, times, row, line))
    return list(found.values())


def answers(conn: Connection, notices: Container[str]) -> list[Answered]:
    """To these notices, in order of arrival."""
    found = []
    times = Times()
    for row, line, fact in _facts(conn, AskAnswered):
        if isinstance(fact, AskAnswered) and fact.notice in notices:
            found.append(Answered(row.unit, fact, (row.epoch_id, row.seq), *_when(conn, times, row, line)))
    return found


def _facts(conn: Connection, kind: type[Fact]) -> Iterator[tuple[Any, FactLine, Fact]]:
    """Data that is not of the contract's form is kept in the books and means nothing here."""
    columns = (epochs.c.unit, epochs.c.epoch, facts.c.epoch_id, facts.c.seq, facts.c.line)
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    (name,) = names_of(kind)
    mine = and_(SAID, facts.c.kind == name, facts.c.again.is_(False))
    query = select(*columns).select_from(joined).where(mine).order_by(facts.c.n)
    for row in conn.execute(query).all():
        line = parse_line(row.line)
        if not isinstance(line, FactLine):
            continue
        with suppress(FieldError):
            if (fact := line.fact) is not None:
                yield row, line, fact


def _when(conn: Connection, times: Times, row: Any, line: FactLine) -> tuple[float, bool]:
    if line.clock in TRUSTED:
        return line.at_utc, True
    time = times.of(conn, row.unit, row.epoch, row.line)
    if time.placed:
        return time.utc, True
    latest = [utc for utc in (time.before_utc, taken_utc(conn, row.epoch_id, row.seq)) if utc is not None]
    return min(latest, default=time.utc), False
