"""A card read at a reader for a list: which reader, what its screen says, and whose it is to be once somebody has looked."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from centre import scope_tree
from centre.card_reading import Reader, last_used
from centre.console.calls import card_reading as calls
from centre.console.calls import rosters
from centre.console.calls.card_reading import ReadCardAsk
from centre.console.calls.rosters import AddAsk, CardAsk
from centre.console.course import Course
from centre.console.course_view import lines
from centre.console.errors import NotThereError
from centre.console.page import Pages
from centre.console.visit import Said, Visit, asked
from centre.errors import BadValueError
from centre.permits import Doing
from centre.words import _

PAGES = Pages()
MOST_READERS = 300
"""To be chosen from: those used last first, then those of the list's own doors."""


def choices(visit: Visit, scope: str) -> list[tuple[str, str]]:
    """Readers that are there now, for a list of this scope."""
    found = [each for each in calls.readers_seen(visit) if each.there]
    with visit.centre.books.reading() as conn:
        used = last_used(conn, visit.person.name)
        roll = scope_tree.roll(conn, visit.site)
    own = roll.within.get(scope, frozenset())

    def rank(each: Reader) -> tuple[Any, ...]:
        name = (each.unit, each.name)
        at = used.index(name) if name in used else len(used)
        return at, each.unit not in own, roll.ranks.get(each.unit, 0), each.name

    made = sorted(found, key=rank)[:MOST_READERS]
    return [(f"{each.unit}~{each.name}", f"{roll.name_of(each.unit)} · {each.door} · {each.name}") for each in made]


def begin(visit: Visit, meant: dict[str, str]) -> Response:
    """By the form's `at`; to the page that shows how it goes. Raises BadValueError."""
    unit, _mark, reader = str(visit.form.get("at", "")).partition("~")
    if not unit or not reader:
        raise BadValueError("at", _("choose a reader"))
    ask = visit.ask(ReadCardAsk, unit=unit, reader=reader)
    return visit.go(f"/people/reading/{calls.begin(visit, ask, meant).id}")


@PAGES.post("/people/person/{holder}/reading", Doing.READ_CARD)
def begin_further(visit: Visit) -> Response:
    """A further card for somebody of a list."""
    holder = str(visit.request.path_params["holder"])
    scope, roster = str(visit.form.get("scope", "")), str(visit.form.get("roster", ""))
    rosters.in_list(visit, holder, scope, roster)
    try:
        return begin(visit, {"holder": holder, "scope": scope, "roster": roster})
    except BadValueError as error:
        return further_form(visit, holder, scope, roster, at=error.text, status=422)


def further_form(
    visit: Visit, holder: str, scope: str, roster: str, *, wrong: str = "", at: str = "", status: int = 200
) -> Response:
    """`wrong`: of the number that was typed; `at`: of the reader."""
    rosters.in_list(visit, holder, scope, roster)
    return visit.page(
        "people_card.html",
        status,
        holder=holder,
        scope=scope,
        roster=roster,
        wrong=wrong,
        wrong_reader=at,
        readers=choices(visit, scope) if visit.may(Doing.READ_CARD) else [],
        once=visit.desk.courses.new_form(),
    )


def meant(visit: Visit, course: str) -> dict[str, str]:
    """For whom it was read, who is somebody new. Raises NotThereError."""
    card = calls.one(visit, course).card
    if card is None or "id" not in card.meant:
        raise NotThereError(_("nothing is here"))
    return card.meant


@PAGES.get("/people/reading/{course}", Doing.READ_CARD)
def reading(visit: Visit) -> Response:
    return _page(visit, _course(visit))


@PAGES.get("/people/reading/{course}/part", Doing.READ_CARD)
def part(visit: Visit) -> Response:
    return visit.page("people_reading_part.html", **_shown(visit, _course(visit)))


def _course(visit: Visit) -> Course:
    return calls.one(visit, visit.request.path_params["course"])


def _page(visit: Visit, course: Course, wrong: str = "", status: int = 200) -> Response:
    return visit.page("people_reading.html", status, wrong=wrong, **_shown(visit, course))


def _shown(visit: Visit, course: Course) -> dict[str, Any]:
    assert course.card is not None
    meant = course.card.meant
    with visit.centre.books.reading() as conn:
        roll = scope_tree.roll(conn, visit.site)
    where = f"{roll.name_of(course.card.unit)} · {course.card.order.door} · {course.card.order.reader}"
    person = meant.get("holder") or meant.get("id", "")
    found = calls.card_of(course)
    others = [each for each in found.holders if each != person]
    return {
        "view": lines(visit, course),
        "card": found,
        "where": where,
        "person": person,
        "is_new": "id" in meant,
        "once": visit.desk.courses.new_form(),
        "others": others,
        "taken": bool(others) or found.elsewhere,
        "back": f"/people/person/{person}" if "holder" in meant else "/people",
    }


@PAGES.post("/people/reading/{course}", Doing.READ_CARD)
def decide(visit: Visit) -> Response:
    """It is given to whom it was read for; or it is another one, and a card is read once more."""
    course = _course(visit)
    assert course.card is not None
    meant = course.card.meant
    if visit.form.get("do") == "again":
        course.card.given()
        ask = ReadCardAsk(unit=course.card.unit, reader=course.card.order.reader, once=_once(visit))
        return visit.go(f"/people/reading/{calls.begin(visit, ask, meant).id}")
    try:
        if "holder" in meant:
            rosters.card_added(visit, CardAsk(**meant, reading=course.id))
        elif "id" in meant:
            rosters.person_added(visit, asked(AddAsk, {**meant, "reading": course.id}))
    except BadValueError as error:
        return _page(visit, course, error.text, 422)
    person = meant.get("holder") or meant.get("id", "")
    return visit.go(f"/people/person/{person}", Said("well", _("The card is in the list; the doors take it now.")))


def _once(visit: Visit) -> str | None:
    given = visit.form.get("once")
    return given if isinstance(given, str) and len(given) <= 64 else None
