"""What needs somebody now: the most urgent first, each to be taken with a note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from centre import needs as needs_of
from centre.conditions import About
from centre.console.calls import doors as doors_call
from centre.console.calls import watching
from centre.console.calls.watching import Take
from centre.console.errors import NotThereError
from centre.console.page import Entry, Pages
from centre.console.pages.account import to_decide
from centre.console.visit import Said, Visit, asked
from centre.errors import BadValueError
from centre.needs import Need, TakenNeed, Urgency
from centre.permits import Doing
from centre.unit_states import UnitSign
from centre.words import N_, _

PAGES = Pages(Entry("/", N_("Overview"), "overview", phone=True))
OF_A_KIND = 5
"""Of one kind so many stand in the list: a street without power is one line more, not a thousand."""
TAKEN_S = 86_400.0
TAKEN = 5


@dataclass(frozen=True, slots=True)
class ShownNeed:
    """`rest`: of the same kind, behind those before it, where it is the last that stands."""

    need: Need
    where: str
    link: str | None
    rest: int = 0


@PAGES.get("/")
def overview(visit: Visit) -> Response:
    return visit.page("overview.html", **_seen(visit), waits=to_decide(visit))


@PAGES.get("/overview/needs")
def needs(visit: Visit) -> Response:
    return visit.page("overview_needs_part.html", **_seen(visit))


@PAGES.get("/overview/counts")
def counts(visit: Visit) -> Response:
    return visit.page("overview_counts_part.html", counts=_counts(visit))


@PAGES.get("/overview/states")
def states(visit: Visit) -> Response:
    return visit.page("overview_states_part.html", states=_states(visit))


@PAGES.get("/alarms/{alarm:int}/take", Doing.ACKNOWLEDGE)
def take_form(visit: Visit) -> Response:
    return _form(visit)


@PAGES.post("/alarms/{alarm:int}/take", Doing.ACKNOWLEDGE)
def take(visit: Visit) -> Response:
    number = visit.request.path_params["alarm"]
    note = str(visit.form.get("note", ""))
    try:
        watching.take(visit, asked(Take, {"alarms": [number], "note": note}))
    except BadValueError as error:
        return _form(visit, note, error.text)
    return visit.go("/", Said("well", _("Taken, with your note.")))


def _form(visit: Visit, note: str = "", wrong: str = "") -> Response:
    """Only of what is in the list: what somebody took meanwhile is there no more."""
    number = visit.request.path_params["alarm"]
    found = next((each for each in watching.seen_by(visit) if each.alarm == number), None)
    if found is None:
        raise NotThereError(_("this is open no more: somebody took it, or it never was"))
    (one,) = _shown(visit, [found])
    return visit.page("take.html", 422 if wrong else 200, need=one, note=note, wrong=wrong)


def _seen(visit: Visit) -> dict[str, Any]:
    found = watching.seen_by(visit)
    return {
        "needs": _shown(visit, found),
        "count": len(found),
        "urgent": sum(each.urgency is Urgency.URGENT for each in found),
        "taken": _taken(visit),
        "counts": _counts(visit),
        "states": _states(visit),
        "may_take": visit.may(Doing.ACKNOWLEDGE),
    }


def _shown(visit: Visit, found: Sequence[Need]) -> list[ShownNeed]:
    """So many of each kind, in their order; urgent ones are all there."""
    counted: Counter[About] = Counter()
    names = {each.unit: each.label for each in doors_call.seen_by(visit)}
    of_a_kind = Counter(each.about for each in found)
    shown = []
    for each in found:
        counted[each.about] += 1
        if each.urgency is not Urgency.URGENT and counted[each.about] > OF_A_KIND:
            continue
        is_last = each.urgency is not Urgency.URGENT and counted[each.about] == OF_A_KIND
        rest = of_a_kind[each.about] - OF_A_KIND if is_last else 0
        shown.append(ShownNeed(each, names.get(each.unit, each.unit) or _("the centre"), _link(each), rest))
    return shown


def _link(need: Need) -> str | None:
    if need.about is About.OVERDUE and need.case is not None:
        return f"/reports/case/{need.case}"
    if need.about is About.MISSED and need.round is not None:
        return f"/patrol/round/{need.round}"
    return f"/doors/unit/{need.unit}" if need.unit else None


def _taken(visit: Visit) -> list[tuple[TakenNeed, str]]:
    """Of lately, with where it was."""
    names = {each.unit: each.label for each in doors_call.seen_by(visit)}
    found = needs_of.taken(visit.centre, visit.now - TAKEN_S, TAKEN)
    return [
        (each, names.get(each.need.unit, each.need.unit) or _("the centre"))
        for each in found
        if each.need.unit in visit.units or (not each.need.unit and visit.person.whole_site)
    ]


def _counts(visit: Visit) -> dict[str, int]:
    """Units by their sign."""
    counted = Counter(each.sign for each in doors_call.seen_by(visit))
    return {each.value: counted[each] for each in UnitSign} | {"all": counted.total()}


def _states(visit: Visit) -> dict[str, list[str]]:
    """For the map: what is in none is well."""
    found: dict[str, list[str]] = {each.value: [] for each in UnitSign if each is not UnitSign.WELL}
    for each in doors_call.seen_by(visit):
        if each.sign is not UnitSign.WELL:
            found[each.sign.value].append(each.unit)
    return found
