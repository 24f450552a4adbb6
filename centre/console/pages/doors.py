"""What state each door is in: places as a tree, units by state, place and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from centre.console.calls import doors as doors_call
from centre.console.page import Entry, Pages
from centre.console.visit import Visit
from centre.scope_tree import LEVEL_WORDS, Node, PlaceRoll
from centre.sentences import MODES, named
from centre.unit_states import DoorNow, UnitNow, UnitSign
from centre.words import N_, _
from contract.scopes import Scope

PAGES = Pages(Entry("/doors", N_("Doors"), "door", phone=True))
PAGE = 50


class Filter(msgspec.Struct):
    """What stands behind the `?`: empty is any. `about`: what needs a person there."""

    q: Annotated[str, Meta(max_length=80)] = ""
    place: Annotated[str, Meta(max_length=60)] = ""
    state: Annotated[str, Meta(max_length=10)] = ""
    about: Annotated[str, Meta(max_length=20)] = ""
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1

    def address(self, **changed: Any) -> str:
        values = msgspec.structs.asdict(self) | changed
        kept = {name: value for name, value in values.items() if value not in ("", 1)}
        return f"?{urlencode(kept)}" if kept else ""


@dataclass(frozen=True, slots=True)
class TreeBranch:
    """A place of the tree with how its units are."""

    label: str
    scope: str
    units: int
    signs: tuple[tuple[str, int], ...]
    places: tuple[TreeBranch, ...]
    is_open: bool


@PAGES.get("/doors")
def doors(visit: Visit) -> Response:
    return visit.page("doors.html", **_seen(visit))


@PAGES.get("/doors/list")
def listed(visit: Visit) -> Response:
    return visit.page("doors_list_part.html", **_seen(visit))


def _seen(visit: Visit) -> dict[str, Any]:
    wanted = visit.ask(Filter)
    everything = doors_call.seen_by(visit)
    place = _place(wanted.place)
    found = [each for each in everything if _takes(wanted, each, place)]
    last = max(1, -(-len(found) // PAGE))
    page = min(wanted.page, last)
    first = (page - 1) * PAGE
    known = visit.places
    tops = [place for site in known.tree(visit.units) for place in _places(site)]
    signs = {each.unit: each.sign for each in everything}
    return {
        "wanted": wanted,
        "query": wanted.address(),
        "units": [(each, _lines(each)) for each in found[first : first + PAGE]],
        "count": len(found),
        "first": first + 1,
        "all": len(everything),
        "before": f"/doors{wanted.address(page=page - 1)}" if page > 1 else None,
        "after": f"/doors{wanted.address(page=page + 1)}" if page < last else None,
        "tree": _branches(known, tops, signs, wanted.place),
        "places": [("", _("all"))] + [(scope, known.words(scope)) for scope in _choices(tops, wanted.place)],
        "place_label": known.words(wanted.place) if _is_place(place) else "",
    }


def _places(node: Node) -> list[Node]:
    """What lies in it, but for units."""
    return [each for each in node.children if not each.scope.startswith("unit/")]


def _choices(tops: Sequence[Node], chosen: str) -> Iterator[str]:
    """Places to choose from: buildings only where there are few, and the chosen one."""
    found = list(_walk(tops))
    for each in found:
        if len(found) <= PAGE or _places(each) or each.scope == chosen:
            yield each.scope


def _walk(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(_places(node))


def _place(text: str) -> Scope | None:
    level, _slash, name = text.partition("/")
    return Scope(level, name) if text else None


def _takes(wanted: Filter, unit: UnitNow, place: Scope | None) -> bool:
    text = wanted.q.strip().casefold()
    return (
        (not text or text in unit.unit.casefold() or text in unit.name.casefold())
        and (place is None or place in unit.scopes)
        and (not wanted.state or unit.sign.value == wanted.state)
        and (not wanted.about or any(each.about == wanted.about for each in unit.needs))
    )


def _is_place(scope: Scope | None) -> bool:
    return scope is not None and scope.level in LEVEL_WORDS and bool(scope.id)


def _branches(
    known: PlaceRoll, places: Sequence[Node], signs: Mapping[str, UnitSign], chosen: str
) -> tuple[TreeBranch, ...]:
    found = []
    for each in places:
        counted = Counter(signs[unit].value for unit in known.within[each.scope] if unit in signs)
        below = _branches(known, _places(each), signs, chosen)
        is_open = each.scope == chosen or any(branch.is_open for branch in below) or len(places) == 1
        unwell = tuple(
            (sign.value, counted[sign.value]) for sign in UnitSign if sign is not UnitSign.WELL and counted[sign.value]
        )
        shown = unwell or ((UnitSign.WELL.value, each.count),)
        found.append(TreeBranch(known.words(each.scope), each.scope, each.count, shown, below, is_open))
    return tuple(found)


def _lines(unit: UnitNow) -> list[tuple[str, str, str]]:
    """Of each door its name (empty where it is the only one), its lock and its leaf in words."""
    doors = unit.doors
    return [("" if len(doors) == 1 else each.door, lock_words(each), leaf_words(each)) for each in doors]


def lock_words(door: DoorNow) -> str:
    """What the lock is by the last status."""
    if door.lock == "lost":
        return _("no answer")
    if door.mode != "normal":
        return named(MODES, door.mode)
    if door.unlocked is None:
        return _("not known")
    return _("unlocked") if door.unlocked else _("locked")


def leaf_words(door: DoorNow) -> str:
    """Whether it stands open."""
    if door.open is None:
        return _("no contact")
    return _("standing open") if door.open else _("shut")
