"""The journal, kept going whatever the disk does: opening, writing what waits, holding it while writing fails, rebuilding after damage.

Used by the store's thread only. Answers by posting events; never decides what a fact means.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.core.effects import ConfirmFacts, SaveState
from agent.core.events import Event
from agent.core.events import store as events
from agent.store import database, epochs, opening, patrol, room
from agent.store.faults import StorageMode
from agent.store.folder import Ballast
from agent.store.homes import homes
from agent.store.journal import Draft, Journal
from agent.store.meters import meters
from agent.store.opening import Terms
from agent.store.retry import Retry
from agent.store.rows import ALL_NOTICES
from agent.store.waiting import OrderLanes, StoreCounts
from contract.messages import Keys

log = logging.getLogger("store")

NAME = "journal.db"
GROUP = 2000
"""Facts in one transaction at most: about 20 ms of writing."""

POSITION_IDLE_S = 600.0
"""A confirmed position that no fact's commit took along is written after this."""

ROOM_EVERY = 256
"""Facts between two looks at the journal's size."""

KEEP_SEEN_S = 30 * 24 * 3600.0
"""Used command ids stay this much longer than their `exp`: a centre may set its clock back, and ours with it."""

_LOADS = 32


class JournalKeeper:
    """`utc`: the time that signed messages support, seconds since 1970, for the beginning of an epoch; 0.0: none does."""

    def __init__(
        self,
        folder: Path,
        terms: Terms,
        waiting: OrderLanes[object],
        post: Callable[[Event], None],
        utc: Callable[[], float],
        ballast: Ballast,
        counts: StoreCounts,
    ) -> None:
        self.counts = counts
        self.recovered: list[str] = []
        self._path = folder / NAME
        self._terms = terms
        self._waiting = waiting
        self._post = post
        self._utc = utc
        self._ballast = ballast
        self._journal: Journal | None = None
        self._boot: int | None = None  # set once the start was counted
        self._end: tuple[str, bytes] | None = None  # epoch and head as we know them to be committed
        self._doubt: Draft | None = None  # its commit failed: on disk or not, the next opening tells
        self._retry = Retry(folder, waiting, ballast, post, rebuild=self._rebuild, close=self._close)
        self._cache_revs: dict[str, int] = {}
        self._revs: dict[str, int] = {}
        self._precious: list[SaveState] = []  # keys and secrets
        self._loads: dict[int, int] = {}
        self._confirm: ConfirmFacts | None = None
        self._chores: dict[str, Iterator[int]] = {}
        self._looked = ROOM_EVERY  # a journal that is too large already is seen with the first fact
        self._purge_due: float | None = None

    # --- what the store's thread asks

    def start(self, cache_revs: dict[str, int]) -> None:
        """First opening: StoreOpened, or StoreFailed and further tries. `cache_revs`: what the cache holds, known even if the journal forgot."""
        self._cache_revs = cache_revs
        self._retry.run(self._ready)

    def writes_now(self) -> bool:
        return self._retry.due

    def due_mono(self) -> float | None:
        """When `turn` has something to do even if no order comes: a retry, a deadline, a position to save."""
        failing = self._retry.failing is not None
        times = [self._waiting.next_deadline(), self._retry.due_mono] if failing else []
        if not failing and self._journal is not None and self._journal.position_due():
            times.append(self._journal.saved_mono + POSITION_IDLE_S)
        return min((at for at in times if at is not None), default=None)

    def turn(self) -> None:
        """Write what waits, or refuse what nobody waits for any more."""
        self._refuse_overdue()
        if self._retry.due:
            if self._retry.failing is StorageMode.READ_ONLY:
                self._close()  # a file opened while the disk was read-only stays so
            self._retry.run(self._write)

    def _refuse_overdue(self) -> None:
        for record in self._waiting.take_overdue(time.monotonic()):
            self._post(events.RecordRefused(record.token, "late", len(record.facts)))

    def note_revs(self, revs: dict[str, int]) -> None:
        """Revisions now in the cache: made durable with the next write of the journal."""
        for name, rev in revs.items():
            self._revs[name] = max(rev, self._revs.get(name, 0))

    def forget_notices(self) -> None:
        """Their revisions: those just noted, and with the next write of the journal those that it has."""
        kept = {name: rev for name, rev in self._revs.items() if not name.startswith("notice ")}
        self._revs = {ALL_NOTICES: 0} | kept

    def save(self, order: SaveState) -> None:
        """Keys or secrets: with the next write of the journal."""
        self._precious.append(order)

    def keep_secrets(self, revs: tuple[int, ...]) -> None:
        """Only these are needed. Where that cannot be written now, the next start says so again."""
        journal = self._journal
        if journal is not None and self._retry.failing is None:
            self._retry.run(lambda: journal.keep_secrets(revs))

    def load(self, first: int, most: int) -> None:
        """BatchLoaded now, or as soon as the journal can be read."""
        self._loads[first] = most
        while len(self._loads) > _LOADS:
            del self._loads[next(iter(self._loads))]
        if self._journal is not None:
            self._retry.run(self._serve_loads)

    def confirm(self, order: ConfirmFacts) -> None:
        self._confirm = order
        if self._journal is not None:
            self._retry.run(self._serve_confirm)

    def purge(self, utc: float) -> None:
        """Nightly: old facts leave, in slices."""
        self._purge_due = utc

    def chore(self) -> bool:
        """One slice of housekeeping; False when there is none left."""
        if self._journal is None or self._retry.failing is not None:
            return False
        if self._purge_due is not None:
            self._retry.run(self._begin_purge)
            return True
        if not self._chores:
            return False
        self._retry.run(self._slice)
        return True

    def stop(self) -> None:
        """Last try to write what waits, then a clean end where that is possible."""
        self._retry.due_mono = 0.0
        self.turn()
        if self._journal is not None and self._retry.failing is None:
            self._retry.run(self._journal.end_run)
        self._close()

    # --- opening

    def _ready(self) -> Journal:
        """The journal open, its start counted, and nothing in doubt."""
        journal = self._journal
        if journal is None:
            journal = self._journal = self._open()
            self._waiting.beat()  # on a slow disk each of these takes seconds
            if self._retry.failing is not None:
                # what an opening finds in the WAL may never have reached the disk: fold it in, which writes and syncs it anew
                journal.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if self._boot is None:
            journal.begin_run()
            self._waiting.beat()
            # telling reads more of the file; where that is damaged, the start counts in the journal that takes its place
            self._tell_opened(journal)
            self._boot = journal.boot
        journal.boot = self._boot
        self._settle(journal)
        return journal

    def _open(self) -> Journal:
        if database.adopt(self._path):
            self.recovered.append("journal")
        return opening.open_or_found(self._path, self._terms, self._utc())

    def _rebuild(self) -> None:
        known = self._journal
        self._close()
        kept = opening.rebuild(self._path, self._terms, self._utc(), known)
        log.error("journal: damaged, set aside and rebuilt; %d unconfirmed facts go on", kept)
        self._end = None
        journal = self._journal = self._open()
        if self._boot is None:
            self.recovered.append("journal")
        else:
            journal.boot = self._boot
            journal.save_life()
            self._tell_new_epoch(journal, f"the journal was damaged; {kept} facts not confirmed before go on")

    def _tell_opened(self, journal: Journal) -> None:
        seen, pending = journal.seen()
        revs = journal.revs()
        self.note_revs({name: rev for name, rev in self._cache_revs.items() if rev > revs.get(name, 0)})
        self._end = (journal.epoch, journal.head)
        self._post(
            events.StoreOpened(
                boot=journal.boot,
                epoch=journal.epoch,
                epoch_utc=journal.epoch_utc,
                next_seq=journal.next_seq,
                head=journal.head.hex(),
                confirmed=journal.confirmed,
                pending=pending,
                seen=seen,
                revs={**revs, **self._revs},
                known=journal.known(),
                keys=journal.keys(),
                modes=journal.modes(),
                opens=journal.opens(),
                unreported_checkins=journal.unreported_checkins(),
                secrets=journal.secrets(),
                tries=journal.tries(),
                visitors=journal.visited(),
                visits=patrol.visits(journal.db),
                told_stops=patrol.told_stops(journal.db),
                homes=homes(journal.db),
                meters=meters(journal.db),
                recovered=tuple(dict.fromkeys(self.recovered)),
            )
        )
        self._chores["ballast"] = self._make_ballast()

    def _tell_new_epoch(self, journal: Journal, detail: str) -> None:
        self._end = (journal.epoch, journal.head)
        self._loads.clear()
        self._post(
            events.HistoryDiffers(journal.epoch, journal.epoch_utc, journal.next_seq, journal.head.hex(), detail)
        )

    def _settle(self, journal: Journal) -> None:
        """After a failed commit: see in the file whether it is there. Both outcomes happen, and neither may count twice."""
        doubt = self._doubt
        if doubt is None and self._retry.failing is None:
            return
        journal.load()
        journal.boot = self._boot or journal.boot
        if doubt is not None and journal.head == doubt.head != doubt.before:
            log.info("journal: what was in doubt is there")
            self._doubt = None
            self._written(journal, doubt)
            return
        if doubt is not None:
            self._waiting.put_back(list(doubt.records))
            self._doubt = None
        if self._end is not None and self._end != (journal.epoch, journal.head):
            epochs.renew(journal, self._utc())
            self._tell_new_epoch(journal, "the disk has lost facts it had taken")

    # --- writing

    def _write(self) -> None:
        journal = self._ready()
        probing = self._retry.failing is not None
        while True:
            self._waiting.beat()
            self._refuse_overdue()  # the commit before may have taken long
            draft = journal.draft(self._waiting.take_records(GROUP))
            if not (draft.records or self._revs or self._precious):
                break
            self._doubt = draft
            precious = tuple(self._precious)
            journal.commit(draft, self._revs, precious)
            self._doubt = None
            probing = False
            self._revs.clear()
            self._precious.clear()
            self._written(journal, draft)
            for token, saved in ((save.token, save.message) for save in precious):
                kind = "keys" if isinstance(saved, Keys) else "secrets"
                self._post(events.StateSaved(token, kind, str(saved.scope), "", saved.rev))
        if probing or (journal.position_due() and time.monotonic() >= journal.saved_mono + POSITION_IDLE_S):
            journal.save_position()
        self._mended()
        self._serve_loads()
        self._serve_confirm()

    def _written(self, journal: Journal, draft: Draft) -> None:
        self._end = (journal.epoch, journal.head)
        self._waiting.settled(len(draft.rows))
        if draft.rows:
            self.counts.commits += 1
            self.counts.facts += len(draft.rows)
            self._looked += len(draft.rows)
        for outcome in draft.outcomes:
            self._post(outcome)
        if self._looked >= ROOM_EVERY:
            self._looked = 0
            cap = self._terms.journal_mb * 1024 * 1024
            if database.used_bytes(journal.db) > cap:
                made = room.telling(room.make_room(journal, cap), lambda n: self._post(events.FactsDropped(n)))
                self._chores.setdefault("room", made)

    def _mended(self) -> None:
        dropped = self._waiting.take_dropped()
        for token in dropped.tokens:
            self._post(events.RecordRefused(token, "dropped"))
        if self._retry.failing is not None or dropped.facts:
            if self._retry.failing is not None:
                log.warning("journal: writing works again; %d facts were dropped meanwhile", dropped.facts)
            self._retry.failing = None
            self._post(events.StoreMended(dropped.facts))
            self._chores["ballast"] = self._make_ballast()

    # --- reading and confirming

    def _serve_loads(self) -> None:
        while self._loads and self._journal is not None:
            first, most = next(iter(self._loads.items()))
            self._post(self._journal.load_batch(first, most))
            del self._loads[first]

    def _serve_confirm(self) -> None:
        order, journal = self._confirm, self._journal
        if order is None or journal is None:
            return
        if not journal.confirm(order.epoch, order.seq, order.head):
            detail = f"the centre's {order.seq} is not our {journal.next_seq - 1} or its head is another"
            epochs.renew(journal, self._utc(), order.epoch)
            self._tell_new_epoch(journal, detail)
        else:
            self._post(events.FactsConfirmed(min(order.seq, journal.confirmed)))
        self._confirm = None

    # --- housekeeping

    def _begin_purge(self) -> None:
        journal, utc = self._journal, self._purge_due
        if journal is not None and utc is not None:
            journal.forget_seen(utc - KEEP_SEEN_S)
            self._purge_due = None
            self._chores["purge"] = room.purge(journal, utc, self._terms.retention_days)
            self._chores["fold"] = self._fold()
            self._chores["ballast"] = self._make_ballast()

    def _slice(self) -> None:
        if not self._chores:
            return
        name = next(iter(self._chores))
        chore = self._chores.pop(name)  # where it fails, it is begun again when there is reason to
        if next(chore, None) is not None:
            self._chores[name] = chore

    def _fold(self) -> Iterator[int]:
        """Once a day the WAL is emptied, so that what was deleted is not found there for long."""
        if self._journal is not None:
            self._journal.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield from ()

    def _make_ballast(self) -> Iterator[int]:
        self._ballast.make()
        yield from ()

    def _close(self) -> None:
        self._chores.clear()
        if self._journal is not None:
            self._journal.close()
            self._journal = None
