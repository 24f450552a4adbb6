"""The neighbourhood as a tree, community to building, by the scopes that its units have. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from centre.scope_tree import LEVEL_WORDS
from centre.words import _
from contract.scopes import LEVELS, Scope

BETWEEN = LEVELS[1:-1]
"""Levels that are places: neither the site nor a unit."""


def label(scope: Scope) -> str:
    """As people call it, where nothing but its id is known."""
    return _(LEVEL_WORDS[scope.level]).format(id=scope.id)


@dataclass(slots=True)
class PlaceNode:
    """`units`: ids of all units in it, those of the places below included; `own`: those that are in none of these. `scope` None: the whole."""

    scope: Scope | None = None
    places: dict[Scope, PlaceNode] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, PlaceNode]]:
        """Each place below, in order, with how deep it lies."""
        for _scope, place in sorted(self.places.items(), key=lambda each: natural(each[0].id)):
            yield depth, place
            yield from place.walk(depth + 1)


def of(units: Iterable[tuple[str, Iterable[Scope]]]) -> PlaceNode:
    """Of units and their scopes. A unit with several scopes of one level stands where the first leads."""
    top = PlaceNode()
    for unit, scopes in units:
        at = top
        at.units.append(unit)
        known = {scope.level: scope for scope in reversed(list(scopes))}
        for level in BETWEEN:
            scope = known.get(level)
            if scope is not None:
                at = at.places.setdefault(scope, PlaceNode(scope))
                at.units.append(unit)
        at.own.append(unit)
    return top


def natural(text: str) -> list[tuple[int, int | str]]:
    """Sorts b2 before b12."""
    return [(0, int(digits)) if digits else (1, other) for digits, other in _PARTS.findall(text)]


_PARTS = re.compile(r"([0-9]{1,18})|([^0-9]+)")
