"""Who a request is from: by the session that its cookie names, or by its token."""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy.exc import DBAPIError
from starlette.requests import Request

from centre import api_tokens, sessions
from centre.accounts import Account
from centre.console import csrf
from centre.errors import CentreError
from centre.opened import OpenCentre
from centre.sessions import Session

SESSION_ID = "sid"
"""In the signed cookie: the session's token, of which the books have half, and a seal."""


def whose(centre: OpenCentre, request: Request) -> Account | None:
    """None where nobody is signed in, and where the session or token has ended. A token that is shown is asked alone, whatever the cookie says."""
    if csrf.carries_token(request):
        return _by_token(centre, request)
    session = session_of(centre, request)
    return None if session is None else session.account


def session_of(centre: OpenCentre, request: Request) -> Session | None:
    """By which the person works who sits at this browser."""
    text, now = request.session.get(SESSION_ID), time.time()
    if not isinstance(text, str):
        return None
    try:
        key = centre.account_key
    except CentreError:
        return None  # nobody can sign in either, and is told why there
    with centre.books.reading() as conn:
        found = sessions.find(conn, key, text, now)
    if found is not None:
        with suppress(DBAPIError):  # the books are busy: it is written down the next time
            sessions.touch(centre.books, found, now)
    return found


def _by_token(centre: OpenCentre, request: Request) -> Account | None:
    text, now = request.headers["authorization"].partition(" ")[2].strip(), time.time()
    try:
        key = centre.account_key
    except CentreError:
        return None
    with centre.books.reading() as conn:
        found = api_tokens.find(conn, key, text, now)
    if found is None:
        return None
    with suppress(DBAPIError):
        api_tokens.touch(centre.books, found, now)
    return found.person
