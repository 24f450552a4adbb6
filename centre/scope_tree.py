"""The places of the site as a tree, as far as the units' own scopes make one: how many units each holds, and what people call it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, select

from centre.schema import units
from centre.words import N_, _
from contract.scopes import LEVELS

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


@dataclass(frozen=True, slots=True)
class Roll:
    """All of them, by id, at one state of the register. `within`: ids by scope."""

    units: dict[str, PlacedUnit]
    within: dict[str, frozenset[str]]

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
        return _(LEVEL_WORDS[level]).format(id=name) if level in LEVEL_WORDS else scope


@dataclass(frozen=True, slots=True)
class Node:
    """A place with what is in it. `whole`: whoever looks sees all its units, and may name it."""

    scope: str
    words: str
    count: int
    whole: bool
    children: tuple[Node, ...]


def roll(conn: Connection, site: str) -> Roll:
    """As the register is now."""
    rows = conn.execute(
        select(units.c.unit, units.c.name, units.c.scopes).where(units.c.revoked_utc.is_(None)).order_by(units.c.unit)
    )
    found: dict[str, PlacedUnit] = {}
    within: dict[str, list[str]] = {}
    for unit, name, scopes in rows:
        given = sorted(scopes.split(), key=_level)
        places = tuple(dict.fromkeys((f"site/{site}", *given, f"unit/{unit}")))
        found[unit] = PlacedUnit(unit, name, places)
        for place in places:
            within.setdefault(place, []).append(unit)
    return Roll(found, {place: frozenset(inside) for place, inside in within.items()})


def tree(known: Roll, seen: Collection[str]) -> tuple[Node, ...]:
    """The places that hold a unit of `seen`, the widest first. A place lies in the one in which most of its units are, of those just wider."""
    inside = frozenset(seen) & known.units.keys()
    above: dict[str, Counter[str]] = {}
    for unit in inside:
        places = known.units[unit].places
        for wider, place in pairwise(places):
            above.setdefault(place, Counter())[wider] += 1
    below: dict[str, list[str]] = {}
    for place, counts in above.items():
        below.setdefault(max(sorted(counts), key=counts.__getitem__), []).append(place)
    tops = sorted({known.units[unit].places[0] for unit in inside})
    return tuple(_node(known, inside, below, top) for top in tops)


def _node(known: Roll, inside: frozenset[str], below: Mapping[str, list[str]], scope: str) -> Node:
    members = known.within[scope]
    children = sorted(below.get(scope, ()), key=lambda each: (_level(each), natural(known.words(each))))
    return Node(
        scope,
        known.words(scope),
        len(members & inside),
        members <= inside,
        tuple(_node(known, inside, below, each) for each in children),
    )


def natural(text: str) -> list[tuple[int, int, str]]:
    """So that 2 comes before 10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", text) if part]


def _level(scope: str) -> int:
    return LEVELS.index(scope.partition("/")[0])
