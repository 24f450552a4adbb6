"""Accounts by the pages and the calls: who administers whom, programs' tokens, a second person's consent; and what each role may of all calls."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Annotated

import msgspec
import pytest

from centre.accounts import Role
from centre.console.call import CALLS, Nothing, call
from centre.console.second import second
from centre.console.visit import Visit
from centre.permits import LEAST, Doing
from centre.units import parse_scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.browser import PASSWORD, Browser, Console
from tests.centre.test_accounts import holds, told
from tests.centre.unit import SITE
from tests.waiting import eventually

pytestmark = ONE_ENGINE


@pytest.fixture
def console(desk: Desk) -> Console:
    desk.unit("b1-u1", "community/c1", "yard/y1", enrolled=False)
    desk.unit("b2-u1", "community/c2", "yard/y2", enrolled=False)
    return Console(desk)


@pytest.fixture
def admin(console: Console) -> Browser:
    return console.come("admin")


def link_in(page: str) -> str:
    found = re.search(r'value="http://127\.0\.0\.1:8080(/invitation/[^"]+)"', page)
    assert found is not None
    return unescape(found[1])


# --- by the pages


def test_an_administrator_invites_somebody_who_then_comes(console: Console, admin: Browser) -> None:
    form = {"label": "王芳", "name": "wang", "role": "operator", "scope": "community/c1", "holder": "g7"}
    path = link_in(admin.post("/settings/invite", 200, on="/settings/invite", **form).text)
    assert "invited" in admin.get("/settings").text
    wang = console.browser()
    wang.post(path, on=path, password=PASSWORD, again=PASSWORD)
    assert wang.is_in
    assert "community c1" in wang.get("/account").text
    assert wang.get("/settings", 403)
    assert "in use" in admin.get("/settings").text
    assert [line["by"] for line in told(console.desk, "account") if line["name"] == "wang"] == ["admin", "wang"]
    page = admin.get("/settings/accounts/wang").text
    assert page.index("signed in") < page.index("account changed"), "what she did, the newest first"
    entered = admin.get("/record/acts").text
    assert re.search(r"password=\w{6}…", entered)
    assert not re.search(r"password=\w{7}", entered), "a mark is no reading, and nobody has to be frightened by it"
    deeds = admin.call("GET", "/accounts/admin/acts")["acts"]
    assert [each["what"] for each in deeds][:2] == ["one-time link made", "account changed"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Wang Fang"}, "name"),
        ({"name": "admin"}, "name"),
        ({"label": ""}, "label"),
        ({"role": "king"}, "role"),
        ({"scope": "yard"}, "scope"),
        ({"scope": "site/another"}, "scope"),
        ({"holder": "no id"}, "holder"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_the_rest_stays(admin: Browser, wrong: dict[str, str], field: str) -> None:
    form = {"label": "<b>王芳</b>", "name": "wang", "role": "operator", "scope": "community/c1"} | wrong
    page = admin.post("/settings/invite", 422, on="/settings/invite", **form).text
    assert f'href="#f-{field}"' in page
    assert "<b>" not in page.replace("<b>admin</b>", "")
    assert 'value="community/c1" selected' in page or field == "scope"


def test_somebody_is_changed_invited_again_disabled_and_taken_back(console: Console, admin: Browser) -> None:
    wang, page = console.person("wang", Role.VIEWER, "community/c1"), "/settings/accounts/wang"
    admin.post(page, on=page, label="王芳", role="operator", scope="community/c1", holder="")
    assert not wang.is_in, "another role: they sign in anew"
    wang.sign_in("wang")
    admin.post(page, on=page, label="王 芳", role="operator", scope="community/c1", holder="g7")
    assert wang.is_in, "a label and a holder change nothing of what they may"
    assert "10.0" not in admin.get(page).text
    admin.post(f"{page}/sessions/end", on=page)
    assert not wang.is_in
    wang.sign_in("wang")
    assert "signed out at this moment" in admin.get(f"{page}/disable").text
    admin.post(f"{page}/disable", on=page)
    assert not wang.is_in
    wang.sign_in("wang", code=403)
    path = link_in(admin.post(f"{page}/enable", 200, on=page).text)
    wang.sign_in("wang", code=403)
    path = link_in(admin.post(f"{page}/invite", 200, on=page).text)
    wang.post(path, on=path, password=PASSWORD, again=PASSWORD)
    assert wang.is_in
    assert holds(console.desk) == []


def test_ones_own_role_and_account_are_for_another(console: Console, admin: Browser) -> None:
    console.person("li")
    assert "for another administrator" in admin.call("POST", "/accounts/admin/change", 403, role="viewer")["problem"]
    assert "for another administrator" in admin.call("POST", "/accounts/admin/disable", 403)["problem"]
    page = "/settings/accounts/admin"
    assert 'name="role"' not in admin.get(page).text
    admin.post(page, on=page, label="张敏")
    assert "张敏" in admin.get("/settings").text


def test_the_last_administrator_stays(console: Console, admin: Browser) -> None:
    li = console.person("li")
    li.call("POST", "/accounts/admin/disable")
    assert not admin.is_in
    token = li.call("POST", "/tokens", name="ha", role="administrator", scope=f"site/{SITE}")["token"]
    headers = {"authorization": f"Bearer {token}"}
    answer = li.client.post("/api/v1/accounts/li/disable", headers=headers, json={})
    assert answer.status_code == 403, "nor by a program"


# --- administrators of a part


def test_an_administrator_of_a_part_knows_only_that_parts_people(console: Console, admin: Browser) -> None:
    mine = console.person("chen", Role.ADMINISTRATOR, "community/c1")
    console.person("inside", Role.OPERATOR, "yard/y1")
    console.person("outside", Role.OPERATOR, "community/c2")
    names = [each["name"] for each in mine.call("GET", "/accounts")["accounts"]]
    assert names == ["chen", "inside"]
    for name in ("outside", "admin", "nobody"):
        mine.get(f"/settings/accounts/{name}", 404)
        for act in ("invite", "change", "disable", "enable", "sessions/end"):
            mine.call("POST", f"/accounts/{name}/{act}", 404)
        mine.call("GET", f"/accounts/{name}/sessions", 404)
    mine.call("POST", "/accounts/inside/disable")


@pytest.mark.parametrize("scope", [f"site/{SITE}", "community/c2", "yard/y2", "yard/nobody", "unit/b2-u1"])
def test_nobody_gives_what_is_not_theirs(console: Console, scope: str) -> None:
    mine = console.person("chen", Role.ADMINISTRATOR, "community/c1")
    console.person("inside", Role.OPERATOR, "yard/y1")
    made = {"name": "x", "label": "x", "role": "viewer", "scope": scope}
    assert "not within" in mine.call("POST", "/accounts", 403, **made)["problem"]
    assert mine.call("POST", "/accounts/inside/change", 403, scope=scope)
    assert mine.call("POST", "/tokens", 403, name="x", role="viewer", scope=scope)
    assert not [line for line in told(console.desk, "account") if line["name"] == "x"]


# --- what each role may of all calls


@pytest.mark.parametrize("role", list(Role))
def test_of_every_call_each_role_may_what_is_written_down(console: Console, role: Role) -> None:
    browser = console.person("chen", role, "community/c1")
    token = browser.token()
    assert CALLS
    for each in CALLS:
        path = "/api/v1" + re.sub(r"{\w+}", "0000000000000000", each.path)
        answer = browser.client.request(each.method, path, headers={"x-csrftoken": token}, json={})
        if LEAST[each.doing] > role:
            assert answer.status_code == 403, each.name
        else:
            assert answer.status_code != 401, each.name
            assert answer.status_code < 500, (each.name, answer.text)
    assert console.browser().call("GET", "/me", 401)


# --- programs


def test_a_programs_token_may_what_was_given_until_it_ends(console: Console, admin: Browser) -> None:
    made = admin.post(
        "/settings/tokens", 200, on="/settings/tokens", name="ha", role="viewer", scope="community/c1", days="30"
    ).text
    found = re.search(r'value="(doorward_[^"]+)"', made)
    assert found is not None
    token = unescape(found[1])
    program = console.browser().client
    headers = {"authorization": f"Bearer {token}"}
    me = program.get("/api/v1/me", headers=headers).json()
    assert (me["name"], me["role"], me["units"]) == ("token.ha", "viewer", 1)
    assert program.get("/api/v1/accounts", headers=headers).status_code == 403
    assert token not in admin.get("/settings/tokens").text, "told once"
    assert "token.ha" not in admin.get("/settings").text
    admin.post("/settings/tokens/ha/end", on="/settings/tokens")
    assert program.get("/api/v1/me", headers=headers).status_code == 401
    assert holds(console.desk) == []


@pytest.mark.parametrize("days", ["0", "401", "x"])
def test_a_token_has_an_end(admin: Browser, days: str) -> None:
    form = {"name": "ha", "role": "viewer", "scope": f"site/{SITE}", "days": days}
    assert 'href="#f-days"' in admin.post("/settings/tokens", 422, on="/settings/tokens", **form).text


def test_a_token_in_its_header_is_asked_alone_and_no_other_person_ends_it(console: Console, admin: Browser) -> None:
    """A page that has somebody send a header of its own gains nothing by their cookie."""
    answer = admin.client.get("/api/v1/me", headers={"authorization": "Bearer doorward_none.such"})
    assert answer.status_code == 401
    mine = console.person("chen", Role.ADMINISTRATOR, "community/c1")
    admin.call("POST", "/tokens", name="ha", role="viewer", scope=f"site/{SITE}")
    assert mine.call("GET", "/tokens")["tokens"] == []
    mine.call("POST", "/tokens/ha/end", 404)


def test_a_program_makes_neither_people_nor_programs(console: Console, admin: Browser) -> None:
    token = admin.call("POST", "/tokens", name="ha", role="administrator", scope=f"site/{SITE}")["token"]
    program, headers = console.browser().client, {"authorization": f"Bearer {token}"}
    person = {"name": "x", "label": "x", "role": "viewer", "scope": f"site/{SITE}"}
    for path, body in (
        ("accounts", person),
        ("tokens", {key: person[key] for key in ("name", "role", "scope")}),
        ("accounts/admin/invite", {}),
        ("tokens/ha/end", {}),
    ):
        answer = program.post(f"/api/v1/{path}", headers=headers, json=body)
        assert (answer.status_code, "only a person" in answer.text) == (403, True), answer.text


# --- a second person


class Lock(msgspec.Struct):
    scope: Annotated[str, msgspec.Meta(max_length=60)]
    why: Annotated[str, msgspec.Meta(max_length=100)]


@pytest.fixture
def locked(console: Console) -> Iterator[list[tuple[str, str]]]:
    """A call that may wait for a second person; who locked what down by it. The site asks for that."""
    done: list[tuple[str, str]] = []

    @call("POST", "/try-lockdown", doing=Doing.LOCKDOWN)
    def try_lockdown(visit: Visit, ask: Lock) -> Nothing:
        """Lock down."""
        scope = parse_scope(ask.scope, visit.site)
        visit.require(Doing.LOCKDOWN, scope)
        second(visit, Doing.LOCKDOWN, scope, "try_lockdown", ask, "the yard <b>stays</b> locked", ask.why)
        done.append((visit.person.name, ask.scope))
        return Nothing()

    console.desk.run("account", "consent", "lockdown")
    console.__init__(Console(Desk(console.desk.path)).desk)  # type: ignore[misc]
    yield done
    CALLS.pop()
    console.desk.close()


def test_it_waits_until_another_agrees_and_is_then_done_once(console: Console, locked: list[tuple[str, str]]) -> None:
    wang, li = (console.person(name, Role.OPERATOR, "community/c1") for name in ("wang", "li"))
    waits = wang.call("POST", "/try-lockdown", 202, scope="yard/y1", why="a fight")
    assert "second person" in waits["problem"]
    assert locked == []
    page = li.get("/consents").text
    assert "the yard &lt;b&gt;stays&lt;/b&gt; locked" in page
    assert "Another person has to agree" in wang.get("/consents").text
    assert "1 acts wait" in li.get("/account").text
    assert "who may be you" in li.get("/").text
    assert "who may be you" in li.get("/consents/waiting").text
    assert "who may be you" not in wang.get("/").text
    (waiting,) = li.call("GET", "/consents")["waiting"]
    path = f"/consents/{waiting['id']}"
    wang.post(f"{path}/agree", 403, on="/consents")
    assert locked == []
    li.post(f"{path}/agree", on="/consents", back="/consents")
    assert locked == [("wang", "yard/y1")]
    assert "waits for nobody" in unescape(li.post(f"{path}/agree", 400, on="/consents").text)
    assert locked == [("wang", "yard/y1")]
    assert [(line["by"], line["second"]) for line in told(console.desk, "consent")] == [("wang", None), ("wang", "li")]


def test_a_lockdown_of_a_yard_waits_and_is_then_ordered_for_who_asked(
    console: Console, locked: list[tuple[str, str]]
) -> None:
    wang, li = (console.person(name, Role.OPERATOR, "community/c1") for name in ("wang", "li"))
    until = time.time() + 3600
    form = {"scope": "yard/y1", "mode": "lockdown", "until": until, "why": "a fight"}
    for _ in range(2):
        wang.call("POST", "/mode", 202, **form)
    wang.call("POST", "/units/b1-u1/mode", 202, mode="lockdown", until=until, why="a fight")
    yard, unit = li.call("GET", "/consents")["waiting"]
    assert "locked until" in yard["words"]
    assert wang.call("GET", "/courses")["courses"] == []
    li.call("POST", f"/consents/{yard['id']}/agree")
    (course,) = wang.call("GET", "/courses")["courses"]
    assert (course["action"], course["scope"]) == ("mode", "yard/y1")
    eventually(lambda: wang.call("GET", "/courses")["courses"][0]["ended"])
    li.call("POST", f"/consents/{unit['id']}/refuse")
    wang.call("POST", "/mode", **form | {"mode": "hold_open"})
    assert len(wang.call("GET", "/courses")["courses"]) == 2


@pytest.mark.parametrize(("who", "how"), [("li", "refuse"), ("wang", "withdraw")])
def test_what_is_refused_or_taken_back_is_not_done(
    console: Console, locked: list[tuple[str, str]], who: str, how: str
) -> None:
    people = {name: console.person(name, Role.OPERATOR, "community/c1") for name in ("wang", "li")}
    people["wang"].call("POST", "/try-lockdown", 202, scope="yard/y1", why="a fight")
    (waiting,) = people["li"].call("GET", "/consents")["waiting"]
    people[who].post(f"/consents/{waiting['id']}/{how}", on="/consents")
    assert people["li"].call("POST", f"/consents/{waiting['id']}/agree", 409)
    assert locked == []


def test_neither_a_program_nor_somebody_of_elsewhere_is_a_second_person(
    console: Console, locked: list[tuple[str, str]]
) -> None:
    wang = console.person("wang", Role.OPERATOR, "community/c1")
    chen = console.person("chen", Role.OPERATOR, "community/c2")
    admin = console.come("admin")
    token = admin.call("POST", "/tokens", name="ha", role="administrator", scope=f"site/{SITE}")["token"]
    wang.call("POST", "/try-lockdown", 202, scope="yard/y1", why="a fight")
    (waiting,) = wang.call("GET", "/consents")["waiting"]
    assert chen.call("GET", "/consents")["waiting"] == []
    chen.call("POST", f"/consents/{waiting['id']}/agree", 403)
    headers = {"authorization": f"Bearer {token}"}
    answer = chen.client.post(f"/api/v1/consents/{waiting['id']}/agree", headers=headers, json={})
    assert answer.status_code == 403
    assert json.loads(chen.client.get("/api/v1/consents", headers=headers).text) == {"waiting": []}
    assert locked == []


def test_where_the_site_asks_for_nobody_it_is_done_at_once(console: Console, locked: list[tuple[str, str]]) -> None:
    console.desk.run("account", "consent", "--none")
    other = Console(Desk(console.desk.path))
    other.person("wang", Role.OPERATOR, "community/c1").call("POST", "/try-lockdown", scope="yard/y1", why="a fight")
    assert locked == [("wang", "yard/y1")]
    other.desk.close()
