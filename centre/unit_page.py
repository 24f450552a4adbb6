"""All that the books know of one unit, for its page. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from centre import acceptance, lacks, lately, orders_given, units
from centre.acceptance import UnitPage as Box
from centre.fact_words import of_line
from centre.lacks import Holdings
from centre.opened import OpenCentre
from centre.orders_given import GivenOrder
from centre.reports import Entry
from centre.schema import receipts
from centre.schema import state as state_table
from centre.sentences import Sentence
from centre.timing import TRUSTED, Times
from centre.unit_states import UnitNow
from contract.messages import Kind

FACTS = 20
ORDERS = 5


@dataclass(frozen=True, slots=True)
class FactHappened:
    """A fact as it is told. `sure`: `at_utc` is when it truly was; else the unit's clock was not right, and nobody can say."""

    entry: Entry
    at_utc: float
    sure: bool
    told: Sentence


@dataclass(frozen=True, slots=True)
class OnScreen:
    """A notice that its screen shows in turn. `shown_utc`: since when; None where it has it and has not shown it yet."""

    id: str
    title: str
    shown_utc: float | None


@dataclass(frozen=True, slots=True)
class Known:
    box: Box
    standing: Holdings
    notices: tuple[OnScreen, ...]
    orders: tuple[GivenOrder, ...]


def of(centre: OpenCentre, now: UnitNow, utc: float) -> Known:
    """Raises CentreError."""
    site = centre.site.site
    with centre.books.reading() as conn:
        unit = units.one(conn, site, now.unit)
        return Known(
            acceptance.page(conn, site, now.unit),
            lacks.of_unit(conn, unit, now.status.get("digest"), utc),
            tuple(_notices(conn, now.unit, [str(scope) for scope in unit.scopes], utc)),
            tuple(orders_given.to_unit(conn, now.unit, ORDERS)),
        )


def happened(
    centre: OpenCentre, unit: str, before: tuple[str, int] | None = None, count: int = FACTS
) -> list[FactHappened]:
    """Its last facts, newest first."""
    times = Times()
    with centre.books.reading() as conn:
        found = []
        for each in lately.of_unit(conn, unit, count, before=before):
            at, sure = each.at_utc, True
            if not any(f'"clock":"{clock}"'.encode() in each.line for clock in TRUSTED):
                true = times.of(conn, unit, each.epoch, each.line)
                at, sure = true.utc, true.placed
            found.append(FactHappened(each, at, sure, of_line(each.kind, each.line)))
    return found


def _notices(conn: Connection, unit: str, scopes: list[str], now: float) -> Iterator[OnScreen]:
    """In force here, received in their newest revision."""
    s, r = state_table.c, receipts.c
    same = (r.notice == s.id) & (r.rev == s.rev) & (r.unit == unit)
    there = (s.kind == Kind.NOTICE.value) & s.token.is_not(None) & s.withdrawn.is_(False) & s.scope.in_(scopes)
    running = s.until_utc.is_(None) | (s.until_utc > now)
    got = (r.received_utc.is_not(None) | r.shown_utc.is_not(None)) & r.ended_utc.is_(None)
    query = select(s.id, s.title, r.shown_utc).select_from(state_table.join(receipts, same))
    for row in conn.execute(query.where(there, running, got).order_by(s.made_utc.desc())):
        yield OnScreen(row.id, row.title, row.shown_utc)
