"""Proving the books from what is stored: every line against its chain, every batch against the unit's signature.

Only reads. A change of one byte is named by unit, epoch and number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from centre import retention
from centre.schema import batches, epochs, facts, gaps, unit_keys
from contract.chain import Batch, Gap, Header, chain_start, check_batch, gap_line, next_hash, parse_line


@dataclass(frozen=True, slots=True)
class Break:
    """Where the proof fails: `seq` is the number of the fact, 0 for the beginning of the epoch."""

    unit: str
    epoch: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"unit {self.unit} epoch {self.epoch} seq {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found in one epoch."""

    unit: str
    epoch: str
    facts: int
    gaps: int
    batches: int
    link: str
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A fact or a gap: what the chain is made of. `h` is the hash stored after it."""

    first: int
    last: int
    h: bytes
    line: bytes
    row: Row[Any] | None


def proofs(conn: Connection, site: str) -> Iterator[Proof]:
    """One for each epoch of each unit, in the order in which they began."""
    for epoch in conn.execute(select(epochs).order_by(epochs.c.unit, epochs.c.id)).all():
        pieces = list(_pieces(conn, epoch))
        signed = conn.execute(select(batches).where(batches.c.epoch_id == epoch.id).order_by(batches.c.id)).all()
        found = [
            *_beginning(conn, site, epoch),
            *_chain(epoch, pieces),
            *_signatures(conn, site, epoch, pieces, signed),
        ]
        count = sum(piece.row is not None for piece in pieces)
        yield Proof(epoch.unit, epoch.epoch, count, len(pieces) - count, len(signed), epoch.link, tuple(found))


def _pieces(conn: Connection, epoch: Row[Any]) -> Iterator[_Piece]:
    """Facts and gaps of an epoch by number."""
    missing = {
        row.first: _Piece(row.first, row.last, row.h, gap_line(row.first, row.last, row.h.hex()), None)
        for row in conn.execute(select(gaps).where(gaps.c.epoch_id == epoch.id))
    }
    for row in conn.execute(select(facts).where(facts.c.epoch_id == epoch.id).order_by(facts.c.seq)):
        for first in sorted(number for number in missing if number < row.seq):
            yield missing.pop(first)
        yield _Piece(row.seq, row.seq, row.h, row.line, row)
    for first in sorted(missing):
        yield missing[first]


def _beginning(conn: Connection, site: str, epoch: Row[Any]) -> Iterator[Break]:
    """Whether the chain starts from where the books say that it does."""
    at = (epoch.unit, epoch.epoch, epoch.base)
    if epoch.link == "first" and chain_start(site, epoch.unit, epoch.epoch) != epoch.start:
        yield Break(*at, "the chain does not start as a first epoch's does")
    if epoch.link == retention.LINK and (what := retention.fault(conn, site, epoch)) is not None:
        yield Break(*at, what)
    if epoch.link != "linked":
        return
    before = conn.execute(select(epochs).where(epochs.c.id == epoch.previous)).first()
    if before is None:
        yield Break(*at, "the epoch it is linked to is missing")
        return
    if before.link == retention.LINK and epoch.previous_seq < before.base:
        return  # no longer kept; the unit's own signature is over this start
    head = before.start if epoch.previous_seq == before.base else None
    if head is None:
        mine = (facts.c.epoch_id == before.id) & (facts.c.seq == epoch.previous_seq)
        head = conn.execute(select(facts.c.h).where(mine)).scalar()
    if head is None:
        ends = (gaps.c.epoch_id == before.id) & (gaps.c.last == epoch.previous_seq)
        head = conn.execute(select(gaps.c.h).where(ends)).scalar()
    if head is None or chain_start(site, epoch.unit, epoch.epoch, before.epoch, head.hex()) != epoch.start:
        yield Break(*at, f"the chain does not start from fact {epoch.previous_seq} of epoch {before.epoch}")


def _chain(epoch: Row[Any], pieces: list[_Piece]) -> Iterator[Break]:
    """Each line against the hash before and after it; goes on behind a break from what is stored."""
    h, due = epoch.start, epoch.base + 1
    for piece in pieces:
        if piece.first != due:
            what = f"missing ({piece.first - due} facts)" if piece.first > due else "there twice"
            yield Break(epoch.unit, epoch.epoch, min(due, piece.first), what)
        elif piece.row is not None:
            fault = _line_fault(h, piece.row)
            if fault:
                yield Break(epoch.unit, epoch.epoch, piece.first, fault)
        h, due = piece.h, piece.last + 1
    if due != epoch.seq + 1:
        yield Break(epoch.unit, epoch.epoch, min(due, epoch.seq + 1), f"the books end here, and say {epoch.seq}")
    elif h != epoch.head:
        yield Break(epoch.unit, epoch.epoch, epoch.seq, "the chain does not end at the head the books have")


def _line_fault(h: bytes, row: Row[Any]) -> str | None:
    if next_hash(h, row.line) != row.h:
        return "the line is not the one that was chained"
    try:
        fact = parse_line(row.line)
    except ValueError as error:
        return str(error)
    if isinstance(fact, Gap) or (fact.seq, fact.kind, fact.at_utc) != (row.seq, row.kind, row.at_utc):
        return "number, kind or time of the row is not the line's"
    return None


def _signatures(
    conn: Connection, site: str, epoch: Row[Any], pieces: list[_Piece], signed: list[Row[Any]] | Any
) -> Iterator[Break]:
    """Each stored signature over the lines it was given for, and none of the lines without one."""
    publics = {row.id: bytes.fromhex(row.public) for row in conn.execute(select(unit_keys))}
    ends = {piece.last: index for index, piece in enumerate(pieces)}
    starts = {piece.first: index for index, piece in enumerate(pieces)}
    covered = epoch.base
    for row in signed:
        if row.first > covered + 1 and not _only_gaps(pieces, covered + 1, row.first - 1):
            yield Break(epoch.unit, epoch.epoch, covered + 1, "no signature is stored for it")
        covered = max(covered, row.last)
        if row.first not in starts or row.last not in ends:
            continue  # named by the chain already
        lines = tuple(piece.line for piece in pieces[starts[row.first] : ends[row.last] + 1])
        header = Header(
            epoch.unit, epoch.epoch, row.batch, row.first, row.last, row.prev.hex(), row.head.hex(), row.sig
        )
        refusal = check_batch(Batch(header, lines), site, publics[row.key_id])
        if refusal is not None:
            yield Break(epoch.unit, epoch.epoch, row.first, f"batch {row.first} to {row.last}: {refusal.detail}")
    if covered < epoch.seq:
        yield Break(epoch.unit, epoch.epoch, covered + 1, "no signature is stored for it")


def _only_gaps(pieces: list[_Piece], first: int, last: int) -> bool:
    """Whether nothing but a gap lies there: what a unit no longer had, the books never got."""
    return all(piece.row is None for piece in pieces if first <= piece.last and piece.first <= last)
