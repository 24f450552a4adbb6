"""What the store's thread does: facts, then the rest, and housekeeping in between. Only here are databases touched."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from agent.aside import Entry, entry_of, state_name
from agent.core import effects
from agent.core.events import Event
from agent.core.events import store as events
from agent.store import erasure, salvage
from agent.store.cache import Cache, Roster, Saved, rev_name
from agent.store.cache_keeper import NAME as CACHE
from agent.store.cache_keeper import CacheKeeper
from agent.store.folder import Ballast
from agent.store.index import HolderIndex, without_collections
from agent.store.journal_keeper import NAME as JOURNAL
from agent.store.journal_keeper import JournalKeeper
from agent.store.opening import Terms
from agent.store.waiting import OrderLanes, StoreCounts
from contract.messages import Holder, Keys, RosterPart, Secrets, StateMessage

log = logging.getLogger("store")

Save = effects.SaveState | effects.DropNotices

SAVES = 64
"""Saves in one transaction of the cache at most."""

CHORE_S = 0.02
"""Housekeeping between two looks at new facts, in slices that each take a few ms."""


class Work:
    """Made and run on the thread `store`; ends when the lanes are closed."""

    def __init__(
        self,
        folder: Path,
        terms: Terms,
        waiting: OrderLanes[object],
        post: Callable[[Event], None],
        utc: Callable[[], float],
        ballast: Ballast,
        scopes: Collection[str] | None,
        counts: StoreCounts,
        aside: Callable[[], Collection[str]] = tuple,
        card_keys: Collection[str] | None = None,
    ) -> None:
        self._card_keys = card_keys
        self._aside = aside
        self._folder = folder
        self._post = post
        self._scopes = scopes
        self._waiting = waiting
        self._cache = CacheKeeper(folder, waiting.beat)
        self._index = HolderIndex()
        self._journal = JournalKeeper(folder, terms, waiting, post, utc, ballast, counts)
        self._chores_left = True

    def run(self) -> None:
        self._begin()
        while self._waiting.wait(self._pause_s(), facts=self._journal.writes_now()):
            self._round()
        while not self._waiting.idle() and self._journal.writes_now():
            self._round()
        self._journal.stop()
        self._cache.close()

    def _begin(self) -> None:
        self._waiting.beat()
        used = not _missing(self._folder / CACHE)
        self._cache.open()
        left = [entry for entry in map(entry_of, self._aside()) if entry is not None]
        if left:
            self._cache.write(partial(_set_aside, left))
        if self._scopes is not None and self._foreign_rosters(self._scopes):
            self._cache.write(partial(_leave, self._scopes))
        with without_collections():
            self._cache.read(self._index.load, None)
            first = self._index.event()
        if self._card_keys is not None and not first.card_keys.issubset(self._card_keys):
            self._post(events.SecretsLoaded(salvage.secrets_of(self._folder / JOURNAL)))
        self._post(first)  # first of all: residents' cards work from here on
        if used and all(_missing(self._folder / name) for name in (JOURNAL, f"{JOURNAL}-next")):
            self._journal.recovered.append("journal missing")
        if self._cache.rebuilt:
            self._journal.recovered.append("cache")
        self._journal.start(self._cache.read(lambda cache: cache.revs(), {}))
        nothing: tuple[StateMessage, ...] = ()
        self._post(events.StateLoaded(self._cache.read(lambda cache: cache.messages(), nothing)))
        self._tell_rebuilt()

    @property
    def in_hand(self) -> tuple[str, ...]:
        """The name of what of the cache is being read, if anything is."""
        reading = self._cache.reading
        return () if reading is None else (state_name(*reading),)

    def _foreign_rosters(self, scopes: Collection[str]) -> bool:
        nothing: dict[Roster, int] = {}
        return any(scope not in scopes for scope, _ in self._cache.read(lambda cache: cache.in_force(), nothing))

    def _pause_s(self) -> float | None:
        if self._chores_left:
            return 0.0
        due = min((at for at in (self._journal.due_mono(), self._cache.due_mono()) if at is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _round(self) -> None:
        self._journal.turn()
        saves: list[Save] = []
        for order in self._waiting.take_others(SAVES):
            precious = isinstance(order, effects.SaveState) and isinstance(order.message, Keys | Secrets)
            if isinstance(order, Save) and not precious:
                saves.append(order)
            else:
                self._save(saves)
                saves = []
                self._other(order)
        self._save(saves)
        self._journal.turn()  # the revisions just saved
        self._cache.turn()
        self._tell_rebuilt()
        end = time.monotonic() + CHORE_S
        self._chores_left = True
        while self._chores_left and time.monotonic() < end:
            self._chores_left = self._journal.chore()

    def _other(self, order: object) -> None:
        match order:
            case effects.LoadBatch(first, most):
                self._journal.load(first, most)
            case effects.ConfirmFacts():
                self._journal.confirm(order)
            case effects.ForgetNotices():
                self._cache.write(lambda cache: cache.forget_notices())
                self._journal.forget_notices()
            case effects.SaveState():
                self._journal.save(order)
            case effects.AllowCardKeys(token, ids):
                self._allow_card_keys(ids)
                self._post(events.CardKeysAllowed(token))
            case effects.KeepSecrets(revs):
                if self._cache.on_disk:  # else the disk has older rosters, which need older keys
                    self._journal.keep_secrets(revs)
            case effects.EraseHolder(token, holder):
                self._post(events.HolderErased(token, erasure.erase(self._folder, self._cache, holder)))
            case effects.Purge(utc):
                self._journal.purge(utc)
                self._cache.read(lambda cache: cache.fold(), None)
            case _:
                raise TypeError(f"not an order for the store: {type(order).__name__}")

    # --- saves into the cache

    def _save(self, saves: list[Save]) -> None:
        if not saves:
            return
        applied, full = self._cache.write(lambda cache: _apply(cache, saves, self._card_keys))
        revs = self._put_in_force(applied)
        for save in saves:
            saved = _saved(save)
            if saved is not None and saved.token in full:
                self._post(events.StateNotKept(saved.token, saved.kind, saved.scope, saved.id, saved.rev))
            elif saved is not None:
                if saved.kind != "roster":
                    revs[rev_name(saved.kind, saved.scope, saved.id)] = saved.rev
                self._post(saved)
        self._journal.note_revs(revs)

    def _put_in_force(self, applied: dict[Roster, int]) -> dict[str, int]:
        """Tell the holders of each of these revisions; their names and revisions."""
        revs: dict[str, int] = {}
        for roster, rev in applied.items():
            with without_collections():
                found = self._cache.read(partial(_roster, roster), None)
                if found is None:
                    continue
                self._index.take(roster, rev, *found)
                replaced = self._index.event((*roster, rev))
            revs[rev_name("roster", *roster)] = rev
            self._post(replaced)
        return revs

    def _allow_card_keys(self, card_keys: frozenset[str]) -> None:
        self._card_keys = card_keys
        put = self._cache.write(lambda cache: cache.put_waiting(card_keys))
        self._journal.note_revs(self._put_in_force({r: rev for r, (rev, how) in put.items() if how is Saved.WHOLE}))
        for (scope, ident), (rev, how) in put.items():
            if how is Saved.FULL:
                self._post(events.StateNotKept(0, "roster", scope, ident, rev))

    def _tell_rebuilt(self) -> None:
        if self._cache.rebuilt:
            self._cache.rebuilt = False
            self._index.rebuilt(self._cache.read(lambda cache: cache.in_force(), {}))
            self._post(events.CacheReset())


def _missing(path: Path) -> bool:
    """Nothing is under this name, for certain: a disk that fails says neither."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _leave(scopes: Collection[str], cache: Cache) -> None:
    cache.leave_scopes(scopes)


def _set_aside(left: list[Entry], cache: Cache) -> None:
    cache.set_aside(left)


def _roster(roster: Roster, cache: Cache) -> tuple[tuple[Holder, ...], frozenset[str]] | None:
    return cache.roster(roster)


def _apply(cache: Cache, saves: list[Save], card_keys: Collection[str] | None) -> tuple[dict[Roster, int], set[int]]:
    """Rosters that are whole and in force with these saves, and their revisions; and the tokens of parts that are more than a unit takes."""
    applied: dict[Roster, int] = {}
    full: set[int] = set()
    for save in saves:
        match save:
            case effects.DropNotices(ids, kind):
                cache.drop(kind, ids)
            case effects.SaveState(token, RosterPart() as part, signed):
                saved = cache.save_part(part, signed, card_keys)
                if saved is Saved.WHOLE:
                    applied[(str(part.scope), part.id)] = part.rev
                elif saved is Saved.FULL:
                    full.add(token)
            case effects.SaveState(_, message, signed):
                cache.save(message, signed)
    return applied, full


def _saved(save: Save) -> events.StateSaved | None:
    match save:
        case effects.SaveState(token, message):
            return events.StateSaved(token, message.KIND, str(message.scope), message.ident, message.rev)
        case _:
            return None
