"""A new round, or another one in the place of one: stops in their order, hours, days and who walks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from centre import rounds
from centre.console.calls import patrol as calls
from centre.console.calls.patrol import PutRound, StopAsk
from centre.console.page import Pages
from centre.console.visit import Said, Visit, asked
from centre.errors import BadValueError, CentreError
from centre.permits import Doing
from centre.round_csv import StopLine
from centre.sheet import BadTableError
from centre.words import N_, _
from contract.rounds import WEEK, Round, clock_text

PAGES = Pages()
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
SHOWN = 500
"""Units that are offered by name; the others are typed."""
EMPTY = {
    "title": "",
    "scope": "",
    "stops": "",
    "week": [],
    "staff": "",
    "holidays": "",
    "grace_min": "10",
    "ordered": "",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """At a field of the form."""

    field: str
    words: str


@PAGES.get("/patrol/new", Doing.PATROL)
def new(visit: Visit) -> Response:
    return _form(visit, dict(EMPTY))


@PAGES.post("/patrol/new", Doing.PATROL)
def put(visit: Visit) -> Response:
    return _put(visit, "")


@PAGES.get("/patrol/round/{round}/change", Doing.PATROL)
def change_asked(visit: Visit) -> Response:
    its = calls.mine(visit, visit.request.path_params["round"])
    return _form(visit, _values(its), its.id)


@PAGES.post("/patrol/round/{round}/change", Doing.PATROL)
def change(visit: Visit) -> Response:
    return _put(visit, visit.request.path_params["round"])


def _values(its: Round) -> dict[str, Any]:
    lines = [f"{each.unit} {clock_text(each.begins)}-{clock_text(each.ends)} {each.name or ''}" for each in its.stops]
    return {
        "title": its.title,
        "scope": str(its.scope),
        "stops": "\n".join(line.rstrip() for line in lines),
        "week": [day.value for day in its.week or ()],
        "staff": " ".join(sorted(its.staff or ())),
        "holidays": " ".join(sorted(its.holidays)),
        "grace_min": str(its.grace_s // 60),
        "ordered": "1" if its.ordered else "",
    }


def _put(visit: Visit, name: str) -> Response:
    values = {key: visit.form.get(key, "") for key in EMPTY} | {"week": visit.form.getlist("week")}
    try:
        stops = _uploaded(visit) or _typed(str(values["stops"]))
        values["stops"] = "\n".join(f"{each.unit} {each.begins}-{each.ends} {each.name}".rstrip() for each in stops)
        done = calls.put_round(visit, _asked(values, stops, name))
    except BadValueError as error:
        return _form(visit, values, name, Wrong(error.name, str(error).removeprefix(f"{error.name}: ")))
    except CentreError as error:
        return _form(visit, values, name, Wrong("scope", str(error)))
    words = _("The round is in place. Units that are offline take it when they are back.")
    if done.unknown_doors:
        words += " " + _("Not told by their units so far: {doors}.").format(doors=", ".join(done.unknown_doors))
    if done.unknown_staff:
        words += " " + _("In no list of yours: {names}.").format(names=", ".join(done.unknown_staff))
    doubtful = done.unknown_doors or done.unknown_staff
    return visit.go(f"/patrol/round/{done.id}", Said("look" if doubtful else "well", words))


def _asked(values: dict[str, Any], stops: list[StopAsk], name: str) -> PutRound:
    given = {
        "scope": values["scope"],
        "title": str(values["title"]).strip(),
        "stops": [
            {"unit": each.unit, "door": each.door, "from": each.begins, "until": each.ends, "name": each.name}
            for each in stops
        ],
        "id": name,
        "ordered": bool(values["ordered"]),
        "week": values["week"],
        "holidays": str(values["holidays"]).replace(",", " ").split(),
        "grace_min": values["grace_min"] or "10",
        "staff": str(values["staff"]).replace(",", " ").split(),
    }
    if not given["title"]:
        raise BadValueError("title", _("give it a name"))
    if not stops:
        raise BadValueError("stops", _("a round has one stop at least"))
    return asked(PutRound, given)


_STOP = re.compile(r"([^\s,，]+)[\s,，]+(\d{1,2}[:：]\d{2})\s*[-–—~,，\s]+\s*(\d{1,2}[:：]\d{2})(?:[\s,，]+(.*))?")


def _typed(text: str) -> list[StopAsk]:
    """A line each: unit, from, until, and what screens call it. Raises BadValueError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        read = _STOP.fullmatch(line.strip())
        if read is None:
            words = _("line {number}: write unit, from and until, as 3-1 08:00-10:00")
            raise BadValueError("stops", words.format(number=number))
        begins, ends = (read[at].replace("：", ":") for at in (2, 3))
        found.append(StopAsk(read[1], begins, ends, name=(read[4] or "").strip()))
    return found


def _uploaded(visit: Visit) -> list[StopAsk]:
    """Of the CSV file, where one was chosen. Raises BadValueError, which names its lines."""
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.size:
        return []
    try:
        return [_stop(each) for each in rounds.stops_of(file.file.read())]
    except BadTableError as error:
        faults = [_("line {fault}").format(fault=fault) for fault in error.faults[:10]] or [_("holds no stop")]
        raise BadValueError("file", "; ".join(faults)) from None


def _stop(each: StopLine) -> StopAsk:
    return StopAsk(each.unit, clock_text(each.begins), clock_text(each.ends), each.door, each.name)


def _form(visit: Visit, values: dict[str, Any], name: str = "", wrong: Wrong | None = None) -> Response:
    places = visit.places
    there = sorted(places.seen(visit.seen), key=lambda unit: places.ranks[unit])
    scopes = [scope for scope in places.within if places.within[scope] <= places.seen(visit.seen)]
    offered = [(scope, places.words(scope)) for scope in sorted(scopes, key=_level) if not scope.startswith("unit/")]
    return visit.page(
        "patrol_new.html",
        200 if wrong is None else 400,
        values=values,
        changed=name,
        wrong=wrong,
        scopes=offered,
        units=[(each, places.name_of(each)) for each in there[:SHOWN]],
        days=[(day.value, _(words)) for day, words in zip(WEEK, DAYS, strict=True)],
    )


def _level(scope: str) -> tuple[int, str]:
    return ("site", "community", "grid", "yard", "building", "unit").index(scope.partition("/")[0]), scope
