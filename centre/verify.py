"""Proving the books from what is stored: the centre's own journal, then each unit's epochs against what the unit signed, then all that
the centre made of them. With checkpoints also that nothing was cut off, taken away or signed anew. Only reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, text

from centre import acts, checkpoints, rebuilt, retention
from centre.checkpoints import Checkpoint
from centre.compared import differences
from centre.rebuilt import Steps, UnitFacts
from centre.record import Break, EpochClaim, EpochWalk, MissingFacts, SignedSpan, cutoff_fault
from centre.schema import batches, epochs, forks, unit_keys, units
from centre.schema_record import signed_gaps
from centre.told import Told, gather
from centre.words import _
from contract.chain import Batch, chain_start, open_batch, parse_batch
from contract.refusal import Refusal

_FACTS = text("SELECT seq, h, line, at_utc, kind, again, n FROM facts WHERE epoch_id = :epoch ORDER BY seq")
_GAPS = text("SELECT first, last, h FROM gaps WHERE epoch_id = :epoch")
"""As text, so that the driver's own values come: a third of the time otherwise goes into handing them over."""


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
class RecordFault:
    """What does not hold and is no place in a chain. Not `broken`: only to be said, since a restore of the books explains it."""

    what: str
    broken: bool = True

    def __str__(self) -> str:
        return self.what


def proofs(conn: Connection, given: Sequence[Checkpoint] = ()) -> Iterator[Proof | RecordFault]:
    """One proof for each epoch of each unit, in the order in which they began; and each fault. `given`: checkpoints kept elsewhere."""
    yield from _Proving(conn, given).run()


class _Proving:
    def __init__(self, conn: Connection, given: Sequence[Checkpoint]) -> None:
        self._conn = conn
        self._journal = acts.own_journal(conn)
        self._site = self._journal.site
        self._told = Told()
        self._given = list(given)
        self._steps: Steps = {}
        rows = conn.execute(select(unit_keys)).all()
        self._publics = {row.id: bytes.fromhex(row.public) for row in rows}
        self._owners = {row.id: row.unit for row in rows}
        self._epochs = conn.execute(select(epochs).order_by(epochs.c.unit, epochs.c.id)).all()
        self._by_id = {row.id: row for row in self._epochs}
        self._heads: dict[tuple[str, str], Mapping[int, bytes]] = {}
        """By unit and epoch: the chain's hashes at the numbers that something refers to."""

    def run(self) -> Iterator[Proof | RecordFault]:
        stored, kept, now = acts.stored(self._conn), checkpoints.kept(self._conn), time.time()
        own = checkpoints.read(kept[max(kept)][1]) if kept else ""
        heads = [each.head.acts for each in (*self._given, own) if isinstance(each, Checkpoint)]
        self._told = gather(acts.check(stored, self._site, self._journal.public), now, heads)
        yield from map(RecordFault, self._told.faults)
        yield from (
            RecordFault(_("the books were {restored}").format(restored=each), broken=False)
            for each in self._told.restores
        )
        if self._told.last is None:
            yield RecordFault(_("the centre's own journal is gone"))
        yield from map(RecordFault, differences(self._conn, self._told, now))
        yield from map(RecordFault, rebuilt.alarms_of_centre(self._conn, self._told))
        yield from map(RecordFault, self._own_checkpoints(kept))
        yield from self._units()
        yield from map(RecordFault, rebuilt.courses_of(self._conn, self._steps, self._told))
        for checkpoint in self._given:
            which = _("checkpoint {number}").format(number=checkpoint.head.number)
            for fault in self._against(checkpoint):
                yield RecordFault(_("{which}: {fault}").format(which=which, fault=fault))

    # --- checkpoints

    def _own_checkpoints(self, kept: Mapping[int, tuple[str, bytes]]) -> Iterator[str]:
        """Those of the books against the journal; the newest is then proven with the given ones."""
        told = self._told.checkpoints
        for number in sorted({*kept, *told}):
            digest, body = kept.get(number, ("", b""))
            if digest != told.get(number, ""):
                yield _("checkpoint {number}: not what the journal tells").format(number=number)
                continue
            found = checkpoints.read(body) if body else None
            if isinstance(found, str) or (found is not None and found.head.digest != digest):
                yield _("checkpoint {number}: {fault}").format(
                    number=number, fault=found if isinstance(found, str) else _("is another")
                )
            elif found is not None and number == max(kept):
                self._given.append(found)

    def _against(self, checkpoint: Checkpoint) -> Iterator[str]:
        head = checkpoint.head
        lost = self._told.restored_since(head.at, head.acts + 1)
        if head.site != self._site:
            yield _("of another site, {site}").format(site=head.site)
            return
        if head.key != self._journal.public.hex():
            yield _("signed by another key than the centre's own journal has now")
        if self._told.hashes.get(head.acts, b"").hex() != head.acts_head:
            yield checkpoints.in_words(_("the centre's own journal does not go on from it"), lost)
        if self._told.checkpoints.get(head.number, "") != head.digest:
            yield checkpoints.in_words(_("the centre's own journal tells of none such"), lost)
        publics: dict[str, set[str]] = {}
        for key, unit in self._owners.items():
            publics.setdefault(unit, set()).add(self._publics[key].hex())
        rows = {(row.unit, row.epoch): row for row in self._epochs}
        for leaf in checkpoint.leaves:
            if leaf.key and leaf.key not in publics.get(leaf.unit, set()):
                yield _("unit {unit}: {fault}").format(
                    unit=leaf.unit, fault=checkpoints.in_words(_("its key of then is gone"), lost)
                )
            fault = self._leaf(leaf, rows.get((leaf.unit, leaf.epoch))) if leaf.epoch else None
            if fault:
                yield _("unit {unit} epoch {epoch}: {fault}").format(
                    unit=leaf.unit, epoch=leaf.epoch, fault=checkpoints.in_words(fault, lost)
                )

    def _leaf(self, leaf: checkpoints.Leaf, row: Row[Any] | None) -> str | None:
        if row is None:
            return _("is gone")
        missing = [MissingFacts(*each) for each in self._conn.execute(_GAPS, {"epoch": row.id})]
        name = (leaf.unit, leaf.epoch)
        met = checkpoints.Met(row.base, row.seq, self._heads.get(name, {}), missing)
        return checkpoints.leaf_fault(leaf, met, self._told.given_up.get(name))

    # --- units

    def _units(self) -> Iterator[Proof | RecordFault]:
        """Receipts go along, in the order in which the database sorts units: there may be more of them than memory holds."""
        wanted = self._wanted()
        known: dict[str, list[Row[Any]]] = {}
        for row in self._epochs:
            known.setdefault(row.unit, []).append(row)
        names = list(self._conn.execute(select(units.c.unit).order_by(units.c.unit)).scalars())
        place = {name: number for number, name in enumerate(names)}
        told = rebuilt.receipts_by_unit(self._conn)
        waiting = next(told, None)
        for number, unit in enumerate(names):
            found = UnitFacts(unit, self._told.early.get(unit, {}))
            for row in known.get(unit, ()):
                yield self._epoch(row, found, wanted.get((unit, row.epoch), set()))
            while waiting is not None and place.get(waiting[0], -1) < number:
                yield RecordFault(_("unit {unit}: receipts of a unit that is in no register").format(unit=waiting[0]))
                waiting = next(told, None)
            mine: list[Row[Any]] = []
            if waiting is not None and waiting[0] == unit:
                mine, waiting = waiting[1], next(told, None)
            yield from map(RecordFault, self._unit(found, mine, known.get(unit, [])))
            yield from self._witnessed(found)
        if waiting is not None:
            yield RecordFault(_("unit {unit}: receipts of a unit that is in no register").format(unit=waiting[0]))

    def _wanted(self) -> dict[tuple[str, str], set[int]]:
        """Numbers of each epoch whose hash something refers to: the epoch after, or a checkpoint."""
        found: dict[tuple[str, str], set[int]] = {}
        for row in self._epochs:
            before = self._by_id.get(row.previous)
            if before is not None and row.previous_seq is not None:
                found.setdefault((before.unit, before.epoch), set()).add(row.previous_seq)
        for checkpoint in self._given:
            for leaf in checkpoint.leaves:
                found.setdefault((leaf.unit, leaf.epoch), set()).add(leaf.seq)
        return found

    def _epoch(self, row: Row[Any], found: UnitFacts, wanted: set[int]) -> Proof:
        conn, mine = self._conn, (row.unit, row.epoch)
        claim = EpochClaim(row.unit, row.epoch, row.base, row.start, row.seq, row.head)
        missing = [MissingFacts(*each) for each in conn.execute(_GAPS, {"epoch": row.id})]
        spans, cut, faults = self._spans(row)
        walk = EpochWalk(self._site, claim, spans, missing, self._told.gaps.get(mine, ()), wanted)
        look = partial(rebuilt.look, found, self._steps, row.epoch)
        stored = conn.execute(_FACTS, {"epoch": row.id}).yield_per(1000)
        breaks = [*faults, *self._beginning(row, claim, cut), *walk.run(stored, rebuilt.WATCHED, look)]
        self._heads[mine] = {number: walk.hashes[number] for number in wanted if number in walk.hashes}
        return Proof(row.unit, row.epoch, walk.facts, len(missing), len(spans) + len(cut), row.link, tuple(breaks))

    def _spans(self, row: Row[Any]) -> tuple[list[SignedSpan], list[SignedSpan], list[Break]]:
        """Those of the facts that are there; what is left of those before them, which were given up; faults."""
        marks = {
            each.last: each.marks
            for each in self._conn.execute(select(signed_gaps).where(signed_gaps.c.epoch_id == row.id))
        }
        spans: list[SignedSpan] = []
        cut: list[SignedSpan] = []
        faults = []
        for each in self._conn.execute(select(batches).where(batches.c.epoch_id == row.id).order_by(batches.c.id)):
            if self._owners.get(each.key_id) != row.unit:
                what = _("batch {first} to {last}: by a key of another unit").format(first=each.first, last=each.last)
                faults.append(Break(row.unit, row.epoch, each.first, what))
            public = self._publics.get(each.key_id, b"")
            ends = (each.first, each.last, each.prev, each.head)
            (cut if each.last <= row.base else spans).append(
                SignedSpan(each.batch, *ends, each.sig, public, marks.get(each.last, ""))
            )
        return spans, cut, faults

    def _beginning(self, row: Row[Any], claim: EpochClaim, cut: Sequence[SignedSpan]) -> Iterator[Break]:
        """Whether the chain starts from where the books say that it does. That it was cut is for the centre's own journal to tell."""
        at = (row.unit, row.epoch, row.base)
        if row.link == retention.LINK:
            fault = retention.fault(self._conn, row) or cutoff_fault(self._site, claim, cut)
            if fault is not None:
                yield Break(*at, fault)
            return
        if row.link == "first" and chain_start(self._site, row.unit, row.epoch) != row.start:
            yield Break(*at, _("the chain does not start as a first epoch's does"))
        if row.link != "linked":
            return
        before = self._by_id.get(row.previous)
        if before is None:
            yield Break(*at, _("the epoch it is linked to is missing"))
            return
        head = self._heads.get((before.unit, before.epoch), {}).get(row.previous_seq)
        if head is None and row.previous_seq < before.base:
            return  # given up with age
        if head is None or chain_start(self._site, row.unit, row.epoch, before.epoch, head.hex()) != row.start:
            yield Break(
                *at,
                _("the chain does not start from fact {seq} of epoch {epoch}").format(
                    seq=row.previous_seq, epoch=before.epoch
                ),
            )

    def _unit(self, found: UnitFacts, stored: Sequence[Row[Any]], mine: Sequence[Row[Any]]) -> Iterator[str]:
        publics = [self._publics[key] for key, unit in self._owners.items() if unit == found.unit]
        yield from rebuilt.early_of(self._conn, self._site, found, self._told, publics)
        yield from rebuilt.receipts_of(found, stored, self._told)
        yield from rebuilt.alarms_of(self._conn, self._site, found, self._told, publics)
        yield from rebuilt.again_of(self._conn, found)
        yield from self._forks(found.unit, mine, publics)

    def _witnessed(self, found: UnitFacts) -> Iterator[RecordFault]:
        """Checkpoints that the unit was told of are known here."""
        known = {*self._told.checkpoints.values()} if found.witnessed else set()
        for (epoch, seq), at_utc, digest in found.witnessed:
            if digest not in known:
                lost = self._told.restored_since(at_utc)
                what = _(
                    "unit {unit} epoch {epoch} seq {seq}: was told of a checkpoint that the books do not have"
                ).format(unit=found.unit, epoch=epoch, seq=seq)
                yield RecordFault(checkpoints.in_words(what, lost), broken=lost is None)

    def _forks(self, unit: str, mine: Sequence[Row[Any]], publics: Sequence[bytes]) -> Iterator[str]:
        """What is kept of another history is what the unit signed; and what the journal tells of is kept."""
        for row in mine:
            there = set()
            for fork in self._conn.execute(select(forks).where(forks.c.epoch_id == row.id)):
                there.add((fork.first, fork.last, fork.head.hex()))
                batch = parse_batch(fork.message)
                if isinstance(batch, Refusal) or not self._is_fork(batch, row, fork, publics):
                    yield _("unit {unit} epoch {epoch}: fork {first} to {last}: is not what the unit signed").format(
                        unit=unit, epoch=row.epoch, first=fork.first, last=fork.last
                    )
            told = self._told.forks.get((unit, row.epoch), set())
            for first, last, _head in sorted(there ^ told):
                yield _("unit {unit} epoch {epoch}: fork {first} to {last}: is not what the journal tells").format(
                    unit=unit, epoch=row.epoch, first=first, last=last
                )

    def _is_fork(self, batch: Batch, row: Row[Any], fork: Row[Any], publics: Sequence[bytes]) -> bool:
        header = batch.header
        same = (header.unit, header.epoch, header.first, header.last) == (row.unit, row.epoch, fork.first, fork.last)
        signed = any(not isinstance(open_batch(batch, self._site, public), Refusal) for public in publics)
        return same and header.head == fork.head.hex() and signed
