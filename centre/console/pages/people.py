"""People: who may come in where and until when; a lost card, somebody who leaves, and how far the doors know of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from centre import people as index
from centre import roster_changes, roster_reach, scope_tree
from centre.console.call import Nothing
from centre.console.calls import people as calls
from centre.console.calls import rosters as lists
from centre.console.calls.people import (
    DAY_S,
    MOST,
    ChangedLists,
    EndingAsk,
    LeaveAsk,
    LeaveOrgAsk,
    LostAsk,
    LostNumberAsk,
    PersonName,
    PersonSearch,
)
from centre.console.calls.rosters import RosterAsk, RostersAsk
from centre.console.errors import NotThereError
from centre.console.page import Entry, Pages
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.permits import Doing
from centre.roster_reach import Name
from centre.words import N_, _
from contract.topics import valid_id

PAGES = Pages(Entry("/people", N_("People"), "people", Doing.PEOPLE))
FLAG_WORDS = {"care": N_("cared for"), "fire_reset": N_("locks again after fire")}
ROLES = {
    "resident": N_("resident"),
    "staff": N_("staff"),
    "patrol": N_("patrol worker"),
    "emergency": N_("emergency services"),
    "service": N_("of an organisation"),
}
SOON_DAYS = 30
MAX_LISTS = 200
"""Of one course: more change at once only where somebody leaves who was in all lists."""


# --- looked for


@PAGES.get("/people", Doing.PEOPLE)
def overview(visit: Visit) -> Response:
    return visit.page("people.html", asked="", found=None, **_lists(visit))


@PAGES.get("/people/lists", Doing.PEOPLE)
def lists_part(visit: Visit) -> Response:
    return visit.page("people_lists_part.html", **_lists(visit))


def _lists(visit: Visit) -> dict[str, Any]:
    ask = visit.ask(RostersAsk) if visit.request.method == "GET" else RostersAsk()
    found = lists.rosters_listed(visit, ask)
    return {"lists": found.lists, "count": found.count, "first": ask.first, "most": MOST, "place": place_words(visit)}


def place_words(visit: Visit) -> Any:
    with visit.centre.books.reading() as conn:
        return scope_tree.roll(conn, visit.site).words


@PAGES.post("/people", Doing.PEOPLE)
def search(visit: Visit) -> Response:
    """Answered in place: what was typed may be a card's number, which stands in no address and is not shown again."""
    ask = visit.ask(PersonSearch)
    found = calls.search_people(visit, ask)
    is_card = bool(index.hashes(visit.centre, ask.q.strip())) and not any(not each.by_card for each in found.people)
    return visit.page("people.html", asked="" if is_card else ask.q, found=found, **_shown(visit), **_lists(visit))


@PAGES.get("/people/ending", Doing.PEOPLE)
def ending(visit: Visit) -> Response:
    ask = visit.ask(EndingAsk)
    found = calls.people_ending(visit, ask)
    return visit.page("people_ending.html", ask=ask, found=found, most=MOST, **_shown(visit))


def _shown(visit: Visit) -> dict[str, Any]:
    return {"named": role_words, "until": lambda utc: until(visit, utc), "flag_words": flag_words}


def role_words(role: str) -> str:
    return _(ROLES[role]) if role in ROLES else role


def until(visit: Visit, utc: float | None) -> tuple[str, str]:
    """A state's name, or nothing where all is as it should be; and the last day in words."""
    if utc is None:
        return "", _("no end")
    day = roster_changes.day(utc, visit.centre.site.zone, end=True)[:16].replace("T", " ")
    if utc <= visit.now:
        return "away", _("ended {day}").format(day=day)
    return ("look" if utc < visit.now + SOON_DAYS * DAY_S else ""), day


def flag_words(flags: list[str]) -> str:
    return _(", ").join(_(FLAG_WORDS[each]) if each in FLAG_WORDS else each for each in flags)


@PAGES.get("/people/list", Doing.PEOPLE)
def one_list(visit: Visit) -> Response:
    ask = visit.ask(RosterAsk)
    found = lists.one_list(visit, ask.scope, ask.roster)
    (reached,) = lists.reached(visit, [found])
    with visit.centre.books.reading() as conn:
        away = roster_reach.lacking(conn, reached.lack)
        names = scope_tree.roll(conn, visit.site)
    return visit.page(
        "people_list.html",
        ask=ask,
        its=found,
        people=lists.roster_people(visit, ask),
        reached=reached,
        away=away[:MOST],
        place=names.words(ask.scope),
        name_of=names.name_of,
        most=MOST,
        list_address=lambda **more: f"/people/list?{urlencode({'scope': ask.scope, 'roster': ask.roster, **more})}",
        add_address=f"/people/add?{urlencode({'scope': ask.scope, 'roster': ask.roster})}",
        export_address=f"/people/list/export?{urlencode({'scope': ask.scope, 'roster': ask.roster})}",
        import_address=f"/people/import?{urlencode({'scope': ask.scope, 'roster': ask.roster})}",
        **_shown(visit),
    )


# --- one person


@PAGES.get("/people/person/{holder}", Doing.PEOPLE)
def person(visit: Visit) -> Response:
    name = holder_of(visit)
    found = calls.person_shown(visit, PersonName(name))
    reached = calls.reach(visit, calls.one(visit, name).entries)
    with visit.centre.books.reading() as conn:
        away = roster_reach.lacking(conn, reached.lack)
        names = scope_tree.roll(conn, visit.site)
    cards: dict[str, int] = {}
    for each in found.entries:
        if each.card is not None:
            cards.setdefault(each.card, len(cards) + 1)
    return visit.page(
        "people_person.html",
        its=found,
        cards=cards,
        firsts=_firsts(found.entries),
        away=away[:MOST],
        place=names.words,
        name_of=names.name_of,
        typed=visit.request.query_params.get("card", ""),
        query=urlencode,
        **_shown(visit),
    )


def _firsts(found: list[calls.EntryLine]) -> list[int]:
    """Of each list the place of its first entry: what can be done stands there once."""
    names = [(each.scope, each.roster) for each in found]
    return [names.index(name) for name in dict.fromkeys(names)]


def holder_of(visit: Visit) -> str:
    """Raises NotThereError."""
    name: str = visit.request.path_params["holder"]
    if not valid_id(name):
        raise NotThereError(_("{holder}: no list has this person").format(holder=name[:48]))
    return name


@PAGES.get("/people/person/{holder}/lost", Doing.LOST_CARD)
def ask_lost(visit: Visit) -> Response:
    return _lost(visit, visit.request.query_params.get("card", ""), "")


def _lost(visit: Visit, card: str, wrong: str, status: int = 200) -> Response:
    found = calls.one(visit, holder_of(visit))
    if card not in found.cards:
        raise NotThereError(_("this person has no such card any more"))
    mine = tuple(each for each in found.entries if each.card == card)
    return visit.page("people_lost.html", status, holder=found.id, card=card, wrong=wrong, **_consequence(visit, mine))


def _consequence(visit: Visit, entries: tuple[Any, ...]) -> dict[str, Any]:
    """Whom it concerns: doors that hear of it at once, and those that are away now."""
    reached = calls.reach(visit, entries)
    with visit.centre.books.reading() as conn:
        every = roster_reach.lacking(conn, (*reached.has, *reached.lack))
        name_of = scope_tree.roll(conn, visit.site).name_of
    away = [name_of(each.unit) for each in every if not each.online]
    return {"units": len(every), "away": away[:5], "away_count": len(away)}


@PAGES.post("/people/person/{holder}/lost", Doing.LOST_CARD)
def lost(visit: Visit) -> Response:
    ask = visit.ask(LostAsk, holder=holder_of(visit))
    try:
        return course_of(visit, calls.card_lost(visit, ask), _("The card is out of every list."))
    except (BadValueError, ForbiddenError, NotThereError):
        raise
    except CentreError as error:
        return _lost(visit, ask.card, str(error), 422)


@PAGES.get("/people/lost", Doing.LOST_CARD)
def ask_number(visit: Visit) -> Response:
    return visit.page("people_lost_number.html", wrong="", why="")


@PAGES.post("/people/lost", Doing.LOST_CARD)
def number(visit: Visit) -> Response:
    """The number is not kept in the form that comes back: it is typed again."""
    try:
        ask = visit.ask(LostNumberAsk)
        return course_of(visit, calls.number_lost(visit, ask), _("The card is out of every list."))
    except BadValueError as error:
        return visit.page("people_lost_number.html", 422, wrong=error.text, why=str(visit.form.get("why", ""))[:500])


@PAGES.get("/people/person/{holder}/leave", Doing.PEOPLE)
def ask_leave(visit: Visit) -> Response:
    found = calls.one(visit, holder_of(visit))
    return visit.page("people_leave.html", its=calls.line(found), **_consequence(visit, found.entries))


@PAGES.post("/people/person/{holder}/leave", Doing.PEOPLE)
def leave(visit: Visit) -> Response:
    done = calls.person_leaves(visit, visit.ask(LeaveAsk, holder=holder_of(visit)))
    return course_of(
        visit, done, _("All cards and PINs of {holder} are out of every list.").format(holder=holder_of(visit))
    )


# --- organisations


@PAGES.get("/people/organisations", Doing.PEOPLE)
def organisations(visit: Visit) -> Response:
    found = calls.organisations(visit, Nothing()).organisations
    return visit.page("people_organisations.html", found=found, **_shown(visit))


@PAGES.get("/people/organisations/{org}/leave", Doing.PEOPLE)
def ask_organisation(visit: Visit) -> Response:
    return visit.page("people_organisation.html", its=_organisation(visit))


def _organisation(visit: Visit) -> calls.OrganisationLine:
    name = visit.request.path_params["org"]
    found = calls.organisations(visit, Nothing()).organisations
    its = next((each for each in found if each.org == name), None)
    if its is None:
        raise NotThereError(_("{org}: nobody of this organisation is in a list").format(org=name[:48]))
    return its


@PAGES.post("/people/organisations/{org}/leave", Doing.PEOPLE)
def organisation_leaves(visit: Visit) -> Response:
    its = _organisation(visit)
    done = calls.organisation_leaves(visit, visit.ask(LeaveOrgAsk, org=its.org))
    return course_of(visit, done, _("Nobody of {org} is in a list any more.").format(org=its.org))


# --- how far it came


def course_of(visit: Visit, done: ChangedLists, words: str) -> Response:
    names = [("list", f"{each.scope}~{each.roster}~{each.rev}") for each in done.lists[:MAX_LISTS]]
    if any(not each.kept for each in done.lists):
        more = _(
            "One of the lists is put by another system: take it out there too, or it comes back with its next list."
        )
        return visit.go(f"/people/course?{urlencode(names)}", Said("look", f"{words} {more}"))
    return visit.go(f"/people/course?{urlencode(names)}" if names else "/people", Said("well", words))


@PAGES.get("/people/course", Doing.PEOPLE)
def course(visit: Visit) -> Response:
    return visit.page("people_course.html", **_came(visit))


@PAGES.get("/people/course/part", Doing.PEOPLE)
def course_part(visit: Visit) -> Response:
    return visit.page("people_course_part.html", **_came(visit))


def _came(visit: Visit) -> dict[str, Any]:
    mine = calls.seen(visit)
    names = [each for text in visit.request.query_params.getlist("list")[:MAX_LISTS] for each in _named(text)]
    reached = calls.reach_of(visit, [each for each in names if mine(each[0])])
    with visit.centre.books.reading() as conn:
        away = roster_reach.lacking(conn, reached.lack)
        name_of = scope_tree.roll(conn, visit.site).name_of
    query = urlencode([("list", f"{scope}~{name}~{rev}") for scope, name, rev in names])
    return {"reached": reached, "away": away[:MOST], "name_of": name_of, "query": query}


def _named(text: str) -> list[Name]:
    scope, _mark, rest = text.partition("~")
    name, _mark, rev = rest.partition("~")
    is_number = rev.isascii() and rev.isdecimal() and len(rev) < 16
    return [(scope, name, int(rev))] if is_number and valid_id(name) and len(scope) <= 64 else []
