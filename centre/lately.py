"""The last facts of one unit, newest first, found by the numbers of its own journal. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from centre.reports import Entry
from centre.schema import epochs, facts

PAGE = 200
"""Facts read at a time."""
LOOKED = 2000
"""Facts of a unit that are looked at for those of a kind."""


def of_unit(
    conn: Connection,
    unit: str,
    count: int,
    *,
    kinds: Collection[str] | None = None,
    before: tuple[str, int] | None = None,
    looked: int = LOOKED,
) -> list[Entry]:
    """At most `count`, each once. `before`: only those ahead of this number of this epoch. `kinds`: only these, among the last `looked`."""
    found: list[Entry] = []
    for number, entry in enumerate(_newest(conn, unit, before)):
        if number >= looked or len(found) >= count:
            break
        if kinds is None or entry.kind in kinds:
            found.append(entry)
    return found


def _newest(conn: Connection, unit: str, before: tuple[str, int] | None) -> Iterator[Entry]:
    begun = select(epochs.c.id, epochs.c.epoch).where(epochs.c.unit == unit).order_by(epochs.c.id.desc())
    is_before = before is None
    for epoch_id, epoch in conn.execute(begun).all():
        if not is_before and before is not None and epoch != before[0]:
            continue
        seq = None if is_before or before is None else before[1]
        is_before = True
        yield from _of_epoch(conn, unit, epoch_id, epoch, seq)


def _of_epoch(conn: Connection, unit: str, epoch_id: int, epoch: str, seq: int | None) -> Iterator[Entry]:
    c = facts.c
    while True:
        wanted = select(c.n, c.seq, c.at_utc, c.kind, c.line, c.again).where(c.epoch_id == epoch_id)
        wanted = wanted if seq is None else wanted.where(c.seq < seq)
        rows = conn.execute(wanted.order_by(c.seq.desc()).limit(PAGE)).all()
        for row in rows:
            if not row.again:
                yield Entry(row.n, unit, epoch, row.seq, row.at_utc, row.kind, row.line)
        if len(rows) < PAGE:
            return
        seq = rows[-1].seq
