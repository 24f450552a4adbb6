"""The holders of all rosters in force, by the hashes of cards and PINs, as the core wants them. Built on the store's thread; shared, never changed after."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from agent.core.events.store import HoldersReplaced, WatchedHome
from agent.store.cache import Cache, Roster
from contract.messages import Holder

FLAG = "care"
"""Of a holder: their household is watched, at their own wish."""


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
        by_pin: dict[str, tuple[Holder, ...]] = {}
        for roster in sorted(self._rosters):
            for holder in self._rosters[roster][1]:
                if holder.key is not None:
                    by_key[holder.key] = (*by_key.get(holder.key, ()), holder)
                if holder.pin is not None:
                    by_pin[holder.pin] = (*by_pin.get(holder.pin, ()), holder)
                if holder.duress is not None:
                    by_pin[holder.duress] = (*by_pin.get(holder.duress, ()), holder)
        kept = sorted(self._rosters.keys() - self._lost)
        applied_revisions = tuple(("roster", *roster, self._rosters[roster][0]) for roster in kept)
        card_keys = frozenset[str]().union(*(each[2] for each in self._rosters.values()))
        return HoldersReplaced(by_key, applied, applied_revisions, card_keys, by_pin, self._watched())

    def _watched(self) -> tuple[WatchedHome, ...]:
        """By the rosters of the unit itself: one of a yard or a street names people who live elsewhere, and would be silent here."""
        rooms: dict[str, set[str]] = {}
        flagged: dict[str, str] = {}
        alone: list[str] = []
        for roster in sorted(each for each in self._rosters if each[0].startswith("unit/")):
            for holder in self._rosters[roster][1]:
                if holder.room is not None:
                    rooms.setdefault(holder.room, set()).add(holder.id)
                if FLAG in holder.flags and holder.room is not None:
                    flagged[holder.room] = min(holder.id, flagged.get(holder.room, holder.id))
                elif FLAG in holder.flags:
                    alone.append(holder.id)
        found = [WatchedHome(flagged[room], room, frozenset(rooms[room])) for room in sorted(flagged)]
        return (*found, *(WatchedHome(each, None, frozenset({each})) for each in sorted(set(alone))))
