"""Who is in the rosters in place, to be looked up by id, room or card. Each part of a roster is read once a revision, and kept while the books are open.

Has ids, rooms and keyed hashes, never a number. Only reads.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, and_, select

from centre.errors import CONFIGURATION, CentreError
from centre.opened import OpenCentre
from centre.schema import roster_numbers
from centre.schema import state as state_table
from centre.words import _
from contract.cards import card_hash
from contract.envelope import unverified_payload
from contract.messages import Holder, Kind, Role, RosterPart
from contract.parse import parse
from contract.topics import parse_down
from drivers.reader.card import from_printed

Goes = Callable[["PlacedPart", Holder], bool]
"""Whether an entry is meant."""
Seen = Callable[[str], bool]
"""Whether rosters of this scope may be looked at."""
_Key = tuple[str, str, int, int, float]
"""Scope, id, part, revision, when it was made: what stands there never changes."""


@dataclass(frozen=True, slots=True)
class ReadPart:
    """What stands in a part. `text`: ids, rooms and hashes, each behind its mark, to be passed over at once where nothing of it is looked for."""

    card_key: str
    people: tuple[Holder, ...]
    ids: frozenset[str]
    text: str


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part of a roster in place. `kept`: its card numbers are, sealed."""

    scope: str
    roster: str
    part: int
    rev: int
    made_utc: float
    kept: bool
    read: ReadPart

    @property
    def card_key(self) -> str:
        return self.read.card_key

    @property
    def people(self) -> tuple[Holder, ...]:
        return self.read.people


@dataclass(frozen=True, slots=True)
class PartEntry:
    """One line of a roster: the holder who stands `at` that place of the part."""

    part: PlacedPart
    at: int

    @property
    def holder(self) -> Holder:
        return self.part.people[self.at]

    @property
    def card(self) -> str | None:
        """A name for the card that says nothing of its number, for addresses; None without a card."""
        return None if self.holder.key is None else card_name(self.part.card_key, self.holder.key)


@dataclass(frozen=True, slots=True)
class Person:
    """A holder with all entries that may be looked at. `by_card`: names of the cards by which they were found."""

    id: str
    entries: tuple[PartEntry, ...]
    by_card: frozenset[str] = frozenset()

    @property
    def holders(self) -> list[Holder]:
        return [each.holder for each in self.entries]

    @property
    def role(self) -> Role:
        return self.holders[0].role

    @property
    def rooms(self) -> list[str]:
        return sorted({each.room for each in self.holders if each.room})

    @property
    def cards(self) -> list[str]:
        """Names of their cards, each once."""
        return sorted({each.card for each in self.entries if each.card is not None})

    @property
    def until_utc(self) -> float | None:
        """When the last of their entries ends; None where one has no end."""
        ends = [each.until_utc for each in self.holders]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def has_pin(self) -> bool:
        return any(each.pin is not None for each in self.holders)

    @property
    def flags(self) -> list[str]:
        return sorted(frozenset().union(*(each.flags for each in self.holders)))


def card_name(card_key: str, key: str) -> str:
    return hashlib.sha256(f"doorward-card|{card_key}|{key}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    parts: dict[_Key, ReadPart] = field(default_factory=dict)


_KEPT: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_KEPT_LOCK = threading.Lock()


def parts(conn: Connection, site: str, seen: Seen = lambda _scope: True) -> list[PlacedPart]:
    """All that may be looked at, by scope, id and part. Raises CentreError (exit 78) for one that cannot be read back."""
    with _KEPT_LOCK:
        kept = _KEPT.setdefault(conn.engine, _Kept())
    with kept.lock:
        return [each for each in _parts(conn, site, kept) if seen(each.scope)]


def _parts(conn: Connection, site: str, kept: _Kept) -> Iterator[PlacedPart]:
    s, n = state_table.c, roster_numbers.c
    same = and_(s.scope == n.scope, s.id == n.id, s.part == n.part)
    columns = (s.scope, s.id, s.part, s.rev, s.made_utc, n.card_key)
    query = select(*columns).select_from(state_table.outerjoin(roster_numbers, same))
    wanted = and_(s.kind == Kind.ROSTER.value, s.token.is_not(None))
    rows = conn.execute(query.where(wanted).order_by(s.scope, s.id, s.part)).all()
    there = [(row.scope, row.id, row.part, row.rev, row.made_utc) for row in rows]
    for gone in kept.parts.keys() - set(there):
        del kept.parts[gone]
    for key, row in zip(there, rows, strict=True):
        if key not in kept.parts:
            kept.parts[key] = _read(conn, site, key)
        yield PlacedPart(*key[:4], row.made_utc, row.card_key is not None, kept.parts[key])


def _read(conn: Connection, site: str, key: _Key) -> ReadPart:
    scope, name, number, _rev, _made_utc = key
    s = state_table.c
    mine = and_(s.kind == Kind.ROSTER.value, s.scope == scope, s.id == name, s.part == number)
    row = conn.execute(select(s.topic, s.token).where(mine)).one()
    down = parse_down(row.topic)
    part = None if down is None else parse(Kind.ROSTER, site, down, unverified_payload(row.token))
    if not isinstance(part, RosterPart):
        text = _("roster {id} of {scope}: cannot be read back: {part}")
        raise CentreError(text.format(id=name, scope=scope, part=part), CONFIGURATION)
    ids = frozenset(holder.id for holder in part.holders)
    text = "".join(f"\n{each.id}\t{(each.room or '').casefold()}\r{each.key}" for each in part.holders)
    return ReadPart(part.card_key, part.holders, ids, text)


def hashes(centre: OpenCentre, text: str) -> dict[str, str]:
    """Of the card, under each card key by its id; none where the text is no card's number."""
    try:
        normal = from_printed(text)
    except ValueError:
        return {}
    return {name: card_hash(bytes.fromhex(key), normal) for name, key in centre.keys.card_keys.items()}


def entries(found: Iterable[PlacedPart], goes: Goes) -> Iterator[PartEntry]:
    for part in found:
        for at, holder in enumerate(part.people):
            if goes(part, holder):
                yield PartEntry(part, at)


def person(found: Iterable[PlacedPart], name: str) -> Person | None:
    there = [part for part in found if name in part.read.ids]
    mine = tuple(entries(there, lambda _part, holder: holder.id == name))
    return Person(name, mine) if mine else None


def people(found: Iterable[PartEntry], by_card: frozenset[str] = frozenset()) -> list[Person]:
    """In the order in which each comes first."""
    mine: dict[str, list[PartEntry]] = {}
    for each in found:
        mine.setdefault(each.holder.id, []).append(each)
    return [
        Person(name, tuple(each), by_card & {entry.card for entry in each if entry.card is not None})
        for name, each in mine.items()
    ]


def search(centre: OpenCentre, found: Sequence[PlacedPart], text: str, most: int) -> list[Person]:
    """Whoever has this card, room or id first, then those whose room or id begins so, with all their entries; at most so many.

    `text` is no further kept: a card number is hashed at once.
    """
    wanted = text.strip().casefold()
    if not wanted:
        return []
    known = hashes(centre, text.strip())
    cards, same, begins = dict[str, str](), dict[str, None](), dict[str, None]()
    for part in found:
        card, inside = known.get(part.card_key), part.read.text
        if f"\n{wanted}" not in inside and f"\t{wanted}" not in inside and (card is None or card not in inside):
            continue
        for holder in part.people:
            if card is not None and holder.key == card:
                cards[holder.id] = card_name(part.card_key, card)
            room = holder.room.casefold() if holder.room is not None else ""
            if wanted in (room, holder.id):
                same[holder.id] = None
            elif len(begins) < most and (room.startswith(wanted) or holder.id.startswith(wanted)):
                begins[holder.id] = None
    ids = list({**dict.fromkeys(cards), **same, **begins})[:most]
    wanted_ids = frozenset(ids)
    there = [part for part in found if not wanted_ids.isdisjoint(part.read.ids)]
    made = people(entries(there, lambda _part, holder: holder.id in wanted_ids), frozenset(cards.values()))
    order = {name: number for number, name in enumerate(ids)}
    return sorted(made, key=lambda each: order[each.id])


def ending(found: Iterable[PlacedPart], before_utc: float) -> list[Person]:
    """Whose entries end before then, or have ended, the first to end first."""
    mine = entries(found, lambda _part, holder: holder.until_utc is not None and holder.until_utc < before_utc)
    return sorted(people(mine), key=lambda each: (each.until_utc or 0.0, each.id))


@dataclass(frozen=True, slots=True)
class RosterInPlace:
    scope: str
    id: str
    rev: int
    made_utc: float
    kept: bool
    parts: tuple[PlacedPart, ...]

    @property
    def entries(self) -> int:
        return sum(len(each.people) for each in self.parts)

    def slice(self, first: int, count: int) -> list[PartEntry]:
        """Entries in their order, from `first` on."""
        found = [PartEntry(part, at) for part in self.parts for at in range(len(part.people))]
        return found[first : first + count]


def rosters(found: Iterable[PlacedPart]) -> list[RosterInPlace]:
    by_name: dict[tuple[str, str], list[PlacedPart]] = {}
    for part in found:
        by_name.setdefault((part.scope, part.roster), []).append(part)
    return [
        RosterInPlace(scope, name, mine[0].rev, mine[0].made_utc, all(each.kept for each in mine), tuple(mine))
        for (scope, name), mine in by_name.items()
    ]
