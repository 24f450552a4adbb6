"""Why a card did not open a door: asked by whoever has the resident on the telephone."""

from __future__ import annotations

from starlette.responses import Response

from centre import explain as explaining
from centre.console.calls import doors as doors_call
from centre.console.calls.doors import ExplainAsk
from centre.console.page import Pages
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.explain import Explained
from centre.permits import Doing

PAGES = Pages()


@PAGES.get("/doors/unit/{unit}/explain", Doing.PEOPLE)
def form(visit: Visit) -> Response:
    return _page(visit)


@PAGES.post("/doors/unit/{unit}/explain", Doing.PEOPLE)
def explain(visit: Visit) -> Response:
    """The card is not shown again: the answer says whose holder it is."""
    try:
        found = doors_call.explained(visit, visit.ask(ExplainAsk, unit=visit.request.path_params["unit"]))
    except BadValueError as error:
        return _page(visit, wrong=error.text)
    return _page(visit, found)


def _page(visit: Visit, found: Explained | None = None, wrong: str = "") -> Response:
    unit = visit.request.path_params["unit"]
    now = doors_call.one(visit, unit)
    visit.require(Doing.PEOPLE, f"unit/{unit}")
    door = str(visit.form.get("door", ""))
    away = explaining.turned_away(visit.centre, unit, visit.now) if found is None else []
    return visit.page("explain.html", 422 if wrong else 200, now=now, found=found, wrong=wrong, door=door, away=away)
