"""What a browser keeps of somebody who signed in: the session, that it was here before, and the language. Nothing of it can be read by a page's script."""

from __future__ import annotations

from starlette.responses import Response

from centre.account_key import Token
from centre.accounts import Account
from centre.console.guard import LANGUAGES
from centre.console.visit import Visit
from centre.console.whose import SESSION_ID

DEVICE = "device"
LANGUAGE = "language"
LONG_S = 400 * 86_400
"""As long as browsers keep a cookie at most."""


def enter(visit: Visit, answer: Response, account: Account, token: Token, device: str | None) -> Response:
    """What the browser had before is gone: the session's token is new, and so is that of its forms."""
    visit.request.session.clear()
    visit.request.session[SESSION_ID] = str(token)
    if device is not None:
        keep(visit, answer, _device(visit), device)
    for marked, catalogue in LANGUAGES.items():
        if account.language == catalogue:
            keep(visit, answer, LANGUAGE, marked)
    return answer


def device_of(visit: Visit) -> str | None:
    return visit.request.cookies.get(_device(visit))


def keep(visit: Visit, answer: Response, name: str, value: str) -> None:
    secure = visit.desk.options.secure
    answer.set_cookie(name, value, max_age=LONG_S, path="/", secure=secure, httponly=True, samesite="strict")


def _device(visit: Visit) -> str:
    return f"__Host-{DEVICE}" if visit.desk.options.secure else DEVICE
