"""What stands around every page: the language, who is signed in, and the search that jumps to a unit or a notice."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from centre import account_desk
from centre.console import csrf, entry
from centre.console.calls import find
from centre.console.guard import LANGUAGES
from centre.console.page import Pages
from centre.console.paths import own_path
from centre.console.visit import Visit
from centre.console.whose import session_of
from centre.errors import BadValueError
from centre.words import _

PAGES = Pages()


@PAGES.post("/language", None)
def language(visit: Visit) -> Response:
    """Kept by the browser, and with the account of who is signed in; back to the page that it was chosen on."""
    wanted = str(visit.form.get("language", ""))
    if wanted not in LANGUAGES:
        raise BadValueError("language", _("not one of {names}").format(names=", ".join(LANGUAGES)))
    session = session_of(visit.centre, visit.request)
    if session is not None:
        account_desk.set_language(visit.centre, session.account.name, LANGUAGES[wanted])
    answer = visit.go(own_path(visit.form.get("back")))
    entry.keep(visit, answer, entry.LANGUAGE, wanted)
    return answer


@PAGES.get("/who", None)
def who(visit: Visit) -> Response:
    """For a page that stands: whether it is that person's still, and the token that its forms carry by now."""
    account = visit.account
    value = (
        {"name": None, "token": ""} if account is None else {"name": account.name, "token": csrf.token(visit.request)}
    )
    return Response(msgspec.json.encode(value), media_type="application/json")


@PAGES.get("/search")
def search(visit: Visit) -> Response:
    ask = visit.ask(find.Find)
    return visit.page("search.html", ask=ask, found=find.find(visit, ask) if ask.q.strip() else None)
