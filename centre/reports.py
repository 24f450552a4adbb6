"""What the books tell: facts in order, coverage of a notice. Only reads."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from centre import state, units
from centre.books import Books
from centre.errors import BadValueError
from centre.opened import OpenCentre
from centre.schema import epochs, facts, receipts
from centre.words import _
from contract.facts.declaration import KINDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact. `n` grows in order of arrival."""

    n: int
    unit: str
    epoch: str
    seq: int
    at_utc: float
    kind: str
    line: bytes


PAGE = 1000
"""Facts read at a time: a look that stays open while a person reads would keep the database from tidying up behind it."""
FOLLOW_S = 0.5


@dataclass(frozen=True, slots=True)
class FactFilter:
    """Which facts; None means any. Times by the unit's clock: from `since_utc`, before `until_utc`."""

    unit: str | None = None
    kinds: frozenset[str] | None = None
    door: str | None = None
    since_utc: float | None = None
    until_utc: float | None = None


def entries(conn: Connection, wanted: FactFilter, *, after: int = 0, before: int | None = None) -> list[Entry]:
    """At most PAGE facts with a number over `after`, in order of arrival, each once: one that came again under a later number is left out.

    With `before` the last ones ahead of that number. The door is not looked at.
    """
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    columns = (facts.c.n, epochs.c.unit, epochs.c.epoch, facts.c.seq, facts.c.at_utc, facts.c.kind, facts.c.line)
    query = select(*columns).select_from(joined).where(facts.c.n > after, facts.c.again.is_(False)).limit(PAGE)
    if before is not None:
        query = query.where(facts.c.n < before)
    if wanted.unit is not None:
        query = query.where(epochs.c.unit == wanted.unit)
    if wanted.kinds is not None:
        query = query.where(facts.c.kind.in_(wanted.kinds))
    if wanted.since_utc is not None:
        query = query.where(facts.c.at_utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        query = query.where(facts.c.at_utc < wanted.until_utc)
    if before is None:
        return [Entry(*row) for row in conn.execute(query.order_by(facts.c.n))]
    return [Entry(*row) for row in conn.execute(query.order_by(facts.c.n.desc()))][::-1]


def pages(books: Books, wanted: FactFilter, after: int = 0) -> Iterator[list[Entry]]:
    """All there are with a number over `after`, each page from a look of its own; none is empty."""
    while True:
        with books.reading() as conn:
            page = entries(conn, wanted, after=after)
        if page:
            yield page
            after = page[-1].n
        if len(page) < PAGE:
            return


def facts_of(
    centre: OpenCentre, wanted: FactFilter, *, last: int | None = None, follow: bool = False
) -> Iterator[Entry]:
    """Facts in order of arrival, page by page; of them the `last` so many. `follow` goes on with those that come, without end.

    Raises CentreError (wrong use) where there is no such unit or kind.
    """
    with centre.books.reading() as conn:
        _check(conn, centre.site.site, wanted)
        newest = conn.execute(select(func.max(facts.c.n))).scalar() or 0
    after = 0
    if last is not None:
        yield from _last(centre, wanted, newest, last)
        after = newest
    while True:
        for page in pages(centre.books, wanted, after):
            yield from (entry for entry in page if _at_door(entry, wanted.door))
            after = page[-1].n
        if not follow:
            return
        time.sleep(FOLLOW_S)


def kinds_named(names: Iterable[str]) -> frozenset[str]:
    """Kinds of fact by their names; `door` stands for every `door.…`."""
    families = {name: {kind for kind in KINDS if kind.startswith(f"{name}.")} for name in names}
    return frozenset(kind for name, family in families.items() for kind in family or {name})


def _check(conn: Connection, site: str, wanted: FactFilter) -> None:
    """Raises CentreError (wrong use) for a unit that is none, and a kind that neither this version nor the books know."""
    if wanted.unit is not None:
        units.one(conn, site, wanted.unit)
    for kind in sorted((wanted.kinds or frozenset()) - KINDS.keys()):
        if conn.execute(select(facts.c.n).where(facts.c.kind == kind).limit(1)).first() is None:
            near = difflib.get_close_matches(kind, [*KINDS, *{known.partition(".")[0] for known in KINDS}], 3)
            raise BadValueError(
                "kind",
                _("no such kind: {kind}").format(kind=kind)
                + (_(_("; is it {near}?")).format(near=_(" or ").join(near)) if near else ""),
            )


def _last(centre: OpenCentre, wanted: FactFilter, newest: int, count: int) -> list[Entry]:
    """The last `count` up to number `newest`."""
    found: list[Entry] = []
    before = newest + 1
    while len(found) < count:
        with centre.books.reading() as conn:
            page = entries(conn, wanted, before=before)
        found = [entry for entry in page if _at_door(entry, wanted.door)] + found
        if len(page) < PAGE:
            break
        before = page[0].n
    return found[-count:]


def _at_door(entry: Entry, door: str | None) -> bool:
    return door is None or json.loads(entry.line).get("door") == door


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a notice got at one unit, by the unit's clock but for `sent_utc`."""

    unit: str
    sent_utc: float | None
    received_utc: float | None
    shown_utc: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the newest revision of a notice, over the units of its scope."""

    notice: str
    rev: int
    scope: str
    withdrawn: bool
    units: tuple[Seen, ...]

    def counts(self) -> tuple[int, int, int, int]:
        """All, sent, received, shown."""
        sent = sum(unit.sent_utc is not None for unit in self.units)
        received = sum(unit.received_utc is not None for unit in self.units)
        return len(self.units), sent, received, sum(unit.shown_utc is not None for unit in self.units)


def coverage(conn: Connection, site: str, notice: str) -> Coverage:
    """Raises CentreError where there is no such notice."""
    row = state.notice_row(conn, notice)
    mine = (receipts.c.notice == notice) & (receipts.c.rev == row.rev)
    got = {receipt.unit: receipt for receipt in conn.execute(select(receipts).where(mine))}
    found = []
    for unit in units.listed(conn, site):
        if unit.revoked or row.scope not in map(str, unit.scopes):
            continue
        receipt = got.get(unit.unit)
        received = receipt.received_utc if receipt else None
        shown = receipt.shown_utc if receipt else None
        # what was shown was received, whichever of the two facts came first
        found.append(Seen(unit.unit, row.sent_utc, received if received is not None else shown, shown))
    return Coverage(notice, row.rev, row.scope, row.withdrawn, tuple(found))
