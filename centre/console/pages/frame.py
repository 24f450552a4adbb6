"""What stands around every page: the language, and the search that jumps to a unit, a notice or somebody."""

from __future__ import annotations

from starlette.responses import Response

from centre.console.calls import find
from centre.console.guard import LANGUAGES
from centre.console.page import Pages, own_path
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.words import _

PAGES = Pages()
YEAR_S = 365 * 86_400


@PAGES.post("/language", None)
def language(visit: Visit) -> Response:
    """Kept by the browser; back to the page that it was chosen on."""
    wanted = str(visit.form.get("language", ""))
    if wanted not in LANGUAGES:
        raise BadValueError("language", _("not one of {names}").format(names=", ".join(LANGUAGES)))
    answer = visit.go(own_path(visit.form.get("back")))
    answer.set_cookie(
        "language", wanted, max_age=YEAR_S, samesite="strict", secure=visit.desk.options.secure, httponly=True
    )
    return answer


@PAGES.get("/search")
def search(visit: Visit) -> Response:
    ask = visit.ask(find.Find)
    return visit.page("search.html", ask=ask, found=find.find(visit, ask) if ask.q.strip() else None)
