"""The holders of all rosters in force, by card hash, as the core wants them. Built on the store's thread; shared, never changed after."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from agent.core.events.store import HoldersReplaced
from agent.store.cache import Cache, Roster
from contract.messages import Holder


@contextmanager
def without_collections() -> Iterator[None]:
    """Python's collector stops every thread: 25 to 50 ms for each look over 20,000 holders (measured), longer than a card may wait.

    So none runs while they are built, and afterwards they are out of its sight for good: none of them is ever part of a cycle.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class HolderIndex:
    """Keeps each roster's holders, so that one new revision reads only its own parts again."""

    def __init__(self) -> None:
        self._rosters: dict[Roster, tuple[int, tuple[Holder, ...], frozenset[str]]] = {}
        self._lost: set[Roster] = set()

    def load(self, cache: Cache) -> None:
        """Read every roster in force. Raises what the cache raises, and is then as before."""
        self._rosters = {roster: (rev, *cache.roster(roster)) for roster, rev in cache.in_force().items()}

    def take(self, roster: Roster, rev: int, holders: tuple[Holder, ...], card_keys: frozenset[str]) -> None:
        self._rosters[roster] = (rev, holders, card_keys)
        self._lost.discard(roster)

    def rebuilt(self, kept: Iterable[Roster]) -> None:
        """The cache was rebuilt with these rosters only. The others stay in force, but have to be fetched again: `applied_revisions` leaves them out."""
        self._lost = self._rosters.keys() - set(kept)

    def event(self, applied: tuple[str, str, int] | None = None) -> HoldersReplaced:
        """Plain loops: the interpreter can hand over to the door's thread between any two holders."""
        by_key: dict[str, tuple[Holder, ...]] = {}
        for roster in sorted(self._rosters):
            for holder in self._rosters[roster][1]:
                if holder.key is not None:
                    by_key[holder.key] = (*by_key.get(holder.key, ()), holder)
        kept = sorted(self._rosters.keys() - self._lost)
        applied_revisions = tuple(("roster", *roster, self._rosters[roster][0]) for roster in kept)
        return HoldersReplaced(
            by_key, applied, applied_revisions, frozenset().union(*(each[2] for each in self._rosters.values()))
        )
