"""Somebody is erased: what was written about them is found first, and goes with them."""

from __future__ import annotations

from starlette.responses import Response

from centre import scope_tree
from centre.console.calls import erasing
from centre.console.calls.erasing import EraseAsk, TextsAsk
from centre.console.page import Pages
from centre.console.pages.people import course_of, holder_of
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.words import _

PAGES = Pages()


@PAGES.get("/people/person/{holder}/erase", Doing.ERASE)
def ask_erase(visit: Visit) -> Response:
    return _page(visit, TextsAsk(holder_of(visit)))


@PAGES.post("/people/person/{holder}/erase/texts", Doing.ERASE)
def texts(visit: Visit) -> Response:
    """Answered in place: a name that was typed stands in no address."""
    return _page(visit, visit.ask(TextsAsk, holder=holder_of(visit)))


@PAGES.post("/people/person/{holder}/erase", Doing.ERASE)
def erase(visit: Visit) -> Response:
    name = holder_of(visit)
    try:
        done = erasing.person_erased(visit, visit.ask(EraseAsk, holder=name))
    except BadValueError:
        return _page(visit, TextsAsk(name), _("say why, in at most {most} characters").format(most=500), 422)
    words = _("{holder} is out of every list, and units are asked to forget them.").format(holder=name)
    return course_of(visit, done, words)


def _page(visit: Visit, ask: TextsAsk, wrong: str = "", status: int = 200) -> Response:
    found = erasing.texts_about(visit, ask).reports
    with visit.centre.books.reading() as conn:
        name_of = scope_tree.roll(conn, visit.site).name_of
    values = {"found": found, "words": ask.words, "name_of": name_of, "wrong": wrong}
    return visit.page("people_erase.html", status, holder=ask.holder, **values)
