"""Signing in at the site's own provider: there and back. What is to come back is in a sealed cookie of the browser that went."""

from __future__ import annotations

import base64
import json

from starlette.responses import RedirectResponse, Response

from centre.console import entry
from centre.console.page import Pages
from centre.console.pages.sign_in import address, agent, sign_in_page
from centre.console.paths import own_path
from centre.console.visit import Visit
from centre.errors import CentreError
from centre.sign_in import NotSignedInError
from centre.single_sign_on import Asked, SignOn
from centre.words import _

PAGES = Pages()
PATH = "/sign-in/provider"
COOKIE = "provider"
VALID_S = 600


@PAGES.get(PATH, None)
def go(visit: Visit) -> Response:
    sign_on, to = _sign_on(visit), own_path(visit.request.query_params.get("to", "/"))
    try:
        visit.desk.sign_ins.slow(address(visit))
        asked = sign_on.ask(_back(visit))
    except CentreError as error:
        return sign_in_page(visit, 503, to=to, wrong=str(error))
    answer = RedirectResponse(asked.url, 303)
    # Lax: it comes back by a link on another site's page, which sends no strict one
    secure = visit.desk.options.secure
    value = _sealed(visit, asked, to)
    answer.set_cookie(COOKIE, value, max_age=VALID_S, path=PATH, secure=secure, httponly=True, samesite="lax")
    return answer


@PAGES.get(f"{PATH}/back", None)
def back(visit: Visit) -> Response:
    sign_on, kept = _sign_on(visit), _opened(visit)
    if kept is None:
        return sign_in_page(visit, 400, wrong=_("this did not begin here, or took too long; sign in again"))
    asked, to = kept
    try:
        visit.desk.sign_ins.slow(address(visit))
        answer = f"{_back(visit)}?{visit.request.url.query}"
        named = sign_on.named(asked, answer, _back(visit), visit.now)
        made = visit.desk.sign_ins.by_provider(named, address(visit), agent(visit), visit.now)
    except NotSignedInError:
        return sign_in_page(visit, 403, to=to, wrong=_("the provider knows you, and no account here is yours"))
    except CentreError as error:
        return sign_in_page(visit, 400, to=to, wrong=str(error))
    # A page, not a redirect: what the provider sent here would go on without our own cookie
    entered = entry.enter(visit, visit.page("signed_on.html", to=to), made.account, made.token, made.device)
    entered.delete_cookie(COOKIE, path=PATH)
    return entered


def _sign_on(visit: Visit) -> SignOn:
    if visit.desk.sign_on is None:
        raise CentreError(_("this site has no provider to sign in at"))
    return visit.desk.sign_on


def _back(visit: Visit) -> str:
    return f"{visit.desk.options.origin}{PATH}/back"


def _sealed(visit: Visit, asked: Asked, to: str) -> str:
    parts = [asked.state, asked.nonce, asked.verifier, to, visit.now]
    text = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    return f"{text}.{visit.centre.account_key.seal('provider', text)}"


def _opened(visit: Visit) -> tuple[Asked, str] | None:
    text, _dot, seal = visit.request.cookies.get(COOKIE, "").partition(".")
    if not visit.centre.account_key.holds(seal, "provider", text):
        return None
    state, nonce, verifier, to, made = json.loads(base64.urlsafe_b64decode(text))
    return (Asked("", state, nonce, verifier), to) if abs(visit.now - made) < VALID_S else None
