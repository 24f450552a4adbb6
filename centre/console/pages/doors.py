"""What state each door is in: places as a tree, units by state, place and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from centre import place_tree, scope_tree
from centre.console.calls import doors as doors_call
from centre.console.page import Entry, Pages
from centre.console.visit import Visit
from centre.place_tree import PlaceNode
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
    look = visit.desk.states.look(visit.language)
    is_all = len(everything) == len(look.units)
    top = look.tree if is_all else place_tree.of((each.unit, each.scopes) for each in everything)
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
        "tree": _branches(top, signs, wanted.place),
        "places": [("", _("all"))] + [(str(scope), place_tree.label(scope)) for scope in _choices(top, wanted.place)],
        "place_label": _label(wanted.place),
    }


def _choices(top: PlaceNode, chosen: str) -> Iterator[Scope]:
    """Places to choose from: buildings only where there are few, and the chosen one."""
    found = [each for _depth, each in top.walk()]
    for each in found:
        if each.scope is not None and (len(found) <= PAGE or each.places or str(each.scope) == chosen):
            yield each.scope


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


def _label(place: str) -> str:
    level, _slash, name = place.partition("/")
    known = scope_tree.LEVEL_WORDS.get(level)
    return _(known).format(id=name) if known and name else ""


def _branches(place: PlaceNode, signs: dict[str, UnitSign], chosen: str) -> tuple[TreeBranch, ...]:
    found = []
    for scope, each in sorted(place.places.items(), key=lambda item: place_tree.natural(item[0].id)):
        counted = Counter(signs[unit].value for unit in each.units)
        below = _branches(each, signs, chosen)
        is_open = str(scope) == chosen or any(branch.is_open for branch in below) or len(place.places) == 1
        unwell = tuple(
            (sign.value, counted[sign.value]) for sign in UnitSign if sign is not UnitSign.WELL and counted[sign.value]
        )
        shown = unwell or ((UnitSign.WELL.value, len(each.units)),)
        found.append(TreeBranch(place_tree.label(scope), str(scope), len(each.units), shown, below, is_open))
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
