"""The places of the site as a tree, as far as the units' own scopes make one: how many units each holds, and what people call it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from centre.schema import meta, units
from centre.schema_places import outlines
from centre.words import N_, _
from contract.scopes import LEVELS

PLACES = LEVELS[1:-1]
"""Levels of places: neither the site nor a unit."""
TREES = 64
"""Kept of one roll: one for each scope that people sign in with."""
LEVEL_WORDS = {
    "site": N_("whole site"),
    "community": N_("community {id}"),
    "grid": N_("grid {id}"),
    "yard": N_("yard {id}"),
    "building": N_("building {id}"),
    "unit": N_("unit {id}"),
}


@dataclass(frozen=True, slots=True)
class PlacedUnit:
    """A unit that is not revoked. `places`: all its scopes, the site first and its own last."""

    unit: str
    name: str
    places: tuple[str, ...]


class PlaceRoll:
    """All of them, by id, at one state of the register. `within`: ids by scope; `ranks`: where each stands in a list by name. Never changed."""

    def __init__(self, found: Iterable[PlacedUnit], names: Mapping[str, str]) -> None:
        """`names`: what people call a place, by its scope, where that is known."""
        self._names = names
        self.units = {each.unit: each for each in found}
        within: dict[str, list[str]] = {}
        for each in self.units.values():
            for place in each.places:
                within.setdefault(place, []).append(each.unit)
        self.within = {place: frozenset(inside) for place, inside in within.items()}
        by_name = sorted(self.units, key=lambda unit: (natural(self.name_of(unit)), unit))
        self.ranks = {unit: number for number, unit in enumerate(by_name)}
        self._trees: dict[frozenset[str], tuple[Node, ...]] = {}

    def seen(self, units: Collection[str] | None) -> frozenset[str]:
        """Of these; None stands for all there are."""
        return frozenset(self.units if units is None else self.units.keys() & set(units))

    def name_of(self, unit: str) -> str:
        found = self.units.get(unit)
        return unit if found is None or not found.name else found.name

    def words(self, scope: str) -> str:
        """What people call that place."""
        level, _slash, name = scope.partition("/")
        if level == "unit":
            return self.name_of(name)
        if scope in self._names:
            return self._names[scope]
        return _(LEVEL_WORDS[level]).format(id=name) if level in LEVEL_WORDS else scope

    def tree(self, units: Collection[str]) -> tuple[Node, ...]:
        """The places that hold one of these units, the widest first."""
        inside = self.seen(units)
        if inside not in self._trees:
            if len(self._trees) >= TREES:
                self._trees.clear()
            self._trees[inside] = _tree(self, inside)
        return self._trees[inside]


@dataclass(frozen=True, slots=True)
class Node:
    """A place with what is in it. `whole`: whoever looks sees all its units, and may name it."""

    scope: str
    count: int
    whole: bool
    children: tuple[Node, ...]


def roll(conn: Connection, site: str) -> PlaceRoll:
    """As the register is now; read anew where it changed."""
    columns = (func.count(), func.count(units.c.revoked_utc), func.max(units.c.revoked_utc))
    changes = conn.execute(select(meta.c.value).where(meta.c.name == "changes")).scalar()
    mark = (site, changes, *conn.execute(select(*columns)).one())
    known = _KEPT.get(conn.engine)
    if known is None or known[0] != mark:
        known = _KEPT[conn.engine] = (mark, _read(conn, site))
    return known[1]


_KEPT: WeakKeyDictionary[Engine, tuple[object, PlaceRoll]] = WeakKeyDictionary()
"""Of each database that is open the newest roll, with the marks of the books that it was read at."""


def _read(conn: Connection, site: str) -> PlaceRoll:
    here = select(units.c.unit, units.c.name, units.c.scopes).where(units.c.revoked_utc.is_(None))
    found = []
    for unit, name, scopes in conn.execute(here.order_by(units.c.unit)):
        given = sorted(scopes.split(), key=_level)
        found.append(PlacedUnit(unit, name, tuple(dict.fromkeys((f"site/{site}", *given, f"unit/{unit}")))))
    named = select(outlines.c.scope, outlines.c.name).where(outlines.c.name != "")
    return PlaceRoll(found, {row.scope: row.name for row in conn.execute(named)})


def _tree(known: PlaceRoll, inside: frozenset[str]) -> tuple[Node, ...]:
    """A place lies in the one in which most of its units are, of those just wider."""
    above: dict[str, Counter[str]] = {}
    for unit in inside:
        for wider, place in pairwise(known.units[unit].places):
            above.setdefault(place, Counter())[wider] += 1
    below: dict[str, list[str]] = {}
    for place, counts in above.items():
        below.setdefault(max(sorted(counts), key=counts.__getitem__), []).append(place)
    tops = sorted({known.units[unit].places[0] for unit in inside})
    return tuple(_node(known, inside, below, top) for top in tops)


def _node(known: PlaceRoll, inside: frozenset[str], below: Mapping[str, list[str]], scope: str) -> Node:
    def order(each: str) -> tuple[int, int, list[tuple[int, int, str]]]:
        level, _slash, name = each.partition("/")
        return LEVELS.index(level), known.ranks.get(name, 0) if level == "unit" else 0, natural(name)

    members = known.within[scope]
    children = tuple(_node(known, inside, below, each) for each in sorted(below.get(scope, ()), key=order))
    return Node(scope, len(members & inside), members <= inside, children)


def natural(text: str) -> list[tuple[int, int, str]]:
    """So that 2 comes before 10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(_DIGITS, text) if part]


_DIGITS = re.compile("([0-9]{1,18})")
"""No longer number than a machine's: what a unit is called may be digits alone."""


def _level(scope: str) -> int:
    return LEVELS.index(scope.partition("/")[0])
