"""Gaps as the books keep them, and who names each: the unit's signature, or the centre's own journal. Owns the tables gaps and signed_gaps."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from centre import acts, adopted
from centre.books import insert_new
from centre.schema import gaps
from centre.schema_record import signed_gaps
from contract.chain import Batch, Gap, gap_marks, parse_marks, signed_marks


def keep(conn: Connection, epoch_id: int, gap: Gap) -> None:
    row = {"epoch_id": epoch_id, "first": gap.first, "last": gap.last, "h": bytes.fromhex(gap.h)}
    conn.execute(insert(gaps).values(**row))


def name_signed(conn: Connection, epoch_id: int, batch: Batch, site: str, public: bytes, now: float) -> None:
    """Keep how the signature names the gaps of a batch; what an earlier version of a unit left unsigned is the centre's own word."""
    header, marks = batch.header, signed_marks(batch, site, public)
    if marks:
        row = {"epoch_id": epoch_id, "last": header.last, "marks": marks}
        conn.execute(insert_new(conn, signed_gaps).values(**row))
        return
    for mark in parse_marks(gap_marks(header.prev, batch.lines)):
        span = (mark.first, mark.last)
        acts.note(conn, "gap", adopted.gap_data(header.unit, header.epoch, span, mark.before, mark.after), now)


def name_torn(conn: Connection, unit: str, epoch: str, gap: Gap, before: str, now: float) -> None:
    """Facts that never came, where no signature says so: the centre's own word. `before`: the chain's hash (hex) in front of it."""
    acts.note(conn, "gap", adopted.gap_data(unit, epoch, (gap.first, gap.last), before, gap.h), now)
