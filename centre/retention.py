"""Facts kept no longer than they have to be: the oldest whole batches of an epoch go, and a checkpoint stays in their place.

The chain goes on from the checkpoint, and the last batch that went stays by its header: the unit's own signature over the hash there.
Owns the table pruned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.schema import alarms, batches, commands, courses, epochs, facts, forks, gaps, pruned, receipts, unit_keys
from contract.chain import Header, signed_header

LEAST_MONTHS = 6
MONTH_S = 31 * 86_400.0
LINK = "pruned"
"""Of an epoch that begins at a checkpoint."""
SLICE = 20_000
MOST_BATCHES = 2000
"""Facts and batches taken out in one transaction, about: `serve` waits for less than a second."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many facts went, of how many epochs."""

    facts: int
    epochs: int


def retain(centre: OpenCentre, months: int, now: float) -> Pruned:
    """Facts that came over `months` ago go, as far as whole batches do, and what was made of them. Raises CentreError under six months."""
    if months < LEAST_MONTHS:
        raise CentreError(f"--months: at least {LEAST_MONTHS}", WRONG_USE)
    before_utc = now - months * MONTH_S
    with centre.books.reading() as conn:
        numbers = list(conn.execute(select(epochs.c.id).order_by(epochs.c.id)).scalars())
    gone = []
    for number in numbers:
        slices = list(_slices(centre, number, before_utc, now))
        gone += [sum(slices)] if slices else []
    with centre.books.writing() as conn:
        _forget(conn, before_utc)
    return Pruned(sum(gone), len(gone))


def _slices(centre: OpenCentre, number: int, before_utc: float, now: float) -> Iterator[int]:
    while True:
        with centre.books.writing() as conn:
            step = _prune(conn, number, before_utc, now)
        if step is None:
            return
        yield step


def _prune(conn: Connection, number: int, before_utc: float, now: float) -> int | None:
    """One slice of an epoch. Returns how many facts went; None where nothing is left to go."""
    epoch = conn.execute(select(epochs).where(epochs.c.id == number)).one()
    last = _boundary(conn, epoch, before_utc)
    if last is None:
        return None
    mine = facts.c.epoch_id == number
    h = conn.execute(select(batches.c.head).where(batches.c.epoch_id == number, batches.c.last == last)).scalar_one()
    _checkpoint(conn, epoch, last, h, now)
    gone = conn.execute(delete(facts).where(mine, facts.c.seq <= last)).rowcount
    conn.execute(delete(gaps).where(gaps.c.epoch_id == number, gaps.c.last <= last))
    conn.execute(delete(batches).where(batches.c.epoch_id == number, batches.c.last < last))
    conn.execute(delete(forks).where(forks.c.epoch_id == number, forks.c.last <= last))
    return gone


def _boundary(conn: Connection, epoch: Row[Any], before_utc: float) -> int | None:
    """The last number of an old batch that no later one reaches back over, so that every signature that stays has its lines."""
    mine = and_(batches.c.epoch_id == epoch.id, batches.c.last > epoch.base)
    columns = select(batches.c.id, batches.c.first, batches.c.last, batches.c.taken_utc)
    old: list[Row[Any, Any, Any, Any]] = []
    for row in conn.execute(columns.where(mine).order_by(batches.c.last).limit(MOST_BATCHES)):
        if row.taken_utc >= before_utc or (old and row.last > epoch.base + SLICE):
            break
        old.append(row)
    if not old:
        return None
    after = select(func.min(batches.c.first)).where(mine, batches.c.last > old[-1].last)
    lowest = conn.execute(after).scalar()
    for row in reversed(old):
        if lowest is None or lowest > row.last:
            return int(row.last)
        lowest = min(lowest, row.first)
    return None


def _checkpoint(conn: Connection, epoch: Row[Any], last: int, h: bytes, now: float) -> None:
    values = {"base": last, "h": h, "pruned_utc": now}
    if epoch.link == LINK:
        conn.execute(update(pruned).where(pruned.c.epoch_id == epoch.id).values(**values))
    else:
        conn.execute(insert(pruned).values(epoch_id=epoch.id, link=epoch.link, start=epoch.start, **values))
    conn.execute(update(epochs).where(epochs.c.id == epoch.id).values(base=last, start=h, link=LINK))


def _forget(conn: Connection, before_utc: float) -> None:
    """What was made of facts that are gone, and orders as old: receipts, courses, alarms that the chain brought."""
    conn.execute(delete(courses).where(courses.c.heard_utc < before_utc))
    conn.execute(delete(commands).where(commands.c.exp_utc < before_utc))
    times = (receipts.c.received_utc, receipts.c.shown_utc, receipts.c.ended_utc)
    conn.execute(delete(receipts).where(*(or_(each.is_(None), each < before_utc) for each in times)))
    conn.execute(delete(alarms).where(alarms.c.taken_utc < before_utc, alarms.c.matched.is_(True)))


def fault(conn: Connection, site: str, epoch: Row[Any]) -> str | None:
    """Why the checkpoint an epoch begins with does not hold; None where the unit signed it."""
    row = conn.execute(select(pruned).where(pruned.c.epoch_id == epoch.id)).first()
    if row is None or (row.base, row.h) != (epoch.base, epoch.start):
        return "there is no checkpoint of what came before"
    ends = and_(batches.c.epoch_id == epoch.id, batches.c.last == epoch.base)
    joined = select(batches, unit_keys.c.public).join(unit_keys, batches.c.key_id == unit_keys.c.id)
    for batch in conn.execute(joined.where(ends)):
        span, hashes = (batch.first, batch.last), (batch.prev.hex(), batch.head.hex())
        header = Header(epoch.unit, epoch.epoch, batch.batch, *span, *hashes, batch.sig)
        if batch.head == epoch.start and signed_header(header, site, bytes.fromhex(batch.public)):
            return None
    return "the unit's signature over the checkpoint does not hold"
