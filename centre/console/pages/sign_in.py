"""Coming in and going out: name and password, a one-time link, the language one reads."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from centre import invitations, login_passwords, sessions
from centre.console import entry
from centre.console.page import Pages
from centre.console.paths import own_path
from centre.console.visit import Said, Visit
from centre.console.whose import session_of
from centre.errors import BadValueError, CentreError
from centre.sign_in import NotSignedInError, TooManyTriesError, device_of
from centre.words import _

PAGES = Pages()


class SignIn(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    to: Annotated[str, msgspec.Meta(max_length=500)] = "/"


class NewPassword(msgspec.Struct):
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    again: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@PAGES.get("/sign-in", None)
def form(visit: Visit) -> Response:
    if visit.account is not None:
        return visit.go("/")
    return sign_in_page(visit, 200, to=own_path(visit.request.query_params.get("to", "/")))


@PAGES.post("/sign-in", None)
def sign_in(visit: Visit) -> Response:
    asked = visit.ask(SignIn)
    try:
        made = visit.desk.sign_ins.sign_in(
            asked.name, asked.password, address(visit), agent(visit), entry.device_of(visit), visit.now
        )
    except (NotSignedInError, TooManyTriesError) as error:
        slowed = isinstance(error, TooManyTriesError)
        answer = sign_in_page(visit, 429 if slowed else 403, asked.name, own_path(asked.to), str(error))
        if isinstance(error, TooManyTriesError):
            answer.headers["retry-after"] = str(round(error.wait_s))
        return answer
    return entry.enter(visit, visit.go(own_path(asked.to)), made.account, made.token, made.device)


@PAGES.post("/sign-out", None)
def sign_out(visit: Visit) -> Response:
    session = session_of(visit.centre, visit.request)
    if session is not None:
        sessions.sign_out(visit.centre.books, session, visit.now)
    visit.request.session.clear()
    answer = visit.go("/sign-in", Said("well", _("You are signed out.")))
    # what a phone kept of whoever was in the field goes too
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@PAGES.get(f"{invitations.PATH}{{token}}", None)
def invitation(visit: Visit) -> Response:
    return _invitation(visit)


@PAGES.post(f"{invitations.PATH}{{token}}", None)
def take_invitation(visit: Visit) -> Response:
    asked = visit.ask(NewPassword)
    try:
        same(asked)
        given = visit.request.path_params["token"], asked.password
        account, token = invitations.take(visit.centre, *given, address(visit), agent(visit), visit.now)
    except BadValueError as error:
        return _invitation(visit, error)
    welcome = visit.go("/", Said("well", _("Welcome, {person}. Your password is set.").format(person=account.label)))
    said = visit.request.session["said"]
    answer = entry.enter(visit, welcome, account, token, device_of(visit.centre.account_key, account.name))
    visit.request.session["said"] = said
    return answer


def _invitation(visit: Visit, error: BadValueError | None = None) -> Response:
    try:
        with visit.centre.books.reading() as conn:
            token = visit.request.path_params["token"]
            found = invitations.look(conn, visit.centre.account_key, token, visit.now)
    except CentreError:
        found = None
    if found is None:
        return visit.page("invitation.html", 410, account=None, wrong="", field="", least=0)
    wrong, field = ("", "") if error is None else (error.text, error.name)
    status = 200 if error is None else 422
    return visit.page("invitation.html", status, account=found, wrong=wrong, field=field, least=login_passwords.LEAST)


def sign_in_page(visit: Visit, status: int, name: str = "", to: str = "/", wrong: str = "") -> Response:
    oidc = visit.centre.site.oidc
    provider = None if oidc is None else oidc.label or oidc.issuer
    return visit.page("sign_in.html", status, name=name, to=to, wrong=wrong, provider=provider)


def same(asked: NewPassword) -> None:
    """Raises BadValueError where the two differ."""
    if asked.password != asked.again:
        raise BadValueError("again", _("not the same as above"))


def address(visit: Visit) -> str:
    return visit.request.client.host[:64] if visit.request.client else ""


def agent(visit: Visit) -> str:
    return visit.request.headers.get("user-agent", "")
