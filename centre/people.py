"""Who is in the rosters in place, to be looked up by id, room or card. Each part is kept as it was signed while the books are open, and only
those lines are read of it that are asked for: of 200,000 people one is found without reading the rest.

Has ids, rooms and keyed hashes, never a number. Only reads.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, and_, or_, select

from centre.errors import CONFIGURATION, CentreError
from centre.opened import OpenCentre
from centre.schema import roster_numbers
from centre.schema import state as state_table
from centre.words import _
from contract.base64url import unb64url
from contract.cards import card_hash
from contract.messages import Holder, Kind, Role, RosterPart
from contract.parse import parse
from contract.strict_json import dumps
from contract.topics import parse_down
from drivers.reader.card import from_printed

Seen = Callable[[str], bool]
"""Whether rosters of this scope may be looked at."""
_Key = tuple[str, str, int, int, float]
"""Scope, id, part, revision, when it was made: what stands there never changes."""
_Line = dict[str, Any]
"""A holder as the signed message has it."""
_LINE = b'{"id":"'
"""How each line begins, and nothing else: a quotation mark within a text has a stroke before it."""
_ID = re.compile(rb'\{"id":"([a-z0-9_-]+)"')
_CARD_KEY = re.compile(rb'"card_key":"([a-z0-9_-]+)"')
_FEW = 8
"""So many ids are looked for one by one."""


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines are meant, by any of these. `cards`: hashes, by the id of their card key; `with_org`: of any organisation; `before_utc`: that end before."""

    ids: frozenset[str] = frozenset()
    cards: Mapping[str, str] = field(default_factory=dict)
    org: str | None = None
    with_org: bool = False
    before_utc: float | None = None

    def may(self, text: bytes, card_key: str) -> bool:
        """Whether a part can have such a line: what has none is not read."""
        card, org = self.cards.get(card_key), None if self.org is None else f'"org":"{self.org}"'.encode()
        if (card is not None and card.encode() in text) or (org is not None and org in text):
            return True
        if (self.with_org and b'"org":"' in text) or (self.before_utc is not None and b'"until":' in text):
            return True
        if len(self.ids) > _FEW:
            return not {each.encode() for each in self.ids}.isdisjoint(_ID.findall(text))
        return any(f'{{"id":"{each}"'.encode() in text for each in self.ids)

    def likely(self, piece: bytes, card_key: str) -> bool:
        """Whether one line, as text behind its mark, can be one of these."""
        if piece[: piece.index(b'"')].decode() in self.ids:
            return True
        if card_key in self.cards and self.cards[card_key].encode() in piece:
            return True
        if (self.with_org or self.org is not None) and b'"org":"' in piece:
            return True
        return self.before_utc is not None and b'"until":' in piece

    def takes(self, line: _Line, card_key: str) -> bool:
        if line["id"] in self.ids or (card_key in self.cards and line.get("key") == self.cards[card_key]):
            return True
        org = line.get("org")
        if org is not None and (self.with_org or org == self.org):
            return True
        until_utc = line.get("until")
        return self.before_utc is not None and until_utc is not None and until_utc < self.before_utc


@dataclass(frozen=True, slots=True)
class ReadPart:
    """What was signed, as text; `count`: of how many holders."""

    card_key: str
    topic: str
    text: bytes
    count: int


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part of a roster in place. `kept`: its card numbers are, sealed."""

    site: str
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
        return tuple(each.holder for each in self.at(range(self.read.count)))

    @property
    def pieces(self) -> list[bytes]:
        """The text of each line, behind its mark."""
        return self.read.text.split(_LINE)[1:]

    def entries(self, wanted: LinesWanted) -> list[PartEntry]:
        """Those of its lines that are meant."""
        key = self.card_key
        likely = [at for at, piece in enumerate(self.pieces) if wanted.likely(piece, key)]
        return self.at(likely, lambda line: wanted.takes(line, key))

    def at(self, places: Iterable[int], goes: Callable[[_Line], bool] = lambda _line: True) -> list[PartEntry]:
        """The lines that stand there, of which this is true. Raises CentreError (exit 78) where they cannot be read back."""
        if not (places := list(places)):
            return []
        value = json.loads(self.read.text)
        lines = value["holders"]
        chosen = [at for at in places if goes(lines[at])]
        down = parse_down(self.read.topic)
        few = {**value, "holders": [lines[at] for at in chosen]}
        part = None if down is None else parse(Kind.ROSTER, self.site, down, few)
        if not isinstance(part, RosterPart):
            raise _unreadable(self.roster, self.scope, part)
        return [PartEntry(self, at, holder) for at, holder in zip(chosen, part.holders, strict=True)]


def _unreadable(name: str, scope: str, why: object) -> CentreError:
    text = _("roster {id} of {scope}: cannot be read back: {part}")
    return CentreError(text.format(id=name, scope=scope, part=why), CONFIGURATION)


@dataclass(frozen=True, slots=True)
class PartEntry:
    """One line of a roster: the holder who stands `at` that place of the part."""

    part: PlacedPart
    at: int
    holder: Holder

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
    missing = set(there) - kept.parts.keys()
    for key, read in _read(conn, missing) if missing else ():
        kept.parts[key] = read
    for key, row in zip(there, rows, strict=True):
        yield PlacedPart(site, *key[:4], row.made_utc, row.card_key is not None, kept.parts[key])


def _read(conn: Connection, missing: Collection[_Key]) -> Iterator[tuple[_Key, ReadPart]]:
    s = state_table.c
    wanted = and_(s.kind == Kind.ROSTER.value, s.token.is_not(None))
    if len(missing) <= _FEW:
        wanted = and_(wanted, or_(*((s.scope == key[0]) & (s.id == key[1]) & (s.part == key[2]) for key in missing)))
    columns = (s.scope, s.id, s.part, s.rev, s.made_utc, s.topic, s.token, s.holders)
    rows = conn.execute(select(*columns).where(wanted).execution_options(yield_per=_FEW))
    for row in rows:
        key = (row.scope, row.id, row.part, row.rev, row.made_utc)
        if key in missing:
            yield key, _part(row)


def _part(row: Any) -> ReadPart:
    try:
        text = unb64url(row.token.split(b".")[1]) or b""
        if text.count(_LINE) != row.holders:  # written by another program: brought into the form that is searched
            value = json.loads(text)
            text = dumps({**value, "holders": [{"id": each["id"], **each} for each in value["holders"]]})
    except (ValueError, LookupError, TypeError) as error:
        raise _unreadable(row.id, row.scope, error) from None
    card_key = _CARD_KEY.search(text)
    if card_key is None or text.count(_LINE) != row.holders:
        raise _unreadable(row.id, row.scope, _("not the form of a roster"))
    return ReadPart(card_key[1].decode(), row.topic, text, row.holders)


def hashes(centre: OpenCentre, text: str) -> dict[str, str]:
    """Of the card, under each card key by its id; none where the text is no card's number."""
    try:
        normal = from_printed(text)
    except ValueError:
        return {}
    return {name: card_hash(bytes.fromhex(key), normal) for name, key in centre.keys.card_keys.items()}


def entries(found: Iterable[PlacedPart], wanted: LinesWanted) -> Iterator[PartEntry]:
    """In the order of the rosters."""
    for part in found:
        if wanted.may(part.read.text, part.card_key):
            yield from part.entries(wanted)


def ids(found: Iterable[PlacedPart], wanted: frozenset[str] | None = None) -> set[str]:
    """Of everybody, or those of `wanted` that are there."""
    there = {each.decode() for part in found for each in _ID.findall(part.read.text)}
    return there if wanted is None else there & wanted


def person(found: Iterable[PlacedPart], name: str) -> Person | None:
    mine = tuple(entries(found, LinesWanted(ids=frozenset({name}))))
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
    beginning, exact = _named(wanted, whole=False), _named(wanted, whole=True)
    for part in found:
        card, inside = known.get(part.card_key), part.read.text
        has_card = card is not None and card.encode() in inside
        if not has_card and not (beginning if len(begins) < most else exact)(inside):
            continue
        for line in json.loads(inside)["holders"]:
            name, room = line["id"], line.get("room", "").casefold()
            if has_card and line.get("key") == card:
                cards[name] = card_name(part.card_key, str(card))
            if wanted in (room, name):
                same[name] = None
            elif len(begins) < most and (room.startswith(wanted) or name.startswith(wanted)):
                begins[name] = None
    order = {name: number for number, name in enumerate(list({**dict.fromkeys(cards), **same, **begins})[:most])}
    made = people(entries(found, LinesWanted(ids=frozenset(order))), frozenset(cards.values()))
    return sorted(made, key=lambda each: order[each.id])


def _named(text: str, *, whole: bool) -> Callable[[bytes], bool]:
    """Whether a part has an id or a room that is this, or begins so, however its letters are written."""
    end = b'"' if whole else b""
    small, large = (re.escape(dumps(each)[1:-1]) for each in (text, text.upper()))  # (?i) knows no letters but ours
    room = re.compile(b'"room":"(?i:' + small + b"|" + large + b")" + end)
    name = re.compile(re.escape(_LINE) + small + end)
    return lambda part: name.search(part) is not None or room.search(part) is not None


_UNTIL = re.compile(rb'"until":([0-9.e+]+)')


def ending(found: Sequence[PlacedPart], before_utc: float, first: int, count: int) -> list[Person]:
    """Whose entries end before then, or have ended, the first to end first; `count` of them from `first` on, each with those entries."""
    ends: dict[str, float] = {}
    for part in found:
        for piece in part.pieces if b'"until":' in part.read.text else ():
            until = _UNTIL.search(piece)
            if until is not None and float(until[1]) < before_utc:
                name = piece[: piece.index(b'"')].decode()
                ends[name] = max(ends.get(name, 0.0), float(until[1]))
    order = {name: number for number, name in enumerate(sorted(ends, key=lambda each: (ends[each], each)))}
    mine = LinesWanted(ids=frozenset(list(order)[first : first + count]))
    late = (each for each in entries(found, mine) if _ends(each.holder) < before_utc)
    return sorted(people(late), key=lambda each: order[each.id])


def _ends(holder: Holder) -> float:
    return float("inf") if holder.until_utc is None else holder.until_utc


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
        return sum(each.read.count for each in self.parts)

    def slice(self, first: int, count: int) -> list[PartEntry]:
        """Entries in their order, from `first` on."""
        found: list[PartEntry] = []
        begin = 0
        for part in self.parts:
            mine = range(max(first - begin, 0), min(first + count - begin, part.read.count))
            found += part.at(mine)
            begin += part.read.count
        return found


def rosters(found: Iterable[PlacedPart]) -> list[RosterInPlace]:
    by_name: dict[tuple[str, str], list[PlacedPart]] = {}
    for part in found:
        by_name.setdefault((part.scope, part.roster), []).append(part)
    return [
        RosterInPlace(scope, name, mine[0].rev, mine[0].made_utc, all(each.kept for each in mine), tuple(mine))
        for (scope, name), mine in by_name.items()
    ]
