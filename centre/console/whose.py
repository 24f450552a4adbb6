"""Who a request is from: by the session that its cookie names, or by its token."""

from __future__ import annotations

from starlette.requests import Request

from centre.accounts import Account
from centre.opened import OpenCentre

SESSION_ID = "sid"
"""In the signed cookie: the session's token, of which the books have the hash."""


def whose(centre: OpenCentre, request: Request) -> Account | None:
    """None where nobody is signed in, and where the session or token has ended."""
    return None
