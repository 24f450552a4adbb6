"""That what is posted was meant by whoever is signed in: each form carries a token that lies in the signed session, and no page elsewhere can read it.

What carries a token of the API in its own header instead of the cookie needs none: no browser adds that by itself.
"""

from __future__ import annotations

import secrets

from starlette.requests import Request

from centre.errors import ForbiddenError
from centre.words import _

FIELD = "csrftoken"
HEADER = "x-csrftoken"


def token(request: Request) -> str:
    """That of this session; made when there is none."""
    found = request.session.get(FIELD)
    if not isinstance(found, str):
        found = request.session[FIELD] = secrets.token_urlsafe(24)
    return found


def check(request: Request, given: object) -> None:
    """`given`: what the form or the header brought. Raises ForbiddenError."""
    expected = request.session.get(FIELD)
    if (
        not isinstance(expected, str)
        or not isinstance(given, str)
        or not secrets.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    ):
        raise ForbiddenError(_("this page is too old, or was not ours: open it again, nothing was done"))


def carries_token(request: Request) -> bool:
    """It says who it is by a token of the API."""
    return request.headers.get("authorization", "").casefold().startswith("bearer ")
