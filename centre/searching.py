"""Looking for facts as a person does: newest first, a page at a time, each look bounded however many facts the books hold. Only reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from centre import who
from centre.lately import of_unit
from centre.reports import Entry
from centre.schema import epochs, facts

LOOKED = 20_000
"""Facts that one look goes through: well under half a second on SQLite. It says how far it came, and the next goes on from there."""
PAGE = 1000
"""Facts read at a time."""
Place = tuple[float, int]
"""Time by the unit's clock, and number: between two facts of the order in which they are found."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None, and False, mean any. `units`: of these alone. Times by the units' clocks: from `since_utc`, before `until_utc`."""

    units: frozenset[str]
    unit: str | None = None
    kinds: frozenset[str] | None = None
    door: str | None = None
    holder: str | None = None
    since_utc: float | None = None
    until_utc: float | None = None


@dataclass(frozen=True, slots=True)
class FactsFound:
    """A page of what was found. `next`: where the next look begins, None at the end of all; `reached_utc`: how far back this one came."""

    entries: list[Entry]
    next: Place | None
    reached_utc: float | None


def search(
    conn: Connection, wanted: Search, count: int, before: Place | None = None, looked: int = LOOKED
) -> FactsFound:
    """At most `count` facts, each once, newest first by the units' clocks; of one unit by the numbers of its journal."""
    if wanted.unit is not None and wanted.unit not in wanted.units:
        return FactsFound([], None, None)
    rows = _of_unit(conn, wanted, wanted.unit, before) if wanted.unit is not None else _by_time(conn, wanted, before)
    found: list[Entry] = []
    last: Place | None = None
    is_wanted = _sieve(wanted)
    for number, entry in enumerate(rows):
        if number >= looked or len(found) >= count:
            return FactsFound(found, last, None if last is None else last[0])
        last = (entry.at_utc, entry.n)
        if is_wanted(entry):
            found.append(entry)
    return FactsFound(found, None, None if last is None else last[0])


def _sieve(wanted: Search) -> Callable[[Entry], bool]:
    """What no index knows: looked at in the line itself."""

    def is_wanted(entry: Entry) -> bool:
        if entry.unit not in wanted.units or (wanted.kinds is not None and entry.kind not in wanted.kinds):
            return False
        if wanted.since_utc is not None and entry.at_utc < wanted.since_utc:
            return False
        if wanted.until_utc is not None and entry.at_utc >= wanted.until_utc:
            return False
        if wanted.door is None and wanted.holder is None:
            return True
        fact = json.loads(entry.line)
        return wanted.door in (None, fact.get("door")) and (wanted.holder is None or wanted.holder in who.ids_of(fact))

    return is_wanted


def _by_time(conn: Connection, wanted: Search, before: Place | None) -> Iterator[Entry]:
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    columns = (facts.c.n, epochs.c.unit, epochs.c.epoch, facts.c.seq, facts.c.at_utc, facts.c.kind, facts.c.line)
    query = select(*columns).select_from(joined).where(facts.c.again.is_(False))
    if wanted.since_utc is not None:
        query = query.where(facts.c.at_utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        query = query.where(facts.c.at_utc < wanted.until_utc)
    order = (facts.c.at_utc.desc(), facts.c.n.desc())
    while True:
        page = query
        if before is not None:
            at_utc, n = before
            page = page.where(or_(facts.c.at_utc < at_utc, and_(facts.c.at_utc == at_utc, facts.c.n < n)))
            page = page.where(facts.c.at_utc <= at_utc)  # by the index alone
        rows = conn.execute(page.order_by(*order).limit(PAGE)).all()
        for row in rows:
            yield Entry(*row)
        if len(rows) < PAGE:
            return
        before = (rows[-1].at_utc, rows[-1].n)


def _of_unit(conn: Connection, wanted: Search, unit: str, before: Place | None) -> Iterator[Entry]:
    """By its journal: its facts are few among those of all."""
    place: tuple[str, int] | None = None
    if before is not None:
        joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
        row = conn.execute(
            select(epochs.c.epoch, facts.c.seq).select_from(joined).where(facts.c.n == before[1], epochs.c.unit == unit)
        ).first()
        if row is None:
            return
        place = (row.epoch, row.seq)
    while True:
        page = of_unit(conn, unit, PAGE, before=place)
        yield from page
        if len(page) < PAGE:
            return
        place = (page[-1].epoch, page[-1].seq)
