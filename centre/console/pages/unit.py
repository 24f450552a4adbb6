"""What happened at one unit, and whether it is well."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from centre import order_words, scope_tree, unit_page
from centre.console.calls import doors as doors_call
from centre.console.calls.doors import AcceptAsk
from centre.console.course_view import lines
from centre.console.page import Pages
from centre.console.pages.doors import leaf_words, lock_words
from centre.console.visit import Said, Visit
from centre.errors import CHECK_FAILED, CentreError
from centre.orders_given import GivenOrder
from centre.permits import Doing
from centre.sentences import CLOCKS, STORAGES, named
from centre.sentences_units import STATES
from centre.unit_states import UnitNow
from centre.words import N_, _
from contract.plain import ReplyState

PAGES = Pages()
IN_PLACE_S = 600.0
"""So long the course of an order that ended stands on the unit's page."""


def _unit(visit: Visit) -> UnitNow:
    return doors_call.one(visit, visit.request.path_params["unit"])


@PAGES.get("/doors/unit/{unit}")
def unit(visit: Visit) -> Response:
    return visit.page("unit.html", **_now(visit), **_rest(visit), wrong="", why="", despite="")


@PAGES.get("/doors/unit/{unit}/state")
def state(visit: Visit) -> Response:
    return visit.page("unit_state_part.html", **_now(visit))


@PAGES.get("/doors/unit/{unit}/facts")
def facts(visit: Visit) -> Response:
    now = _unit(visit)
    return visit.page("unit_facts_part.html", now=now, happened=unit_page.happened(visit.centre, now.unit))


@PAGES.get("/doors/unit/{unit}/orders")
def orders(visit: Visit) -> Response:
    return visit.page("unit_orders_part.html", **_now(visit))


@PAGES.post("/doors/unit/{unit}/accept", Doing.UNITS)
def accept(visit: Visit) -> Response:
    ask = visit.ask(AcceptAsk, unit=visit.request.path_params["unit"])
    try:
        doors_call.accept(visit, ask)
    except CentreError as error:
        if error.code != CHECK_FAILED:
            raise
        return visit.page(
            "unit.html", 422, **_now(visit), **_rest(visit), wrong=str(error), why=ask.why, despite=ask.despite
        )
    return visit.go(
        f"/doors/unit/{ask.unit}", Said("well", _("Accepted. The screen says so as soon as the unit has it."))
    )


def _now(visit: Visit) -> dict[str, Any]:
    now = _unit(visit)
    known = unit_page.of(visit.centre, now, visit.now)
    return {
        "now": now,
        "known": known,
        "doors": [(each, lock_words(each), leaf_words(each)) for each in now.doors],
        "places": [visit.places.words(str(scope)) for scope in now.scopes if scope.level in scope_tree.PLACES],
        "clock": named(CLOCKS, now.status.get("clock")),
        "clock_well": now.status.get("clock") in {"synced", "holdover"},
        "storage": named(STORAGES, now.status.get("storage")),
        "lacking": [
            (named(STATES, each.kind), each.id, visit.places.words(each.scope)) for each in known.standing.lacking
        ],
        "devices": _devices(now),
        "given": [(each, _how_far(each)) for each in known.orders],
    }


def _rest(visit: Visit) -> dict[str, Any]:
    now = _unit(visit)
    mine = (each for each in visit.desk.courses.mine(visit.person.name) if each.where.id == now.unit)
    last = next((each for each in mine if (each.ended_utc or visit.now) > visit.now - IN_PLACE_S), None)
    return {
        "happened": unit_page.happened(visit.centre, now.unit),
        "course": None if last is None else lines(visit, last),
    }


def _devices(now: UnitNow) -> list[tuple[str, str, str]]:
    """Name, sign, words."""
    told = now.status.get("devices")
    found = []
    for name, each in sorted(told.items()) if isinstance(told, dict) else ():
        if not isinstance(each, dict):
            continue
        is_lost, is_tampered = each.get("state") == "lost", bool(each.get("tamper"))
        sign = "look" if is_lost else "urgent" if is_tampered else "well"
        found.append((name, sign, _("lost") if is_lost else _("tampered with") if is_tampered else _("well")))
    return found


STANDS = {
    ReplyState.ACCEPTED: N_("received"),
    ReplyState.DONE: N_("done"),
    ReplyState.OPENED: N_("opened"),
    ReplyState.NO_ENTRY: N_("nobody came"),
    ReplyState.UNKNOWN: N_("not known"),
}


def _how_far(given: GivenOrder) -> tuple[str, str]:
    """What was ordered, and what was heard of it last, in words."""
    title = given.action if given.order is None else order_words.title(given.order)
    if not given.steps:
        return title, _("no answer")
    last = given.steps[-1]
    if last.state is ReplyState.REFUSED:
        return title, _("not done: {reason}").format(reason=order_words.refusal(last, given.order))
    return title, _(STANDS[last.state])
