"""Units and their doors as they are now, and why a card did not open."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import acceptance
from centre import explain as explaining
from centre.console.call import call
from centre.console.visit import Visit
from centre.explain import Explained
from centre.permits import Doing
from centre.unit_states import UnitNow

UnitId = Annotated[str, Meta(min_length=1, max_length=48, pattern="^[a-z0-9][a-z0-9_-]*$")]
DoorId = Annotated[str, Meta(min_length=1, max_length=48, pattern="^[a-z0-9][a-z0-9_-]*$")]
PAGE = 50


class UnitsAsk(msgspec.Struct):
    """`after`: the last unit of the page before."""

    after: Annotated[str, Meta(max_length=48)] = ""


class UnitAsk(msgspec.Struct):
    unit: UnitId


class DoorView(msgspec.Struct):
    """By the unit's last status. `open`, `unlocked`: null where nobody can say."""

    door: str
    mode: str
    open: bool | None
    unlocked: bool | None
    lock: str
    held: bool


class UnitView(msgspec.Struct):
    """`sign`: urgent, look, away or well. `heard`: when the unit was last heard of, seconds since 1970."""

    unit: str
    name: str
    scopes: list[str]
    sign: str
    words: str
    online: bool
    heard: float | None
    version: str | None
    doors: list[DoorView]


class UnitsView(msgspec.Struct):
    """`next`: what to ask `after` for the next page; null where there is none."""

    units: list[UnitView]
    count: int
    next: str | None


@call("GET", "/units", doing=Doing.VIEW)
def units(visit: Visit, ask: UnitsAsk) -> UnitsView:
    """Units and how each is now, fifty at a time."""
    found = seen_by(visit)
    names = [each.unit for each in found]
    first = names.index(ask.after) + 1 if ask.after in names else 0
    page = found[first : first + PAGE]
    more = first + PAGE < len(found)
    return UnitsView([view(each) for each in page], len(found), page[-1].unit if page and more else None)


@call("GET", "/units/{unit}", doing=Doing.VIEW)
def unit(visit: Visit, ask: UnitAsk) -> UnitView:
    """How one unit is now."""
    return view(one(visit, ask.unit))


def seen_by(visit: Visit) -> list[UnitNow]:
    """All units of the visitor, in the order that people count in."""
    look = visit.desk.states.look(visit.language)
    return [each for name, each in look.units.items() if name in visit.units]


def one(visit: Visit, name: str) -> UnitNow:
    """Raises NotThereError."""
    visit.sees(name)
    found = visit.desk.states.look(visit.language).units.get(name)
    return visit.desk.states.one(visit.language, name) if found is None else found


def view(now: UnitNow) -> UnitView:
    doors = [DoorView(each.door, each.mode, each.open, each.unlocked, each.lock, each.held) for each in now.doors]
    version = now.status.get("version")
    return UnitView(
        now.unit,
        now.name,
        [str(scope) for scope in now.scopes],
        now.sign.value,
        now.words,
        now.online,
        now.heard_utc,
        version if isinstance(version, str) else None,
        doors,
    )


# --- why a card did not open


class ExplainAsk(msgspec.Struct):
    """`card`: as printed, or a holder's id. It is hashed at once, and kept nowhere."""

    unit: UnitId
    door: DoorId
    card: Annotated[str, Meta(min_length=1, max_length=64)]


class ReasonView(msgspec.Struct):
    """`weight`: against, doubt or for."""

    weight: str
    words: str


class ShownView(msgspec.Struct):
    """`mine`: whether it was this card; null where the unit did not know the card, so that nobody can tell."""

    at: float
    door: str
    opened: bool
    reason: str
    mine: bool | None


class ExplainView(msgspec.Struct):
    """`verdict`: as it can be read out to who asks."""

    verdict: str
    reasons: list[ReasonView]
    shown: list[ShownView]


@call("POST", "/explain", doing=Doing.PEOPLE)
def explain(visit: Visit, ask: ExplainAsk) -> ExplainView:
    """Why a card did not open a door, by what the centre knows."""
    found = explained(visit, ask)
    return ExplainView(
        found.verdict,
        [ReasonView(each.weight.value, each.words) for each in found.reasons],
        [ShownView(each.at_utc, each.door, each.opened, each.reason, each.mine) for each in found.shown],
    )


def explained(visit: Visit, ask: ExplainAsk) -> Explained:
    visit.sees(ask.unit)
    visit.require(Doing.PEOPLE, f"unit/{ask.unit}")
    return explaining.explain(visit.centre, ask.unit, ask.door, ask.card.strip(), visit.now)


# --- the box


class AcceptAsk(msgspec.Struct):
    """`despite`: why, although rows of its sheet failed or nobody has looked at them."""

    unit: UnitId
    why: Annotated[str, Meta(max_length=500)] = ""
    despite: Annotated[str, Meta(max_length=500)] = ""


@call("POST", "/units/{unit}/accept", doing=Doing.UNITS)
def accept(visit: Visit, ask: AcceptAsk) -> UnitView:
    """Say that a unit's box is in order, by its acceptance sheet."""
    visit.sees(ask.unit)
    visit.require(Doing.UNITS, f"unit/{ask.unit}")
    acceptance.accept(visit.centre, ask.unit, visit.person.name, ask.why.strip(), ask.despite.strip(), visit.now)
    return view(one(visit, ask.unit))
