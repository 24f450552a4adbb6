"""What the books tell: facts in order, coverage of a notice. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from centre import state, units
from centre.opened import OpenCentre
from centre.schema import epochs, facts, receipts


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


def entries(
    conn: Connection, unit: str | None = None, since_utc: float | None = None, after: int = 0
) -> Iterator[Entry]:
    """Facts in order of arrival, each once: one that came again under a later number is left out."""
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    columns = (facts.c.n, epochs.c.unit, epochs.c.epoch, facts.c.seq, facts.c.at_utc, facts.c.kind, facts.c.line)
    wanted = select(*columns).select_from(joined).where(facts.c.n > after, facts.c.again.is_(False))
    if unit is not None:
        wanted = wanted.where(epochs.c.unit == unit)
    if since_utc is not None:
        wanted = wanted.where(facts.c.at_utc >= since_utc)
    for row in conn.execute(wanted.order_by(facts.c.n).execution_options(yield_per=1000)):
        yield Entry(*row)


def facts_of(centre: OpenCentre, unit_id: str | None, since_utc: float | None) -> Iterator[Entry]:
    """As entries, from one look at the books. Raises CentreError (wrong use) where there is no such unit."""
    with centre.books.reading() as conn:
        if unit_id is not None:
            units.one(conn, centre.site.site, unit_id)
        yield from entries(conn, unit_id, since_utc)


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
