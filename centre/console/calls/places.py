"""The places that something can be for, as a tree."""

from __future__ import annotations

import msgspec

from centre.console.call import Nothing, call
from centre.console.visit import Visit
from centre.permits import Doing
from centre.scope_tree import Node, PlaceRoll


class Place(msgspec.Struct):
    """`whole`: all its units are the person's, and a notice can be for it."""

    scope: str
    name: str
    units: int
    whole: bool
    within: list[Place]


class Places(msgspec.Struct):
    places: list[Place]


@call("GET", "/places", doing=Doing.VIEW)
def places_listed(visit: Visit, ask: Nothing) -> Places:
    """The places of the person's units as a tree."""
    return Places([_place(visit.places, node) for node in visit.places.tree(visit.units)])


def _place(known: PlaceRoll, node: Node) -> Place:
    within = [_place(known, each) for each in node.children]
    return Place(node.scope, known.words(node.scope), node.count, node.whole, within)
