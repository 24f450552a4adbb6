"""The language in which a browser is answered from now on. For everybody, signed in or not."""

from __future__ import annotations

from starlette.responses import Response

from centre.console.guard import LANGUAGES
from centre.console.page import Pages, own_path
from centre.console.visit import Visit
from centre.errors import BadValueError
from centre.words import _

PAGES = Pages()
KEPT_S = 365 * 86_400


@PAGES.post("/language", None)
def choose(visit: Visit) -> Response:
    """Of the cookie: it says nothing but `zh-CN` or `en`."""
    language = visit.form.get("language")
    if language not in LANGUAGES:
        raise BadValueError("language", _("choose one of: {names}").format(names=", ".join(LANGUAGES)))
    answer = visit.go(own_path(visit.form.get("back")))
    answer.set_cookie(
        "language", str(language), KEPT_S, httponly=True, samesite="strict", secure=visit.desk.options.secure
    )
    return answer
