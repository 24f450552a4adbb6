"""Patrol check-ins from the facts of all units, by when they truly were, also where the unit's clock was not set then (timing.py). Only reads.

Most are found by the date that they bear. One with a clock that was not set may bear any: it is looked for among all that came since the beginning
of the days asked for, for it cannot have come before it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from centre.schema import epochs, facts
from centre.schema import units as register
from centre.schema_rounds import OF_PATROL, facts_patrol
from centre.timing import SET_WITHIN_S, TRUSTED, Times, TrueTime, taken_since, taken_utc
from contract.chain import FactLine, parse_line
from contract.codec import FieldError
from contract.facts import PatrolCheckin, PatrolNotSaved, names_of

_BORDER_S = 3600.0
"""A check-in that was not saved is said so a moment later, and that may be after the days asked for."""
_AT_ONCE = 1000
"""Rows read at once where there may be many."""


@dataclass(frozen=True, slots=True)
class Checkin:
    """A check-in of the books, `at_utc`, between `earliest_utc` and `latest_utc`.

    `sure`: that is near enough for a sheet, else only the two bounds count. `worked_out`: it is not what the unit's clock said.
    """

    unit: str
    door: str
    by: str
    at_utc: float
    earliest_utc: float
    latest_utc: float
    round: str | None
    timing: str | None
    sure: bool
    worked_out: bool

    def may_be_of(self, since_utc: float, until_utc: float) -> bool:
        """It may have been in that span, its end not included."""
        return self.earliest_utc < until_utc and self.latest_utc >= since_utc


def of_span(
    conn: Connection, since_utc: float, until_utc: float, units: Collection[str] | None = None
) -> list[Checkin]:
    """Those that count, each once, in the order of their times: sure ones from `since_utc` up to before `until_utc`, then those that may have been then.

    `units`: of these alone.
    """
    times = Times()
    not_saved: set[tuple[str, str, str, float]] = set()
    found: list[tuple[Checkin, tuple[str, str, str, float]]] = []
    for row in _candidates(conn, since_utc, until_utc, units):
        line = parse_line(row.line)
        if not isinstance(line, FactLine):
            continue
        try:
            fact = line.fact
        except FieldError:
            continue  # not of the contract's form: kept, and means nothing here
        match fact:
            case PatrolNotSaved(stop, by, checkin):
                not_saved.add((row.unit, stop, by, checkin))
            case PatrolCheckin(_, stop, by):
                found.append((_checkin(conn, times, row, line, fact), (row.unit, stop, by, line.at_utc)))
    counting = [each for each, key in found if key not in not_saved]
    sure = [each for each in counting if each.sure and since_utc <= each.at_utc < until_utc]
    unsure = [each for each in counting if not each.sure and each.may_be_of(since_utc, until_utc)]
    return [*sorted(sure, key=lambda each: each.at_utc), *sorted(unsure, key=lambda each: each.earliest_utc)]


def _checkin(conn: Connection, times: Times, row: Any, line: FactLine, fact: PatrolCheckin) -> Checkin:
    time = TrueTime(line.at_utc, SET_WITHIN_S, worked_out=False)
    if line.clock not in TRUSTED:
        time = times.of(conn, row.unit, row.epoch, row.line)
    at = time.utc
    if time.within_s is not None and time.after_utc is None:
        earliest, latest = at - time.within_s, at + time.within_s
    else:
        earliest, latest = _bounds(conn, row, time)
        at = min(max(at, earliest), latest)
    timing = None if fact.timing is None else fact.timing.value
    return Checkin(
        row.unit, fact.stop, fact.by, at, earliest, latest, fact.round, timing, time.placed, time.utc != line.at_utc
    )


def _bounds(conn: Connection, row: Any, time: TrueTime) -> tuple[float, float]:
    """Of one that only lies between: it was not before its unit was registered, nor after the books had it."""
    taken = taken_utc(conn, row.epoch_id, row.seq)
    latest = min((utc for utc in (time.before_utc, taken) if utc is not None), default=row.added_utc)
    return min(latest, max(time.after_utc or 0.0, row.added_utc)), latest


def _candidates(conn: Connection, since_utc: float, until_utc: float, units: Collection[str] | None) -> Iterator[Any]:
    first, last = since_utc - _BORDER_S, until_utc + _BORDER_S
    at = facts.c.at_utc
    mine: ColumnElement[bool] = true()
    if units is not None:
        numbers = conn.execute(select(epochs.c.id).where(epochs.c.unit.in_(units))).scalars().all()
        mine = (facts.c.epoch_id + 0).in_(
            numbers
        )  # a sum, so that no database goes through the index once for each of them
    yield from _rows(conn, mine & (at >= first) & (at < last))
    came = mine & (facts.c.n >= taken_since(conn, since_utc)) & _not_set(conn)
    for elsewhen in (at < first, at >= last):
        yield from _rows(conn, came & elsewhen)


def _not_set(conn: Connection) -> ColumnElement[bool]:
    """Of lines that do not say of their clock that it was set; looked for by the database, for there may be many others."""
    words = [f'"clock":"{clock}"'.encode() for clock in sorted(TRUSTED)]
    if conn.dialect.name == "sqlite":
        return and_(*(func.instr(facts.c.line, word) == 0 for word in words))
    return and_(*(facts.c.line.op("NOT LIKE", is_comparison=True)(b"%" + word + b"%") for word in words))


def _rows(conn: Connection, wanted: ColumnElement[bool]) -> Iterator[Any]:
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id).join(register, epochs.c.unit == register.c.unit)
    columns = (facts.c.epoch_id, facts.c.seq, facts.c.line, epochs.c.unit, epochs.c.epoch, register.c.added_utc)
    kinds = facts.c.kind.in_(names_of(PatrolCheckin, PatrolNotSaved))
    mine = OF_PATROL & kinds & facts.c.again.is_(False) & wanted
    query = select(*columns).select_from(joined).where(mine).order_by(facts.c.at_utc, facts.c.n)
    query = query.with_hint(facts, f"INDEXED BY {facts_patrol.name}", "sqlite")
    yield from conn.execute(query.execution_options(yield_per=_AT_ONCE))
