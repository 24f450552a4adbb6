"""Lists of people changed: a file looked at and put, one line added or altered, a card, a PIN, visitors' codes."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from centre import roster_changes, scope_tree, visitors
from centre.charset import decoded
from centre.console.calls import people, rosters
from centre.console.calls import visitors as codes
from centre.console.calls.rosters import AddAsk, AlterAsk, CardAsk, FileAsk, PinAsk
from centre.console.calls.visitors import CodeAsk, CodesAsk, RevokeCode
from centre.console.errors import NotThereError
from centre.console.page import Pages
from centre.console.pages import people_reading
from centre.console.pages.people import FLAG_WORDS, holder_of, role_words
from centre.console.people_words import place_choices
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.permits import Doing
from centre.roster_csv import COLUMNS
from centre.words import _
from contract.messages import Role

PAGES = Pages()
PERSON = ("scope", "roster", "id", *sorted(roster_changes.ALTERED))
"""What a form says of somebody new, but for the card."""
NAMES = 20
"""Told of each kind of change."""


# --- a file


@PAGES.get("/people/import", Doing.PEOPLE)
def ask_file(visit: Visit) -> Response:
    given = visit.request.query_params
    return _file(visit, {"scope": given.get("scope", ""), "roster": given.get("roster", "")})


@PAGES.post("/people/import", Doing.PEOPLE)
def file(visit: Visit) -> Response:
    """Looked at, or put. The file is kept nowhere: without script it is chosen anew for the second step."""
    values = {name: text for name in ("scope", "roster", "mark") if isinstance(text := visit.form.get(name), str)}
    boxes = {name: visit.form.get(name) == "1" for name in ("again", "empty")}
    try:
        ask = visit.ask(FileAsk, csv="", hours=_text(visit, "hours"), **boxes)
        data = visit.upload("file")
        if visit.form.get("do") == "put":
            made = rosters.put(visit, ask, data)
            return _put(visit, made)
        found = rosters.previewed(visit, ask, data)
        return _file(visit, {**values, **boxes}, found=found, status=422 if found.faults else 200)
    except ForbiddenError:
        raise
    except BadValueError as error:
        return _file(visit, {**values, **boxes}, (error.name, error.text), status=422)
    except CentreError as error:
        return _file(visit, {**values, **boxes}, ("file", str(error)), status=422)


def _text(visit: Visit, name: str) -> str:
    given = visit.form.get(name)
    if not isinstance(given, UploadFile) or not given.size:
        return ""
    text = decoded(given.file.read())
    if text is None:
        raise BadValueError(name, _("not a text file"))
    return text


def _put(visit: Visit, made: rosters.RosterPut) -> Response:
    words = _("The list is in place: {count} lines. Doors take it as they are reached.").format(count=made.entries)
    said = Said("look", " ".join([words, *made.doubts[:3]])) if made.doubts else Said("well", words)
    return visit.go(f"/people/course?list={made.scope}~{made.roster}~{made.rev}", said)


def _file(
    visit: Visit, values: dict[str, Any], wrong: tuple[str, str] | None = None, *, found: Any = None, status: int = 200
) -> Response:
    there = [(each.scope, each.id) for each in rosters.all_lists(visit)][:500]
    return visit.page(
        "people_import.html",
        status,
        values={"scope": "", "roster": "", "mark": "", "again": False, "empty": False, **values},
        places=place_choices(visit),
        there=sorted({name for _scope, name in there}),
        wrong=wrong,
        found=found,
        columns=[(name, others[0]) for name, others in COLUMNS.names.items()],
        some=lambda names: _(", ").join(names[:NAMES]) + (" …" if len(names) > NAMES else ""),
    )


# --- one line


@PAGES.get("/people/add", Doing.PEOPLE)
def ask_new(visit: Visit) -> Response:
    """With `reading`: what was typed before its card was read, to be mended."""
    given = visit.request.query_params
    if given.get("reading"):
        meant = people_reading.meant(visit, given["reading"])
        return _line(visit, meant["scope"], meant["roster"], {**meant, "reading": given["reading"]})
    its = rosters.one_list(visit, given.get("scope", ""), given.get("roster", ""))
    return _line(visit, its.scope, its.id, {})


@PAGES.post("/people/add", Doing.PEOPLE)
def new(visit: Visit) -> Response:
    values = _typed(visit)
    scope, roster = values.get("scope", ""), values.get("roster", "")
    try:
        ask = visit.ask(AddAsk, **_lists_of(visit))
        if values.get("do") == "read":
            rosters.new_checked(visit, ask)
            return people_reading.begin(visit, {name: values[name] for name in PERSON if values.get(name)})
        rosters.person_added(visit, ask)
    except (ForbiddenError, NotThereError):
        raise
    except CentreError as error:
        values.pop("card", None)
        return _line(visit, scope, roster, values, wrong=_wrong(error))
    words = _("{holder} is in the list; the doors take it now.").format(holder=values["id"])
    return visit.go(f"/people/person/{values['id']}", Said("well", words))


def _typed(visit: Visit) -> dict[str, str]:
    return {name: text for name, text in visit.form.items() if isinstance(text, str)} | _lists_of(visit)


def _lists_of(visit: Visit) -> dict[str, str]:
    """Columns of which a form hands over several values."""
    return {"flags": " ".join(str(each) for each in visit.form.getlist("flags"))}


def _wrong(error: CentreError) -> tuple[str, str]:
    return (error.name, error.text) if isinstance(error, BadValueError) else ("id", str(error))


@PAGES.get("/people/person/{holder}/change", Doing.PEOPLE)
def ask_change(visit: Visit) -> Response:
    holder, given = holder_of(visit), visit.request.query_params
    scope, roster = given.get("scope", ""), given.get("roster", "")
    rosters.in_list(visit, holder, scope, roster)
    with visit.centre.books.reading() as conn:
        values = roster_changes.opened(conn, visit.centre, scope, roster).rows(visit.centre, holder)[0]
    values.pop("card")
    rev = rosters.one_list(visit, scope, roster).rev
    return _line(visit, scope, roster, {**values, "rev": str(rev)}, holder)


@PAGES.post("/people/person/{holder}/change", Doing.PEOPLE)
def change(visit: Visit) -> Response:
    holder, values = holder_of(visit), _typed(visit)
    try:
        rosters.person_altered(visit, visit.ask(AlterAsk, holder=holder, **_lists_of(visit)))
    except (ForbiddenError, NotThereError):
        raise
    except CentreError as error:
        scope, roster = values.get("scope", ""), values.get("roster", "")
        return _line(visit, scope, roster, values, holder, _wrong(error))
    return visit.go(f"/people/person/{holder}", Said("well", _("Changed; the doors take it now.")))


def _line(
    visit: Visit,
    scope: str,
    roster: str,
    values: dict[str, str],
    holder: str | None = None,
    wrong: tuple[str, str] | None = None,
) -> Response:
    rosters.one_list(visit, scope, roster)
    with visit.centre.books.reading() as conn:
        profiles = sorted(roster_changes.opened(conn, visit.centre, scope, roster).profiles)
        place = scope_tree.roll(conn, visit.site).words(scope)
    return visit.page(
        "people_line.html",
        422 if wrong is not None else 200,
        scope=scope,
        roster=roster,
        place=place,
        holder=holder,
        values=values,
        wrong=dict([wrong]) if wrong is not None else {},
        roles=[(role.value, role_words(role.value)) for role in Role],
        profiles=[("", _("at any time")), *((name, name) for name in profiles)],
        flags=[(name, _(words)) for name, words in FLAG_WORDS.items()],
        readers=people_reading.choices(visit, scope) if holder is None and visit.may(Doing.READ_CARD) else [],
        once=visit.desk.courses.new_form(),
    )


# --- cards and PINs


@PAGES.get("/people/person/{holder}/card", Doing.PEOPLE)
def ask_card(visit: Visit) -> Response:
    return _card(visit, holder_of(visit), visit.request.query_params)


@PAGES.post("/people/person/{holder}/card", Doing.PEOPLE)
def card(visit: Visit) -> Response:
    holder = holder_of(visit)
    try:
        rosters.card_added(visit, visit.ask(CardAsk, holder=holder))
    except (ForbiddenError, NotThereError):
        raise
    except CentreError as error:
        return _card(visit, holder, visit.form, _wrong(error)[1], 422)
    return visit.go(f"/people/person/{holder}", Said("well", _("The card is in the list; the doors take it now.")))


def _card(visit: Visit, holder: str, given: Any, wrong: str = "", status: int = 200) -> Response:
    scope, roster = str(given.get("scope", "")), str(given.get("roster", ""))
    return people_reading.further_form(visit, holder, scope, roster, wrong=wrong, status=status)


@PAGES.get("/people/person/{holder}/pin", Doing.PEOPLE)
def ask_pin(visit: Visit) -> Response:
    holder, given = holder_of(visit), visit.request.query_params
    scope, roster = given.get("scope", ""), given.get("roster", "")
    rosters.in_list(visit, holder, scope, roster)
    mine = [
        each for each in people.one(visit, holder).entries if (each.part.scope, each.part.roster) == (scope, roster)
    ]
    has = any(each.holder.pin is not None for each in mine)
    return visit.page("people_pin.html", holder=holder, scope=scope, roster=roster, has=has)


@PAGES.post("/people/person/{holder}/pin", Doing.PEOPLE)
def pin(visit: Visit) -> Response:
    """Shown on the answer itself: no address leads to it, and a second look makes another one."""
    ask = visit.ask(PinAsk, holder=holder_of(visit))
    made = rosters.pin_made(visit, ask)
    rooms = people.one(visit, ask.holder).rooms
    before = rooms[0] if rooms else ask.holder
    its = {"secret": made.pin, "another": made.another, "before": before, "duress": ask.duress}
    return visit.page("people_once.html", what="pin", holder=ask.holder, **its)


# --- visitors


@PAGES.get("/people/visitors", Doing.PEOPLE)
def visitors_page(visit: Visit) -> Response:
    unit = visit.request.query_params.get("unit", "")
    return _visitors(visit, unit, {})


def _visitors(visit: Visit, unit: str, values: dict[str, str], wrong: tuple[str, str] | None = None) -> Response:
    found = codes.visitor_codes(visit, CodesAsk(unit)) if unit else None
    with visit.centre.books.reading() as conn:
        known = scope_tree.roll(conn, visit.site)
    units = sorted(known.seen(visit.seen), key=lambda each: known.ranks[each])
    return visit.page(
        "people_visitors.html",
        422 if wrong else 200,
        unit=unit,
        units=[(each, known.name_of(each)) for each in units],
        found=found,
        doors=[(each, each) for each in (found.doors if found is not None else ())],
        today=visitors.today(visit.centre, visit.now),
        values=values,
        wrong=dict([wrong]) if wrong else {},
    )


@PAGES.post("/people/visitors", Doing.PEOPLE)
def make_code(visit: Visit) -> Response:
    values = {name: text for name, text in visit.form.items() if isinstance(text, str)}
    try:
        made = codes.visitor_code_made(visit, visit.ask(CodeAsk))
    except (ForbiddenError, NotThereError):
        raise
    except CentreError as error:
        name, text = _wrong(error)
        return _visitors(visit, values.get("unit", ""), values, ({"for": "note", "id": "door"}.get(name, name), text))
    return visit.page(
        "people_once.html",
        what="visitor",
        secret=made.code,
        made=made,
        holder="",
        before="",
        duress=False,
        another=False,
    )


@PAGES.post("/people/visitors/revoke", Doing.PEOPLE)
def revoke_code(visit: Visit) -> Response:
    ask = visit.ask(RevokeCode)
    codes.visitor_code_revoked(visit, ask)
    words = _("The code opens no longer once the door has heard of it.")
    return visit.go(f"/people/visitors?unit={ask.unit}", Said("well", words))
