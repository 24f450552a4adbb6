"""Programs' tokens: each call tried by each that may not, by role, by place, and by what has ended; made from what is declared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest
from sqlalchemy import update

from centre import account_desk, api_tokens
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.console import calls as _declared  # noqa: F401  # so that all calls are known
from centre.console.call import CALLS, Call
from centre.permits import LEAST
from centre.schema_accounts import api_tokens as table
from centre.units import parse_scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.browser import Console
from tests.centre.console.conftest import WebDesk
from tests.centre.console.test_matrix import FOR_ALL, MARK, OTHER, OWN, WORDS, body, declared, filled, marks, other
from tests.centre.unit import SITE

__all__ = ["other"]
pytestmark = [ONE_ENGINE, pytest.mark.slow, pytest.mark.usefixtures("listening")]
WHOLE = f"site/{SITE}"
PERSONS = {"invite_person", "invite_again", "change_account", "disable_account", "enable_account", "end_sessions"}
PERSONS |= {"make_token", "end_token", "add_hook", "remove_hook", "agree", "refuse", "withdraw"}
"""What only a person does: it would outlive the token, or is a second person's word. All else is a program's as well."""


class Programs:
    """At the console of a centre with two yards, of which `web` is a second console."""

    def __init__(self, web: WebDesk) -> None:
        self.web, self.desk = web, web.desk
        self.browser = Console(web.desk).browser()
        for name, scope in (("chief", WHOLE), ("yardchief", OWN)):
            made = Account(name, name, Role.ADMINISTRATOR, parse_scope(scope, SITE))
            account_desk.add(web.desk.office, made, "test", time.time())

    def token(
        self, role: Role = Role.ADMINISTRATOR, scope: str = WHOLE, *, of: str | None = "chief", **more: Any
    ) -> str:
        name, now = f"t-{role.value}-{scope.replace('/', '-')}", more.pop("now", time.time())
        ends = more.pop("ends", now + 3600)
        return api_tokens.make(self.desk.office, name, role, parse_scope(scope, SITE), ends, "test", now, of)

    def ask(self, each: Call, token: str, values: dict[str, Any]) -> httpx.Response:
        return self.browser.client.request(
            each.method,
            f"/api/v1{filled(each.path, values)}",
            json=body(each, values) if each.method != "GET" else None,
            headers={"authorization": f"Bearer {token}"},
        )


@pytest.fixture
def programs(web: WebDesk, other: dict[str, Any]) -> Programs:
    return Programs(web)


@pytest.mark.parametrize("role", Role, ids=str)
def test_a_token_does_nothing_that_its_role_may_not(programs: Programs, other: dict[str, Any], role: Role) -> None:
    token = programs.token(role)
    before = marks(programs.web)
    for each in CALLS:
        if role < LEAST[each.doing]:
            answer = programs.ask(each, token, other)
            assert answer.status_code == 403, (each.name, answer.text)
    assert marks(programs.web) == before


def test_what_is_a_persons_no_token_does(programs: Programs, other: dict[str, Any]) -> None:
    token = programs.token()
    before = marks(programs.web)
    assert {each.name for each in CALLS} >= PERSONS
    for each in CALLS:
        if each.name in PERSONS:
            answer = programs.ask(each, token, other)
            assert (answer.status_code, "only a person" in answer.text) == (403, True), (each.name, answer.text)
    assert marks(programs.web) == before


@pytest.mark.parametrize("role", Role, ids=str)
def test_a_token_of_one_yard_is_told_nothing_of_the_other_and_does_nothing_there(
    programs: Programs, other: dict[str, Any], role: Role
) -> None:
    token = programs.token(role, OWN)
    for each in CALLS:
        if each.name in FOR_ALL:
            continue
        before = marks(programs.web)
        answer = programs.ask(each, token, other)
        assert WORDS not in answer.text, each.name
        if each.method == "GET":
            assert answer.status_code < 500, each.name
            assert each.path_names or MARK not in answer.text, each.name
        else:
            assert answer.status_code in (403, 404, 409, 422), (each.name, answer.text)
            assert marks(programs.web) == before, each.name


def over_by_time(programs: Programs) -> str:
    then = time.time() - 7200
    return programs.token(now=then, ends=then + 3600)


def begun_in_2040(programs: Programs) -> str:
    then = 2_208_988_800.0
    return programs.token(now=then, ends=then + 3600)


def taken_back(programs: Programs) -> str:
    made = programs.token()
    api_tokens.end(programs.desk.office, f"t-administrator-site-{SITE}", "test", time.time())
    return made


def by_change(**wanted: Any) -> Callable[[Programs], str]:
    def change(programs: Programs) -> str:
        made = programs.token()
        account_desk.change(programs.desk.office, "chief", AccountChange(**wanted), "test", time.time())
        return made

    return change


def of_a_disabled_account(programs: Programs) -> str:
    made = programs.token()
    account_desk.disable(programs.desk.office, "chief", "test", time.time())
    return made


def back_again(programs: Programs) -> str:
    """What ended with an account does not come back with it."""
    made = of_a_disabled_account(programs)
    account_desk.enable(programs.desk.office, "chief", "test", time.time())
    return made


def of_a_place_that_grew(programs: Programs) -> str:
    """A building that was all her yard's; now a unit of the other yard stands in it, too."""
    made = programs.token(scope="building/b1", of="yardchief")
    programs.desk.unit("b1-u9", OTHER, "building/b1")
    return made


def raised_by_another_hand(programs: Programs) -> str:
    made = programs.token(Role.VIEWER)
    with programs.desk.books.writing() as conn:
        conn.execute(update(table).values(role="administrator"))
    return made


def with_anothers_secret(programs: Programs) -> str:
    return programs.token().partition(".")[0] + "." + programs.token(Role.VIEWER).partition(".")[2]


OVER = [
    over_by_time,
    begun_in_2040,
    taken_back,
    by_change(role=Role.VIEWER),
    by_change(scope=parse_scope(OWN, SITE)),
    of_a_disabled_account,
    back_again,
    of_a_place_that_grew,
    raised_by_another_hand,
    with_anothers_secret,
    lambda programs: programs.token().partition(".")[0] + ".",
    lambda programs: programs.token()[:-1],
    lambda _programs: "doorward_",
]


@pytest.mark.parametrize("over", OVER, ids=range(len(OVER)))
def test_a_token_that_is_over_is_nobodys_at_every_call(
    programs: Programs, other: dict[str, Any], over: Callable[[Programs], str]
) -> None:
    token = over(programs)
    before = marks(programs.web)
    for each in CALLS:
        answer = programs.ask(each, token, other)
        assert answer.status_code == 401, (each.name, answer.text)
    assert marks(programs.web) == before


def test_a_token_counts_in_its_header_alone(programs: Programs) -> None:
    token = programs.token()
    client = programs.browser.client
    assert client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert client.get("/api/v1/me", headers={"authorization": f"bearer  {token} "}).status_code == 200
    for sent in (
        {"params": {"token": token, "access_token": token}},
        {"headers": {"cookie": f"token={token}; doorward={token}"}},
        {"headers": {"authorization": f"Basic {token}"}},
        {"headers": {"authorization": token}},
        {"headers": {"x-api-key": token}},
    ):
        assert client.get("/api/v1/me", **sent).status_code == 401, sent  # type: ignore[arg-type]


def test_by_a_token_no_form_of_a_page_is_sent(programs: Programs, other: dict[str, Any]) -> None:
    """A page's form has the token of a session, and a program has none."""
    headers, before = {"authorization": f"Bearer {programs.token()}"}, marks(programs.web)
    for method, path, _doing in declared():
        if method == "POST":
            answer = programs.browser.client.post(filled(path, other), data={"back": "/"}, headers=headers)
            assert answer.status_code == 403, path
    assert marks(programs.web) == before


def test_a_program_has_nobody_agree_to_what_it_asked_for(programs: Programs, other: dict[str, Any]) -> None:
    """Where the site asks for a second person, the first has to be one as well."""
    programs.desk.run("account", "consent", "lockdown", "erase")
    token, until = programs.token(), time.time() + 3600
    headers = {"authorization": f"Bearer {token}"}
    asked = {
        "/units/zzz-1/mode": {"mode": "lockdown", "until": until, "why": "a fight"},
        "/mode": {"mode": "lockdown", "until": until, "why": "a fight", "scope": OTHER},
        "/people/zzzanna/erase": {"why": "moved"},
    }
    before = marks(programs.web)
    for path, given in asked.items():
        answer = programs.browser.client.post(f"/api/v1{path}", json=given, headers=headers)
        assert (answer.status_code, "a person has to ask" in answer.text) == (403, True), (path, answer.text)
    assert marks(programs.web) == before
    assert other["unit"] == "zzz-1"
