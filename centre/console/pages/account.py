"""One's own account: the password, where one is signed in; and what waits for a second person."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from centre import sessions
from centre.console import entry
from centre.console.call import Nothing
from centre.console.calls import accounts as people
from centre.console.calls import consents as waiting
from centre.console.errors import SignedOutError
from centre.console.page import Pages
from centre.console.pages.sign_in import NewPassword, same
from centre.console.people_words import browser_words, place_words, role_words
from centre.console.visit import Said, Visit, asked
from centre.console.whose import session_of
from centre.errors import BadValueError, CentreError
from centre.login_passwords import LEAST
from centre.permits import SECOND_WORDS, Doing
from centre.sessions import Session
from centre.sign_in import NotSignedInError, device_of
from centre.words import _

PAGES = Pages()


class PasswordChange(NewPassword):
    old: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class OneSession(msgspec.Struct):
    session: Annotated[str, msgspec.Meta(max_length=16)]


@PAGES.get("/account")
def account(visit: Visit) -> Response:
    return _account(visit, {}, 200)


@PAGES.post("/account/password", Doing.VIEW)
def change_password(visit: Visit) -> Response:
    session, asked = _session(visit), visit.ask(PasswordChange)
    try:
        same(asked)
        token = visit.desk.sign_ins.change_password(session, asked.old, asked.password, visit.now)
    except BadValueError as error:
        return _account(visit, {error.name: error.text}, 422)
    except NotSignedInError:
        return _account(visit, {"old": _("not the password of now")}, 422)
    except CentreError as error:
        return _account(visit, {"old": str(error)}, 429)
    answer = visit.go("/account")
    device = device_of(visit.centre.account_key, session.account.name)
    entry.enter(visit, answer, session.account, token, device)
    visit.request.session["said"] = ["well", _("The password is changed. Everywhere else you are signed out.")]
    return answer


@PAGES.post("/account/sessions/end", Doing.VIEW)
def end_session(visit: Visit) -> Response:
    session, asked = _session(visit), visit.ask(OneSession)
    sessions.end(visit.centre.books, session.account.name, session.account.name, visit.now, asked.session)
    return visit.go("/account", Said("well", _("Signed out there.")))


def _account(visit: Visit, wrong: dict[str, str], status: int) -> Response:
    person, session = visit.person, _session(visit)
    found = people.open_sessions(visit, person.name)
    values = {"sessions": found, "own": session.id, "wrong": wrong, "least": LEAST, "browser": browser_words}
    values |= {"role": role_words(person.role.value), "place": place_words(str(person.scope))}
    return visit.page("account.html", status, **values, waits=len(waiting.list_consents(visit, Nothing()).waiting))


def _session(visit: Visit) -> Session:
    found = session_of(visit.centre, visit.request)
    if found is None:
        raise SignedOutError
    return found


# --- a second person


@PAGES.get("/consents")
def consents(visit: Visit) -> Response:
    found = waiting.list_consents(visit, Nothing()).waiting
    rows = [(each, _(SECOND_WORDS[each.doing]), place_words(each.scope)) for each in found]
    return visit.page("consents.html", waiting=rows)


@PAGES.get("/consents/waiting")
def consents_waiting(visit: Visit) -> Response:
    return visit.page("consents_waiting_part.html", waits=to_decide(visit))


def to_decide(visit: Visit) -> int:
    """How many acts wait for this person's word."""
    return sum(not each.mine for each in waiting.list_consents(visit, Nothing()).waiting)


@PAGES.post("/consents/{id}/agree", Doing.VIEW)
def agree(visit: Visit) -> Response:
    waiting.agree(visit, _of(visit))
    return visit.go("/consents", Said("well", _("You agreed; it is carried out.")))


@PAGES.post("/consents/{id}/refuse", Doing.VIEW)
def refuse(visit: Visit) -> Response:
    waiting.refuse(visit, _of(visit))
    return visit.go("/consents", Said("well", _("You refused; it is not done.")))


@PAGES.post("/consents/{id}/withdraw", Doing.VIEW)
def withdraw(visit: Visit) -> Response:
    waiting.withdraw(visit, _of(visit))
    return visit.go("/consents", Said("well", _("Taken back; it is not done.")))


def _of(visit: Visit) -> waiting.OfConsent:
    return asked(waiting.OfConsent, visit.request.path_params)
