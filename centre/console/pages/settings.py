"""Settings: accounts, and one account; programs' tokens. For administrators."""

from __future__ import annotations

from starlette.responses import Response

from centre.console.call import Nothing
from centre.console.calls import accounts as people
from centre.console.calls import tokens
from centre.console.page import Entry, Pages
from centre.console.people_words import STATES, browser_words, place_choices, place_words, role_choices, role_words
from centre.console.visit import Said, Visit, asked
from centre.errors import BadValueError, CentreError
from centre.permits import Doing
from centre.words import N_, _

PAGES = Pages(Entry("/settings", N_("Settings"), "gear", Doing.ACCOUNTS))
TABS = [("/settings", N_("Accounts")), ("/settings/tokens", N_("Programs"))]
"""Pages behind the gear, each with its words."""
PERSON = "/settings/accounts/{name}"


def tabs(here: str) -> list[tuple[str, str, bool, None]]:
    return [(path, _(words), path == here, None) for path, words in TABS]


def said_of(person: people.Person) -> dict[str, str]:
    """How an account is shown."""
    sign, words = STATES[person.state]
    return {"role": role_words(person.role), "place": place_words(person.scope), "sign": sign, "words": _(words)}


# --- accounts


@PAGES.get("/settings", Doing.ACCOUNTS)
def list_accounts(visit: Visit) -> Response:
    found = people.list_accounts(visit, Nothing()).accounts
    return visit.page("settings.html", tabs=tabs("/settings"), accounts=[(each, said_of(each)) for each in found])


@PAGES.get("/settings/invite", Doing.ACCOUNTS)
def invitation_form(visit: Visit) -> Response:
    return _invitation_form(visit, {}, {}, 200)


@PAGES.post("/settings/invite", Doing.ACCOUNTS)
def invite(visit: Visit) -> Response:
    given = {name: value for name, value in visit.form.items() if isinstance(value, str)}
    try:
        made = people.invite_person(visit, visit.ask(people.Invite))
    except BadValueError as error:
        return _invitation_form(visit, given, {error.name: error.text}, 422)
    except CentreError as error:
        return _invitation_form(visit, given, {"name": str(error)}, 422)
    return _link(visit, made)


def _invitation_form(visit: Visit, given: dict[str, str], wrong: dict[str, str], status: int) -> Response:
    choices = {"roles": role_choices(visit), "places": place_choices(visit)}
    return visit.page("settings_invite.html", status, given=given, wrong=wrong, **choices)


def _link(visit: Visit, made: people.Link) -> Response:
    """Told this once: nobody sees it a second time."""
    address = visit.desk.options.origin + made.path
    return visit.page("settings_link.html", account=made.account, address=address, ends_utc=made.ends_utc)


@PAGES.get(PERSON, Doing.ACCOUNTS)
def account(visit: Visit) -> Response:
    return _account(visit, {}, 200)


@PAGES.post(PERSON, Doing.ACCOUNTS)
def change(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    try:
        given = visit.ask(people.Change, name=name)
        given.holder = given.holder or ""
        mine = people.person_of(people.one(visit, name))
        if (given.role, given.scope) == (None, None) or (given.role and given.role.value) == mine.role:
            given.role = None
        if given.scope == mine.scope:
            given.scope = None
        people.change_account(visit, given)
    except BadValueError as error:
        return _account(visit, {error.name: error.text}, 422)
    return visit.go("/settings", Said("well", _("{name}: changed").format(name=name)))


def _account(visit: Visit, wrong: dict[str, str], status: int) -> Response:
    name = visit.request.path_params["name"]
    mine = people.person_of(people.one(visit, name))
    values = {"person": mine, "said_of": said_of(mine), "wrong": wrong, "is_own": name == visit.person.name}
    choices: dict[str, object] = {"roles": role_choices(visit), "places": place_choices(visit)}
    sessions = people.list_sessions(visit, people.Of(name)).sessions
    choices |= {"acts": people.list_deeds(visit, people.Of(name)).acts}
    return visit.page("settings_account.html", status, **values, **choices, sessions=sessions, browser=browser_words)


@PAGES.post(f"{PERSON}/invite", Doing.ACCOUNTS)
def invite_again(visit: Visit) -> Response:
    return _link(visit, people.invite_again(visit, _of(visit)))


@PAGES.get(f"{PERSON}/disable", Doing.ACCOUNTS)
def ask_to_disable(visit: Visit) -> Response:
    return visit.page("settings_disable.html", person=people.person_of(people.one(visit, _of(visit).name)))


@PAGES.post(f"{PERSON}/disable", Doing.ACCOUNTS)
def disable(visit: Visit) -> Response:
    people.disable_account(visit, _of(visit))
    return visit.go("/settings", Said("well", _("{name}: disabled, and signed out").format(name=_of(visit).name)))


@PAGES.post(f"{PERSON}/enable", Doing.ACCOUNTS)
def enable(visit: Visit) -> Response:
    return _link(visit, people.enable_account(visit, _of(visit)))


@PAGES.post(f"{PERSON}/sessions/end", Doing.ACCOUNTS)
def end_sessions(visit: Visit) -> Response:
    ended = people.end_sessions(visit, visit.ask(people.EndSessions, name=_of(visit).name))
    text = _("{name}: signed out at {count} places").format(name=_of(visit).name, count=ended.count)
    return visit.go(f"/settings/accounts/{_of(visit).name}", Said("well", text))


def _of(visit: Visit) -> people.Of:
    return asked(people.Of, visit.request.path_params)


# --- programs


@PAGES.get("/settings/tokens", Doing.ACCOUNTS)
def list_tokens(visit: Visit) -> Response:
    return _tokens(visit, {}, {}, 200)


@PAGES.post("/settings/tokens", Doing.ACCOUNTS)
def make_token(visit: Visit) -> Response:
    given = {name: value for name, value in visit.form.items() if isinstance(value, str)}
    try:
        made = tokens.make_token(visit, visit.ask(tokens.NewToken))
    except BadValueError as error:
        return _tokens(visit, given, {error.name: error.text}, 422)
    except CentreError as error:
        return _tokens(visit, given, {"name": str(error)}, 422)
    return visit.page("settings_token.html", made=made)


@PAGES.post("/settings/tokens/{name}/end", Doing.ACCOUNTS)
def end_token(visit: Visit) -> Response:
    name = _of(visit).name
    tokens.end_token(visit, tokens.OfToken(name))
    return visit.go("/settings/tokens", Said("well", _("{name}: ended").format(name=name)))


def _tokens(visit: Visit, given: dict[str, str], wrong: dict[str, str], status: int) -> Response:
    found = [
        (each, role_words(each.role), place_words(each.scope)) for each in tokens.list_tokens(visit, Nothing()).tokens
    ]
    choices = {"roles": role_choices(visit), "places": place_choices(visit)}
    return visit.page(
        "settings_tokens.html", status, tabs=tabs("/settings/tokens"), tokens=found, given=given, wrong=wrong, **choices
    )
