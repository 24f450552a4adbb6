"""journal.db, the precious one: facts with their chain, commands seen, revisions, keys, epochs, boots. SQL only: no thread, no retry, no event loop.

Every method may raise what faults.STORAGE_ERRORS names; the caller sorts it. In-memory state changes only after a commit.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.core.effects import AppendFacts, DatedFact, KeptMode, KeptTries, SaveState, UsedVisitor
from agent.core.events.store import BatchLoaded, PendingCommand, Recorded
from agent.core.marks import CheckedIn
from agent.core.time import KnownTime
from agent.store import bodies, database
from agent.store.database import Database, Transaction
from agent.store.evidence import course
from agent.store.faults import STORAGE_ERRORS, DamagedError
from agent.store.rows import (
    blob,
    forget_revs,
    forget_seen,
    forget_visited,
    keep_secrets,
    number,
    only,
    put_keys,
    put_life,
    put_position,
    put_rev,
    put_secrets,
    put_with,
    secrets,
    tries,
    unreported_checkins,
    visited,
)
from agent.store.schema import journal_kind, unseal
from contract import chain
from contract.facts import Keep, data_of, declared, kind_of
from contract.frozen import frozen
from contract.messages import Keys, Secrets

TAIL = 64
"""Facts at the end whose chain is checked at each opening."""

POSITION_EVERY_S = 60.0
"""The confirmed position is written with a fact's own commit, at most this often. Losing it only sends some facts again, which count once."""

MAX_LINE = 16 * 1024
"""Bytes a fact's line may have; ours stay below 1 KB."""

REVS = 10_000
"""Notices whose revision is remembered, at least; those named first are forgotten first (limits.REVS_MAX of the core)."""

REFUSED = 10_000
"""Refused commands whose ids are kept, at least: five hours of a flood (limits.REFUSED_RATE of the core)."""

OPENS = 64
"""Opens told to a start: six a minute and door, and few doors."""

_ENDS = 4096
_LAST_UTC = 253402300799.0  # the last second of the year 9999: what a line can say


@frozen
class Draft:
    """Records made into rows, not committed yet. `before`, `head`: the chain around them."""

    records: tuple[AppendFacts, ...]
    rows: tuple[tuple[Any, ...], ...]
    outcomes: tuple[Recorded, ...]
    before: bytes
    head: bytes


class Journal:
    """An open journal. `head`: chain hash after the last fact; `confirmed_h`, `base_h` likewise for those numbers."""

    def __init__(self, db: Database, site: str, unit: str) -> None:
        self.db = db
        self.site = site
        self.unit = unit
        self.boot = 0
        self.swept: list[int] = []
        """By rank: no droppable fact of it is left up to this number (room.py)."""
        self._ends: OrderedDict[int, bytes] = OrderedDict()
        self._saved_confirmed = 0
        self._revs = 0  # how many there are at most
        self.saved_mono = time.monotonic()
        self.load()

    def load(self) -> None:
        """Read position and end from the file, and check the chain of the last facts."""
        self._ends.clear()
        self.swept = [0] * len(Keep)
        one = self.db.conn.execute
        row = only(one("SELECT confirmed, confirmed_h, base, base_h, sum FROM position").fetchone())
        unseal(row[4], *row[:4])
        self.confirmed: int = row[0]
        self.confirmed_h: bytes = row[1]
        self.base: int = row[2]
        self.base_h: bytes = row[3]
        self._saved_confirmed = self.confirmed
        row = only(one("SELECT epoch, utc, prev_epoch, prev_head, sum FROM epochs ORDER BY n DESC LIMIT 1").fetchone())
        unseal(row[4], *row[:4])
        self.epoch: str = row[0]
        self.epoch_utc: float = row[1]
        row = only(one("SELECT boot, clean, floor, sum FROM life").fetchone())
        unseal(row[3], *row[:3])
        self.boot, self.clean = row[0], bool(row[1])
        self._load_end()

    def _load_end(self) -> None:
        rows = self.db.conn.execute(
            "SELECT seq, first, line, h FROM facts ORDER BY seq DESC LIMIT ?", (TAIL,)
        ).fetchall()[::-1]
        self.next_seq, self.head = self.base + 1, self.base_h
        if rows:
            self.next_seq, self.head = rows[-1][0] + 1, blob(rows[-1][3])
            _check_chain(blob(rows[0][3]), rows[1:])
        if not self.base <= self.confirmed < self.next_seq:
            raise DamagedError("the confirmed position lies outside the journal")

    # --- life

    def begin_run(self) -> None:
        """Count the start. Until end_run the journal counts as not cleanly closed."""
        self._save_life(self.boot + 1, clean=False)

    def end_run(self) -> None:
        self._save_life(self.boot, clean=True)

    def save_life(self) -> None:
        self._save_life(self.boot, clean=False)

    def _save_life(self, boot: int, *, clean: bool) -> None:
        with Transaction(self.db):
            put_life(self.db, boot, clean=clean)
            self._put_position()
        self.boot = boot
        self._position_saved()

    # --- facts

    def draft(self, records: Sequence[AppendFacts]) -> Draft:
        """Number and chain these records' facts after the present end."""
        rows: list[tuple[Any, ...]] = []
        outcomes: list[Recorded] = []
        seq, h = self.next_seq, self.head
        for record in records:
            first, prev, lines = seq, h, []
            for dated in record.facts:
                line = self._line(seq, dated)
                h = chain.next_hash(h, line)
                utc = None if dated.clock == "unknown" else int(dated.utc)
                rows.append((seq, None, utc, declared(dated.fact).keep, line, h))
                lines.append(line)
                seq += 1
            outcomes.append(Recorded(record.token, first, tuple(lines), prev.hex(), h.hex()))
        return Draft(tuple(records), tuple(rows), tuple(outcomes), self.head, h)

    def _line(self, seq: int, dated: DatedFact) -> bytes:
        utc, kind = min(max(dated.utc, 0.0), _LAST_UTC), kind_of(dated.fact)
        line = chain.line(seq, utc, dated.clock, self.boot, dated.mono, kind, data_of(dated.fact))
        if len(line) > MAX_LINE:  # would never fit a batch, and would stop all that come after it
            line = chain.line(seq, utc, dated.clock, self.boot, dated.mono, kind, {"detail": "too long to keep"})
        return line

    def commit(self, draft: Draft, revs: Mapping[str, int] | None = None, precious: Iterable[SaveState] = ()) -> None:
        """All of it in one transaction: facts, the commands they accept or finish, and what else waited."""
        position = self.confirmed != self._saved_confirmed and time.monotonic() - self.saved_mono >= POSITION_EVERY_S
        with Transaction(self.db):
            self.db.conn.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", draft.rows)
            for record in draft.records:
                put_with(self.db, record)
            for name, rev in (revs or {}).items():
                put_rev(self.db, name, rev)
            self._revs += len(revs or {})
            if self._revs >= 2 * REVS:
                self._revs = forget_revs(self.db, REVS)
            for save in precious:
                put = put_keys if isinstance(save.message, Keys) else put_secrets
                put(self.db, save.message.rev, bodies.body_of(save.message, save.signed))
            if position:
                self._put_position()
        if draft.rows:
            self.next_seq, self.head = draft.rows[-1][0] + 1, draft.head
        if position:
            self._position_saved()
        for outcome in draft.outcomes:  # each may be sent as a batch of its own
            if outcome.lines:
                self._remember(outcome.first + len(outcome.lines) - 1, bytes.fromhex(outcome.head))

    # --- the way up

    def load_batch(self, first: int, most: int = chain.MAX_BATCH_FACTS) -> BatchLoaded:
        """At most `most` lines from `first` on, their chain checked.

        What is no longer held is a gap where the hash before it is known (from the centre's own confirm); else it starts later
        than asked, or earlier where a gap swallowed the number before.
        """
        before = self.hash_at(first - 1)
        if first <= self.base:
            if before is not None:
                line = chain.gap_line(first, self.base, self.base_h.hex())
                return BatchLoaded(first, self.base, before.hex(), self.base_h.hex(), (line,))
            first, before = self.base + 1, self.base_h
        rows = self.db.conn.execute(
            "SELECT seq, first, line, h FROM facts WHERE seq >= ? ORDER BY seq LIMIT ?",
            (first, min(most, chain.MAX_BATCH_FACTS)),
        ).fetchall()
        if before is None and rows and rows[0][2] is None:
            first = number(rows[0][1])
            before = self.hash_at(first - 1)
        if before is None:
            if first < self.next_seq:
                raise DamagedError(f"fact {first - 1} is missing")
            return BatchLoaded(first, first - 1, self.head.hex(), self.head.hex(), ())
        lines, last, h = _lines(first, before, rows)
        self._remember(last, h)
        return BatchLoaded(first, last, before.hex(), h.hex(), lines)

    def hash_at(self, seq: int) -> bytes | None:
        """The chain's hash after `seq`; None where that is not known (any more)."""
        for known, h in ((self.confirmed, self.confirmed_h), (self.base, self.base_h), (self.next_seq - 1, self.head)):
            if seq == known:
                return h
        if seq in self._ends:
            return self._ends[seq]
        row = self.db.conn.execute("SELECT h FROM facts WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else blob(row[0])

    def confirm(self, epoch: str, seq: int, head: str) -> bool:
        """False where this is not our own history: a new epoch is due. Old news change nothing."""
        if epoch != self.epoch:
            past = self.db.conn.execute("SELECT 1 FROM epochs WHERE epoch = ?", (epoch,)).fetchone()
            return past is not None  # a late word on an epoch we left is ours, and over
        if seq >= self.next_seq:
            return False
        own = self.hash_at(seq)
        if own is None:  # dropped or purged since: the centre's word is all there is
            self._remember(seq, bytes.fromhex(head))
            return True
        if own.hex() != head:
            return False
        if seq > self.confirmed:
            self.confirmed, self.confirmed_h = seq, own
            while self._ends and next(iter(self._ends)) <= seq:
                self._ends.popitem(last=False)
        return True

    def position_due(self) -> bool:
        return self.confirmed != self._saved_confirmed

    def save_position(self) -> None:
        with Transaction(self.db):
            self._put_position()
        self._position_saved()

    def drop_prefix(self, last: int) -> None:
        """Take all rows up to `last`, confirmed, out for good."""
        h = self.hash_at(last)
        if h is None or last > self.confirmed:
            raise AssertionError("only a confirmed fact can end what is dropped")
        with Transaction(self.db):
            self.db.conn.execute("DELETE FROM facts WHERE seq <= ?", (last,))
            put_position(self.db, self.confirmed, self.confirmed_h, last, h)
        self.base, self.base_h = last, h
        self._position_saved()

    def _remember(self, seq: int, h: bytes) -> None:
        self._ends[seq] = h
        if len(self._ends) > _ENDS:
            self._ends.popitem(last=False)

    def _put_position(self) -> None:
        put_position(self.db, self.confirmed, self.confirmed_h, self.base, self.base_h)

    def _position_saved(self) -> None:
        self._saved_confirmed, self.saved_mono = self.confirmed, time.monotonic()

    # --- what else is precious

    def seen(self) -> tuple[dict[str, float], tuple[PendingCommand, ...]]:
        rows = self.db.conn.execute("SELECT id, exp, action, door, actor, pending FROM seen ORDER BY rowid").fetchall()
        if any(not isinstance(row[0], str) or not isinstance(row[1], float) for row in rows):
            raise DamagedError("a seen command cannot be read")
        waiting = tuple(
            PendingCommand(ident, action, door, actor, *course(self.db.conn, self.next_seq, ident, door))
            for ident, _, action, door, actor, left in rows
            if left
        )
        return {row[0]: row[1] for row in rows}, waiting

    def opens(self) -> tuple[tuple[str, float], ...]:
        """(door, `exp`) of the newest accepted opens, as many as can count for the rate."""
        rows = self.db.conn.execute(
            "SELECT door, exp FROM seen WHERE action = 'open' AND door IS NOT NULL ORDER BY exp DESC LIMIT ?", (OPENS,)
        ).fetchall()
        return tuple((str(door), exp) for door, exp in rows if isinstance(exp, float))

    def forget_seen(self, before_utc: float) -> None:
        """What ended before this no clock comes to again, and it is refused by that alone; of the refused only the newest are kept."""
        with Transaction(self.db):
            forget_seen(self.db, before_utc, REFUSED)
            forget_visited(self.db, before_utc)

    def unreported_checkins(self) -> tuple[CheckedIn, ...]:
        return unreported_checkins(self.db)

    def tries(self) -> tuple[KeptTries, ...]:
        return tries(self.db)

    def visited(self) -> tuple[UsedVisitor, ...]:
        return visited(self.db)

    def modes(self) -> tuple[KeptMode, ...]:
        rows = self.db.conn.execute("SELECT door, mode, until, sum FROM modes ORDER BY door").fetchall()
        for row in rows:
            unseal(row[3], *row[:3])
        return tuple(KeptMode(*row[:3]) for row in rows)

    def known(self) -> KnownTime | None:
        """What signed messages said of the time; None: nothing yet."""
        row = self.db.conn.execute("SELECT confirmed, floor, doubt, sum FROM known").fetchone()
        if row is None:
            return None
        unseal(row[3], *row[:3])
        return KnownTime(*row[:3])

    def revs(self) -> dict[str, int]:
        rows = self.db.conn.execute("SELECT name, rev, sum FROM revs").fetchall()
        for name, rev, sum_ in rows:
            unseal(sum_, name, rev)
        self._revs = len(rows)
        return {name: rev for name, rev, _ in rows}

    def keys(self) -> Keys | None:
        row = self.db.conn.execute("SELECT body, sum FROM keys").fetchone()
        if row is None:
            return None
        unseal(row[1], row[0])
        return bodies.load(Keys, row[0])

    def secrets(self) -> tuple[Secrets, ...]:
        """Oldest first."""
        return tuple(bodies.load(Secrets, body) for body in secrets(self.db))

    def keep_secrets(self, revs: tuple[int, ...]) -> None:
        with Transaction(self.db):
            keep_secrets(self.db, revs)

    def close(self) -> None:
        with suppress(*STORAGE_ERRORS):
            self.db.conn.close()


def open_journal(path: Path, site: str, unit: str, journal_mb: int) -> Journal:
    """Open, check and migrate an existing file. Raises FileNotFoundError where there is none, and STORAGE_ERRORS."""
    kind = journal_kind(journal_mb)
    db = database.connect(path, kind)
    try:
        database.migrate(db, kind)
        row = db.conn.execute("SELECT clean FROM life").fetchone()
        database.check(db, path, kind, whole=row is None or not row[0])
        return Journal(db, site, unit)
    except BaseException:
        db.conn.close()
        raise


def _check_chain(h: bytes, rows: Iterable[tuple[Any, ...]]) -> None:
    for seq, _, line, after in rows:
        if line is not None and chain.next_hash(h, blob(line)) != after:
            raise DamagedError(f"fact {seq} breaks the chain")
        h = blob(after)


def _lines(first: int, before: bytes, rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[bytes, ...], int, bytes]:
    """As many lines as a batch may hold; the last number and the chain's hash after it."""
    lines: list[bytes] = []
    size, last, h = 0, first - 1, before
    for seq, start, line, after in rows:
        if (seq if line is not None else max(number(start), first)) != last + 1:
            raise DamagedError(f"fact {last + 1} is missing")
        text = chain.gap_line(last + 1, seq, blob(after).hex()) if line is None else blob(line)
        size += len(text) + 1
        if size > chain.MAX_BATCH_BYTES and lines:
            break
        if line is not None and chain.next_hash(h, line) != after:
            raise DamagedError(f"fact {seq} breaks the chain")
        lines.append(text)
        last, h = seq, blob(after)
    return tuple(lines), last, h
