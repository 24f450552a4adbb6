"""Orders to doors: a form that says what it will do before it asks, and the course of each as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from centre import order_words, scope_tree
from centre.console.calls import doors as doors_call
from centre.console.calls import orders as orders_call
from centre.console.calls.orders import DoorOrderAsk, ModeAsk, ModeEverywhereAsk, OpenAsk, OrderAsk, SayAsk
from centre.console.course import Course
from centre.console.course_view import lines
from centre.console.errors import NotThereError
from centre.console.page import Pages
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.words import _
from contract.commands import FireReset, Identify, Mode, Open, Order, Restart, Resync, Say, SetMode
from contract.scopes import Scope

PAGES = Pages()


@dataclass(frozen=True, slots=True)
class Act:
    """What stands at /doors/unit/UNIT/NAME. `example`: the order as far as it is known before the form is filled in. `asks`: fields of the form."""

    doing: Doing
    example: Order
    kind: type[OrderAsk]
    run: Callable[[Visit, Any], Any]
    asks: frozenset[str] = frozenset()
    fixed: Mapping[str, str] = field(default_factory=dict)
    is_grave: bool = False


def _mode(mode: Mode, doing: Doing, *, is_grave: bool) -> Act:
    asks = frozenset({"door"}) if mode is Mode.NORMAL else frozenset({"door", "until"})
    return Act(doing, SetMode(mode, 0.0), ModeAsk, orders_call.set_mode, asks, {"mode": mode.value}, is_grave)


ACTS: Mapping[str, Act] = {
    "open": Act(Doing.OPEN, Open("main"), OpenAsk, orders_call.open_door, frozenset({"door"})),
    "hold": _mode(Mode.HOLD_OPEN, Doing.HOLD_OPEN, is_grave=True),
    "lockdown": _mode(Mode.LOCKDOWN, Doing.LOCKDOWN, is_grave=True),
    "normal": _mode(Mode.NORMAL, Doing.HOLD_OPEN, is_grave=False),
    "identify": Act(Doing.IDENTIFY, Identify(), OrderAsk, orders_call.identify),
    "restart": Act(Doing.UNITS, Restart(), OrderAsk, orders_call.restart, is_grave=True),
    "resync": Act(Doing.UNITS, Resync(), OrderAsk, orders_call.resync),
    "say": Act(Doing.NOTICE, Say("…"), SayAsk, orders_call.say, frozenset({"text"})),
    "fire-reset": Act(
        Doing.FIRE_RESET, FireReset(), DoorOrderAsk, orders_call.fire_reset, frozenset({"door"}), is_grave=True
    ),
}

EVERYWHERE = ("hold", "lockdown", "normal")
"""What can be asked of a whole place."""


# --- of a unit


@PAGES.get("/doors/unit/{unit}/{act}")
def form(visit: Visit) -> Response:
    return _form(visit, *_asked_for(visit))


@PAGES.post("/doors/unit/{unit}/{act}", Doing.IDENTIFY)
def order(visit: Visit) -> Response:
    name, act, scope = _asked_for(visit)
    try:
        ask = visit.ask(act.kind, unit=scope.id, **act.fixed)
        return visit.go(f"/courses/{act.run(visit, ask).id}")
    except BadValueError as error:
        return _form(visit, name, act, scope, error)


def _asked_for(visit: Visit) -> tuple[str, Act, Scope]:
    unit, name = visit.request.path_params["unit"], visit.request.path_params["act"]
    visit.sees(unit)
    if name not in ACTS:
        raise NotThereError(_("nothing is here"))
    visit.require(ACTS[name].doing, f"unit/{unit}")
    return name, ACTS[name], Scope("unit", unit)


# --- of a place


@PAGES.get("/doors/place/{level}/{place}/{act}")
def place_form(visit: Visit) -> Response:
    return _form(visit, *_place_asked_for(visit))


@PAGES.post("/doors/place/{level}/{place}/{act}", Doing.HOLD_OPEN)
def place_order(visit: Visit) -> Response:
    name, act, scope = _place_asked_for(visit)
    try:
        ask = visit.ask(ModeEverywhereAsk, scope=str(scope), **act.fixed)
        return visit.go(f"/courses/{orders_call.set_mode_everywhere(visit, ask).id}")
    except BadValueError as error:
        return _form(visit, name, act, scope, error)


def _place_asked_for(visit: Visit) -> tuple[str, Act, Scope]:
    given = visit.request.path_params
    if given["act"] not in EVERYWHERE or given["level"] not in scope_tree.LEVEL_WORDS:
        raise NotThereError(_("nothing is here"))
    try:
        scope = visit.scope(f"{given['level']}/{given['place']}")
    except BadValueError as error:
        raise NotThereError(error.text) from None
    if not any(each.unit in visit.units for each in visit.desk.states.look(visit.language).reach(scope)):
        raise NotThereError(_("{scope}: no unit is there").format(scope=scope))
    visit.require(ACTS[given["act"]].doing, scope)
    return given["act"], ACTS[given["act"]], scope


def _form(visit: Visit, name: str, act: Act, scope: Scope, error: BadValueError | None = None) -> Response:
    is_place = scope.level != "unit"
    now = None if is_place else doors_call.one(visit, scope.id)
    units = visit.desk.states.look(visit.language).reach(scope) if now is None else [now]
    where = visit.places.words(str(scope)) if now is None else now.label
    return visit.page(
        "order.html",
        200 if error is None else 422,
        address=f"/doors/{'place' if is_place else 'unit'}/{scope if is_place else scope.id}/{name}",
        back=f"/doors?place={scope}" if is_place else f"/doors/unit/{scope.id}",
        act=act,
        title=order_words.title(act.example),
        where=_("{place}: {count} units").format(place=where, count=len(units)) if is_place else where,
        consequence=order_words.consequence(act.example, where, _("the time chosen below")),
        count=len(units) if is_place else None,
        doors=[] if now is None else [each.door for each in now.doors],
        pairs=[] if now is None else [(each.door, each.door) for each in now.doors],
        asks=act.asks - {"door"} if is_place else act.asks,
        away=sum(not each.online for each in units),
        ends=_ends(visit),
        given={key: str(visit.form.get(key, "")) for key in ("door", "until", "why", "text", "wait")},
        wrong={} if error is None else {error.name: error.text},
        once=visit.form.get("once") or visit.desk.courses.new_form(),
    )


def _ends(visit: Visit) -> list[tuple[str, str]]:
    """When a mode may end: what clerks say, each with its moment."""
    zone = visit.centre.site.zone
    now = datetime.fromtimestamp(visit.now, zone)
    evening = now.replace(hour=22, minute=0, second=0, microsecond=0)
    morning = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1)
    lengths = {900: _("15 minutes"), 3600: _("1 hour"), 14_400: _("4 hours")}
    moments = {int(visit.now) + length: words for length, words in lengths.items()}
    moments |= {int(evening.timestamp()): "", int(morning.timestamp()): ""}
    chosen = visit.form.get("until")
    if isinstance(chosen, str) and chosen.isascii() and chosen.isdecimal() and len(chosen) < 12:
        moments.setdefault(int(chosen), "")
    later = [(each, words) for each, words in sorted(moments.items()) if each > visit.now + 60]
    until = _("{length}, until {at}")
    return [
        (str(each), until.format(length=words, at=visit.moment(each)) if words else visit.moment(each))
        for each, words in later
    ]


# --- courses


@PAGES.get("/courses")
def courses(visit: Visit) -> Response:
    return visit.page(
        "courses.html", courses=[lines(visit, each) for each in visit.desk.courses.mine(visit.person.name)]
    )


@PAGES.get("/courses/{course}")
def course(visit: Visit) -> Response:
    found = lines(visit, _course(visit))
    return visit.page("course.html", view=found)


@PAGES.get("/courses/{course}/part")
def course_part(visit: Visit) -> Response:
    return visit.page("course_part.html", view=lines(visit, _course(visit)))


def _course(visit: Visit) -> Course:
    return orders_call.one(visit, visit.request.path_params["course"])
