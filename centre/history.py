"""Each unit's history in the books: opened batches entered into their epoch, once, in order, or answered with what the books have.

Owns the tables epochs, facts, batches and forks. One instance lives over many transactions; after one that failed it is
thrown away, since it remembers what that one would have written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from centre import acts, adopted, gap_names, projections
from centre.alarms import BEHIND, BOOKS_BEHIND, CLONED, FORK, MISMATCH, NEW_EPOCH, TORN, Alarms, Taken
from centre.books import enter_new, insert_many
from centre.early import Early
from centre.limits import Excess, Limits
from centre.moved import Moved, is_earlier
from centre.opening import CheckedBatch, OpenedLines, fact_in, open_rows
from centre.schema import batches, epochs, facts, forks, gaps
from centre.turns import Turns
from centre.units import PinnedKey
from contract.chain import Batch, FactLine, Gap, Header, chain_start, check_signature
from contract.commands import Reason
from contract.facts import ALARMS
from contract.refusal import Refusal

PATIENCE_S = 90.0
"""How long a unit may send from beyond what the books have before they take it that nothing earlier comes. A unit sends
everything unconfirmed again, oldest first, after 30 s."""
LINK_SEARCH = 10_000
"""How many of the last hashes of the epoch before are tried as the start of a new one."""
RECENT_BATCHES = 512
"""Ids of empty batches remembered, so that one delivered twice is not taken for a unit that forgot."""
STRANGERS = 16
"""Epochs of one unit that are waited for at a time, since they do not begin at their first fact."""

_COLUMNS = ("epoch_id", "seq", "h", "at_utc", "kind", "line", "again")
_HEADER = ("epoch_id", "key_id", "batch", "first", "last", "prev", "head", "sig", "taken_utc")
_Row = tuple[int, int, bytes, float, str, bytes, bool]
_WATCHED = projections.KINDS | ALARMS


@dataclass(slots=True)
class Epoch:
    """Where the books stand in one epoch. `ahead_since`: since when the unit sends from beyond, with nothing in between."""

    id: int
    unit: str
    epoch: str
    base: int
    seq: int
    head: bytes
    ahead_since: float | None = None
    outlived: bool = False
    """It was told that the unit had more confirmed than the books have."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What a batch came to: `new` facts entered, `known` ones already there. `epoch` None: nothing to answer yet."""

    epoch: Epoch | None
    new: int = 0
    known: int = 0


class History:
    def __init__(self, conn: Connection, site: str, alarms: Alarms, early: Early, limits: Limits) -> None:
        self._site = site
        self._alarms = alarms
        self._early = early
        self._limits = limits
        self._turns = Turns()
        self._epochs: dict[tuple[str, str], Epoch] = {}
        self._newest: dict[str, Epoch] = {}
        self._strangers: dict[str, dict[str, float]] = {}
        self._empties: dict[str, None] = {}
        self._rows: list[_Row] = []
        self._headers: list[tuple[Any, ...]] = []
        self._receipts: list[projections.Receipt] = []
        self._advanced: dict[int, Epoch] = {}
        self.moved = False
        """Whether units told that they have state in force: who changes keys waits for it, and sets it back."""
        self.outlived: dict[str, str] = {}
        """Units that had more confirmed than the books have, each with a line that says so: who tells it sets it back."""
        self._moved = Moved(conn)

    def take(
        self,
        conn: Connection,
        key: PinnedKey,
        batch: Batch,
        message: bytes,
        now: float,
        checked: CheckedBatch | None = None,
    ) -> Entered | Refusal:
        """Enters a batch of the unit whose key this is. `flush` before the transaction ends. `checked`: with this key, already."""
        header = batch.header
        if checked is None and (refusal := check_signature(batch, self._site, key.public)) is not None:
            return refusal
        epoch = self._find(conn, key.unit, header.epoch)
        if epoch is not None and header.last <= epoch.seq:
            return self._known(conn, epoch, batch, message, now)
        opened = (checked.lines if checked is not None else None) or open_rows(batch)
        if isinstance(opened, Refusal):
            return opened
        if epoch is None:
            begun = self._begin(conn, key, header, now)
            if not isinstance(begun, Epoch):
                return begun or Entered(None)
            epoch = begun
            if header.last <= epoch.seq:
                return self._known(conn, epoch, batch, message, now)
        if header.first > epoch.seq + 1:
            return self._ahead(conn, epoch, key, batch, opened, now)
        if header.first <= epoch.seq and not self._continues(conn, epoch, batch, opened):
            return self._fork(conn, epoch, batch, message, now)
        if header.first == epoch.seq + 1 and bytes.fromhex(header.prev) != epoch.head:
            return self._fork(conn, epoch, batch, message, now)
        return self._too_many_gaps(epoch, opened, now) or self._enter(conn, epoch, key, batch, opened, now)

    def stands(self, unit: str) -> tuple[str, int]:
        """Where the unit's epoch stands that was entered into last, as far as is known without a look at the books: its name and number."""
        epoch = self._newest.get(unit)
        return ("", 0) if epoch is None else (epoch.epoch, epoch.seq)

    def has(self, conn: Connection, unit: str, name: str, seq: int) -> bool:
        """Whether the books are past this number of that epoch."""
        epoch = self._find(conn, unit, name)
        return epoch is not None and seq <= epoch.seq

    def understand(self, conn: Connection, unit: str, fact: FactLine, now: float) -> None:
        """What a fact means beyond being kept; `flush` writes it."""
        self.moved = self.moved or fact.kind in projections.APPLIED
        receipt = projections.enter(conn, unit, fact, now) if fact.kind in projections.KINDS else None
        if receipt is not None:
            self._receipts.append(receipt)

    def flush(self, conn: Connection) -> None:
        """Writes what `take` gathered."""
        if self._rows:
            insert_many(conn, facts, _COLUMNS, self._rows)
            self._rows = []
        if self._headers:
            insert_many(conn, batches, _HEADER, self._headers)
            self._headers = []
        if self._receipts:
            projections.receive(conn, self._receipts)
            self._receipts = []
        if self._advanced:
            moves = [{"of": epoch.id, "to": epoch.seq, "hash": epoch.head} for epoch in self._advanced.values()]
            there = update(epochs).where(epochs.c.id == bindparam("of"))
            conn.execute(there.values(seq=bindparam("to"), head=bindparam("hash")), moves)
            self._advanced = {}

    # --- where a batch belongs

    def _find(self, conn: Connection, unit: str, name: str) -> Epoch | None:
        found = self._epochs.get((unit, name))
        if found is None:
            row = conn.execute(select(epochs).where(epochs.c.unit == unit, epochs.c.epoch == name)).first()
            if row is None:
                return None
            found = self._epochs[unit, name] = Epoch(row.id, unit, name, row.base, row.seq, row.head)
        return found

    def _begin(self, conn: Connection, key: PinnedKey, header: Header, now: float) -> Epoch | Refusal | None:
        """A new epoch in the books. One that does not begin at 1 is waited for; then what came before it is lost."""
        mark = (header.unit, header.epoch)
        if 1 < header.first > header.last:
            detail = f"books older than unit {key.unit}: restored? Its epoch {header.epoch} is not in them"
            if self._alarms.raise_own(conn, key.unit, BOOKS_BEHIND, header.epoch, 0, detail, now):
                self.outlived[key.unit] = detail
        if header.first > 1 and self._awaits(key.unit, header.epoch, now):
            return None
        if not self._limits.take(key.unit, Excess.EPOCH, now):
            return Refusal(Reason.RATE, "more epochs than one unit may begin")
        if header.first > 1:
            self._torn(conn, key.unit, header.epoch, 1, header.first - 1, now)
        self._strangers.get(key.unit, {}).pop(header.epoch, None)
        if any(epoch.unit == key.unit for epoch in self._advanced.values()):
            self.flush(conn)  # the epoch before is looked at below
        before = conn.execute(select(epochs).where(epochs.c.unit == key.unit).order_by(epochs.c.id.desc())).first()
        start, base = bytes.fromhex(header.prev), header.first - 1
        link, previous_seq = ("torn", None) if base else self._link(conn, header, start, before)
        row = {"unit": key.unit, "epoch": header.epoch, "base": base, "start": start, "link": link, "seq": base}
        row |= {
            "previous": before.id if before else None,
            "previous_seq": previous_seq,
            "head": start,
            "begun_utc": now,
        }
        number: int = conn.execute(insert(epochs).values(**row).returning(epochs.c.id)).scalar_one()
        acts.note(conn, "epoch", adopted.epoch_data(row), now)
        if before is not None and not _enrolled_anew(conn, before, key):
            detail = f"after epoch {before.epoch}, {link}"
            self._alarms.raise_own(conn, key.unit, NEW_EPOCH, header.epoch, 0, detail, now)
        epoch = self._epochs[mark] = Epoch(number, key.unit, header.epoch, base, base, start)
        return epoch

    def _awaits(self, unit: str, epoch: str, now: float) -> bool:
        """Whether the beginning of an epoch may still come."""
        waiting = self._strangers.setdefault(unit, {})
        since = waiting.setdefault(epoch, now)
        if len(waiting) > STRANGERS:
            del waiting[next(iter(waiting))]
        return now - since < PATIENCE_S

    def _link(self, conn: Connection, header: Header, start: bytes, before: Row[Any] | None) -> tuple[str, int | None]:
        """How the start of a new epoch follows from the unit's epoch before: at its head, or at an earlier number of it."""
        if start == chain_start(self._site, header.unit, header.epoch):
            return ("first" if before is None else "unlinked"), None
        if before is None:
            return "unlinked", None

        def follows(h: bytes) -> bool:
            return chain_start(self._site, header.unit, header.epoch, before.epoch, h.hex()) == start

        if follows(before.head):
            return "linked", before.seq
        if follows(before.start):
            return "linked", before.base
        last = select(facts.c.seq, facts.c.h).where(facts.c.epoch_id == before.id).order_by(facts.c.seq.desc())
        for seq, h in conn.execute(last.limit(LINK_SEARCH)):
            if follows(h):
                return "linked", seq
        return "unlinked", None

    # --- what is known already, or not yet

    def _known(self, conn: Connection, epoch: Epoch, batch: Batch, message: bytes, now: float) -> Entered | Refusal:
        """All of it should be in the books: the hash at its end tells, without a look at the lines."""
        header = batch.header
        h = self._hash_at(conn, epoch, header.last)
        if h is not None and h.hex() != header.head:
            return self._fork(conn, epoch, batch, message, now)
        empty = header.last < header.first
        if empty and header.last < epoch.seq and header.batch not in self._empties:
            detail = f"knows {header.last} facts, the books have {epoch.seq}"
            self._alarms.raise_own(conn, epoch.unit, BEHIND, epoch.epoch, header.last, detail, now)
        if empty:
            self._empties[header.batch] = None
            if len(self._empties) > RECENT_BATCHES:
                del self._empties[next(iter(self._empties))]
        return Entered(epoch, known=header.last - header.first + 1)

    def _ahead(
        self, conn: Connection, epoch: Epoch, key: PinnedKey, batch: Batch, opened: OpenedLines, now: float
    ) -> Entered | Refusal:
        """From beyond what the books have: answered with where they stand, and taken only when nothing earlier comes."""
        first = batch.header.first
        if batch.header.last < first:
            self._outlived(conn, epoch, first - 1, now)
        epoch.ahead_since = now if epoch.ahead_since is None else epoch.ahead_since
        if now - epoch.ahead_since < PATIENCE_S:
            return Entered(epoch)
        if (refusal := self._too_many_gaps(epoch, opened, now)) is not None:
            return refusal
        self._torn(conn, epoch.unit, epoch.epoch, epoch.seq + 1, first - 1, now)
        torn = Gap(epoch.seq + 1, first - 1, batch.header.prev)
        gap_names.keep(conn, epoch.id, torn)
        gap_names.name_torn(conn, epoch.unit, epoch.epoch, torn, epoch.head.hex(), now)
        return self._enter(conn, epoch, key, batch, opened, now)

    def _outlived(self, conn: Connection, epoch: Epoch, last: int, now: float) -> None:
        """An empty batch says that all up to `last` was confirmed. The unit sends again what it still has: that is told once."""
        if epoch.outlived:
            return
        epoch.outlived = True
        detail = f"books older than unit {epoch.unit}: restored? Its facts up to {last} were confirmed, the books have {epoch.seq}"
        if self._alarms.raise_own(conn, epoch.unit, BOOKS_BEHIND, epoch.epoch, last, detail, now):
            self.outlived[epoch.unit] = detail

    def _torn(self, conn: Connection, unit: str, epoch: str, first: int, last: int, now: float) -> None:
        detail = f"books older than unit {unit}: facts {first} to {last} are lost, it has them no more"
        if self._alarms.raise_own(conn, unit, TORN, epoch, last + 1, detail, now):
            self.outlived[unit] = detail

    def _continues(self, conn: Connection, epoch: Epoch, batch: Batch, opened: OpenedLines) -> bool:
        """Whether a batch that begins in what the books have goes on from it: its chain passes through their head."""
        for place, number in enumerate(opened.numbers):
            if number > epoch.seq:
                break  # a gap hides our head: only its beginning can be compared
            if number == epoch.seq:
                return opened.hash_at(place) == epoch.head
        ours = self._hash_at(conn, epoch, batch.header.first - 1)
        return ours is None or ours.hex() == batch.header.prev

    def _hash_at(self, conn: Connection, epoch: Epoch, seq: int) -> bytes | None:
        """The chain's hash after `seq`; None where the books cannot know it (inside a gap, before their beginning)."""
        if seq == epoch.seq:
            return epoch.head
        self.flush(conn)
        mine = facts.c.epoch_id == epoch.id
        found: bytes | None = conn.execute(select(facts.c.h).where(mine, facts.c.seq == seq)).scalar()
        if found is None:
            ends = (gaps.c.epoch_id == epoch.id) & (gaps.c.last == seq)
            found = conn.execute(select(gaps.c.h).where(ends)).scalar()
        if found is None:  # the base of the row, which `retain` may have moved meanwhile
            found = conn.execute(select(epochs.c.start).where(epochs.c.id == epoch.id, epochs.c.base == seq)).scalar()
        return found

    def _fork(self, conn: Connection, epoch: Epoch, batch: Batch, message: bytes, now: float) -> Entered | Refusal:
        """Kept beside what the books have, as long as there are not too many of the unit's. Answered: the unit begins a new epoch."""
        header = batch.header
        self._limits.useless(epoch.unit, now)
        if self._limits.take(epoch.unit, Excess.FORK, now):
            opened = open_rows(batch)
            if isinstance(opened, Refusal):
                return opened
            row = {"epoch_id": epoch.id, "first": header.first, "last": header.last, "head": bytes.fromhex(header.head)}
            if enter_new(conn, forks, row | {"message": message, "taken_utc": now}):
                acts.note(conn, "fork", adopted.fork_data(epoch.unit, epoch.epoch, row), now)
        detail = (
            f"facts {header.first} to {header.last} are of another history than the books have ({header.head[:12]})"
        )
        self._alarms.raise_own(conn, epoch.unit, FORK, epoch.epoch, header.last, detail, now)
        return Entered(epoch)

    # --- entering

    def _enter(
        self, conn: Connection, epoch: Epoch, key: PinnedKey, batch: Batch, opened: OpenedLines, now: float
    ) -> Entered:
        header, known = batch.header, epoch.seq
        if self._turns.heard(epoch.unit, epoch.epoch, header.last, now):
            detail = "two journals of its key grow in turns: another box has its identity"
            self._alarms.raise_own(conn, epoch.unit, CLONED, epoch.epoch, int(now), detail, now)
        for _, gap in opened.gaps:
            if gap.last > known:
                gap_names.keep(conn, epoch.id, Gap(max(gap.first, known + 1), gap.last, gap.h))
        awaited = self._alarms.awaited(epoch.unit, epoch.epoch) | self._early.waits(epoch.unit, epoch.epoch)
        elsewhere = self._moved.elsewhere(conn, epoch.unit, epoch.epoch, header.first, header.last)
        missing = {place for place, _ in opened.gaps}
        rows: list[_Row] = []
        watched: list[tuple[FactLine, bytes]] = []
        whole = zip(opened.numbers, opened.at_utc, opened.kinds, batch.lines, strict=True)
        for place, (seq, at_utc, kind, line) in enumerate(whole):
            if seq <= known or place in missing:
                continue
            again = place in opened.renumbered and self._again(conn, epoch, line)
            rows.append((epoch.id, seq, opened.hash_at(place), at_utc, kind, line, again or seq in elsewhere))
            if kind in _WATCHED or seq in awaited:
                watched.append((fact_in(line), line))
        if missing:
            gap_names.name_signed(conn, epoch.id, batch, self._site, key.public, now)
        self._rows += rows
        epoch.seq, epoch.head, epoch.ahead_since = header.last, bytes.fromhex(header.head), None
        self._advanced[epoch.id] = self._newest[epoch.unit] = epoch
        self._headers.append(_header_row(epoch, key, header, now))
        self._understand(conn, epoch, watched, now)
        return Entered(epoch, new=len(rows), known=max(0, known - header.first + 1))

    def _again(self, conn: Connection, epoch: Epoch, line: bytes) -> bool:
        """Whether a fact taken over from an earlier epoch is in the books already, under its first number or another later one."""
        was = fact_in(line).data["was"]
        if not is_earlier(was, epoch.epoch):
            return False
        assert isinstance(was, list)
        self.flush(conn)
        first = self._find(conn, epoch.unit, was[0])
        return self._moved.again(conn, epoch.unit, was, None if first is None else first.id)

    def _understand(
        self, conn: Connection, epoch: Epoch, watched: Sequence[tuple[FactLine, bytes]], now: float
    ) -> None:
        if self._alarms.waits(epoch.unit, epoch.epoch) or any(fact.kind in ALARMS for fact, _ in watched):
            awaited = self._alarms.awaited(epoch.unit, epoch.epoch)
            urgent = [
                Taken(fact.seq, fact.kind, line) for fact, line in watched if fact.kind in ALARMS or fact.seq in awaited
            ]
            self._alarms.match(conn, epoch.unit, epoch.epoch, urgent, now)
        ahead = self._early.waits(epoch.unit, epoch.epoch)
        for fact, line in watched:
            if fact.seq in ahead and not self._early.match(conn, epoch.unit, epoch.epoch, fact.seq, line):
                detail = "not the line of the receipt that came ahead"
                self._alarms.raise_own(conn, epoch.unit, MISMATCH, epoch.epoch, fact.seq, detail, now)
            self.understand(conn, epoch.unit, fact, now)

    def _too_many_gaps(self, epoch: Epoch, opened: OpenedLines, now: float) -> Refusal | None:
        if not opened.gaps or self._limits.take(epoch.unit, Excess.GAP, now, len(opened.gaps)):
            return None
        return Refusal(Reason.RATE, "more gaps than one unit may leave")


def _header_row(epoch: Epoch, key: PinnedKey, header: Header, now: float) -> tuple[Any, ...]:
    span, ends = (header.first, header.last), (bytes.fromhex(header.prev), bytes.fromhex(header.head))
    return (epoch.id, key.id, header.batch, *span, *ends, header.sig, now)


def _enrolled_anew(conn: Connection, before: Row[Any], key: PinnedKey) -> bool:
    """Whether the epoch before was signed with another key: the box was replaced."""
    last = select(batches.c.key_id).where(batches.c.epoch_id == before.id).order_by(batches.c.id.desc())
    used = conn.execute(last).scalar()
    return used is not None and used != key.id
