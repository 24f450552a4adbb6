"""Coming in by the pages: what a browser shows is checked each time, what it keeps is new each time, and nothing lets in who may not."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import update

from centre import account_desk, sessions
from centre.account_desk import AccountChange
from centre.accounts import Role
from centre.console.desk import Options
from centre.schema_accounts import sessions as sessions_table
from centre.tries import ACCOUNT
from tests.centre.conftest import ONE_ENGINE, Desk, impatient
from tests.centre.console.browser import PASSWORD, Browser, Console
from tests.centre.test_accounts import holds, told

pytestmark = ONE_ENGINE
NEW = "another one for the summer"


@pytest.fixture
def console(desk: Desk) -> Console:
    return Console(desk)


@pytest.fixture
def wang(console: Console) -> Browser:
    """An operator, who has been here before; signed out."""
    browser = console.person("wang", Role.OPERATOR)
    browser.post("/sign-out")
    return browser


# --- the link and the password


def test_the_first_administrator_comes_by_the_link_that_init_printed(console: Console) -> None:
    path = console.desk.run("account", "invite", "admin").stdout.split()[-1]
    browser = console.browser()
    assert "you sign in as admin" in browser.get(path).text
    for wrong in ({"password": "short", "again": "short"}, {"password": PASSWORD, "again": NEW}, {}):
        assert "was not set" in browser.post(path, 422, on=path, **wrong).text
    assert not browser.is_in
    assert browser.post(path, on=path, password=PASSWORD, again=PASSWORD).headers["location"] == "/"
    assert "Your password is set" in browser.get("/").text
    assert browser.is_in
    other = console.browser()
    assert "of no use any more" in other.get(path, 410).text
    assert other.post(path, 400, on=path, password=NEW, again=NEW)
    assert not other.is_in
    browser.post("/sign-out")
    assert not browser.is_in
    browser.sign_in("admin")
    assert browser.is_in


@pytest.mark.parametrize("token", ["x", "0" * 16 + "." + "y" * 43, "..%5Cetc", "a" * 3000, "'--", "<script>"])
def test_an_invented_link_is_of_no_use(console: Console, token: str) -> None:
    answer = console.browser().get(f"/invitation/{token}", 410)
    assert "<script>" not in answer.text


def test_no_password_is_said_twice(wang: Browser) -> None:
    wrong = wang.sign_in("wang", "not my password at all", 403)
    assert "not my password" not in wrong.text
    assert 'value="wang"' in wrong.text
    assert "do not go together" in wrong.text


def test_guesses_are_told_to_wait(console: Console, wang: Browser) -> None:
    stranger = console.browser()
    for _ in range(ACCOUNT.at_once):
        stranger.sign_in("wang", "a wrong guess", 403)
    slowed = stranger.sign_in("wang", PASSWORD, 429)
    assert 0 < int(slowed.headers["retry-after"]) <= ACCOUNT.per_s
    wang.sign_in("wang")
    assert wang.is_in, "from the browser that was here before they get in"


def test_a_password_is_changed_where_one_is_signed_in(console: Console, wang: Browser) -> None:
    wang.sign_in("wang")
    other = console.browser()
    other.sign_in("wang")
    page = "/account"
    assert (
        "not the password of now"
        in wang.post("/account/password", 422, on=page, old="wrong", password=NEW, again=NEW).text
    )
    assert "not the same" in wang.post("/account/password", 422, on=page, old=PASSWORD, password=NEW, again="x").text
    wang.post("/account/password", on=page, old=PASSWORD, password=NEW, again=NEW)
    assert "Everywhere else you are signed out" in wang.get("/account").text
    assert not other.is_in
    other.sign_in("wang", PASSWORD, 403)
    other.sign_in("wang", NEW)


# --- what the browser keeps


def cookie(browser: Browser, name: str = "doorward") -> str:
    return str(browser.client.cookies.get(name))


def test_a_session_that_was_there_before_is_not_the_one_that_is_signed_in(console: Console, wang: Browser) -> None:
    """Fixation: somebody put their own cookie into the browser, and waits."""
    attacker = console.browser()
    attacker.get("/sign-in")
    planted, form = cookie(attacker), attacker.token()
    wang.client.cookies.clear()
    wang.client.cookies.set("doorward", planted, domain="127.0.0.1")
    wang.client.post("/sign-in", data={"csrftoken": form, "name": "wang", "password": PASSWORD})
    assert wang.is_in
    assert not attacker.is_in
    assert wang.client.post("/sign-out", data={"csrftoken": form}).status_code == 403, "the forms' token is new, too"


def test_one_sign_in_after_another_is_another_session(wang: Browser) -> None:
    wang.sign_in("wang")
    before, first = cookie(wang), wang.token("/account")
    wang.post("/sign-out")
    wang.sign_in("wang")
    assert wang.token("/account") != first
    wang.client.cookies.set("doorward", before, domain="127.0.0.1")
    wang.client.cookies.jar.clear()
    wang.client.cookies.set("doorward", before, domain="127.0.0.1")
    assert not wang.is_in, "what was signed out stays out, whoever kept a copy of the cookie"


def test_no_script_reads_the_cookies_and_no_other_site_sends_them(console: Console, wang: Browser) -> None:
    set_cookies = wang.sign_in("wang").headers.get_list("set-cookie")
    assert len(set_cookies) == 2
    for each in set_cookies:
        assert re.search(r"httponly", each, re.IGNORECASE)
        assert re.search(r"samesite=strict", each, re.IGNORECASE)
        assert re.search(r"path=/(;|$)", each, re.IGNORECASE)
        assert PASSWORD not in each


def test_over_tls_cookies_go_over_tls_alone(desk: Desk) -> None:
    browser = Console(desk, Options(public="https://doors.example")).come("admin")
    made = browser.sign_in("admin", code=303) if browser.post("/sign-out") else None
    assert made is not None
    for each in made.headers.get_list("set-cookie"):
        assert re.match(r"__Host-(doorward|device)=", each)
        assert re.search(r"; ?secure", each, re.IGNORECASE)
        assert "domain=" not in each.casefold()
    assert browser.is_in


def test_a_cookie_that_somebody_else_signed_is_nobodys(console: Console, wang: Browser) -> None:
    wang.sign_in("wang")
    payload = cookie(wang).rpartition(".")[0].rpartition(".")[0]
    forged = TimestampSigner("another secret").sign(payload).decode()
    wang.client.cookies.jar.clear()
    wang.client.cookies.set("doorward", forged, domain="127.0.0.1")
    assert not wang.is_in


@pytest.mark.parametrize(
    ("to", "goes"),
    [
        ("/doors/unit/b1-u1", "/doors/unit/b1-u1"),
        ("/record?from=2026-11-01", "/record?from=2026-11-01"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nset-cookie: x=y", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_goes_on_to_a_page_of_ours_alone(wang: Browser, to: str, goes: str) -> None:
    answer = wang.sign_in("wang", to=to)
    assert answer.headers["location"] == goes


def test_the_language_is_remembered_with_the_account(console: Console, wang: Browser) -> None:
    wang.sign_in("wang")
    wang.post("/language", language="zh-CN", back="/account")
    assert 'lang="zh-CN"' in wang.get("/account").text
    other = console.browser()
    other.sign_in("wang")
    assert 'lang="zh-CN"' in other.get("/account").text


# --- forms


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/sign-out",
        "/account/password",
        "/settings/invite",
        "/language",
        "/consents/x/agree",
        "/settings/accounts/wang/disable",
    ],
)
@pytest.mark.parametrize("token", [None, "", "invented", "ä"])
def test_a_form_without_its_token_does_nothing(console: Console, path: str, token: str | None) -> None:
    admin = console.come("admin")
    before = len(told(console.desk, "account", "signed_in", "signed_out", "consent"))
    form = {"name": "admin", "password": PASSWORD} | ({} if token is None else {"csrftoken": token})
    assert admin.client.post(path, data=form).status_code == 403
    assert len(told(console.desk, "account", "signed_in", "signed_out", "consent")) == before
    assert admin.is_in


def test_the_forms_token_of_one_person_is_not_anothers(console: Console, wang: Browser) -> None:
    admin = console.come("admin")
    wang.sign_in("wang")
    theirs = wang.token("/account")
    assert admin.client.post("/settings/invite", data={"csrftoken": theirs}).status_code == 403


# --- while one is signed in


@pytest.mark.parametrize(
    "end",
    [
        lambda desk, now: account_desk.disable(desk.office, "wang", "test", now),
        lambda desk, now: account_desk.change(desk.office, "wang", AccountChange(role=Role.VIEWER), "test", now),
        lambda desk, now: sessions.end(desk.books, "wang", "test", now),
    ],
    ids=["disabled", "another role", "ended"],
)
def test_who_may_no_more_is_out_with_the_next_request(console: Console, wang: Browser, end: object) -> None:
    wang.sign_in("wang")
    assert wang.is_in
    end(console.desk, console.desk.now)  # type: ignore[operator]
    assert wang.get("/account", 303).headers["location"] == "/sign-in?to=/account"
    wang.call("GET", "/me", 401)
    assert wang.client.get("/live").status_code == 401


def test_who_is_signed_in_goes_on_while_the_books_take_no_writes(console: Console, wang: Browser) -> None:
    """A full disk, or another who writes: that a session was used is written down another time."""
    wang.sign_in("wang")
    with console.desk.books.writing() as conn:
        conn.execute(update(sessions_table).values(seen_utc=sessions_table.c.seen_utc - 3600))
    impatient(console.desk.books)
    with closing(sqlite3.connect(console.desk.path / "books.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert wang.is_in
        wang.call("GET", "/me")


def test_one_sees_where_one_is_signed_in_and_ends_it(console: Console, wang: Browser) -> None:
    wang.sign_in("wang")
    other = console.browser()
    other.client.headers["user-agent"] = "<b>a phone</b>"
    other.sign_in("wang")
    page = wang.get("/account").text
    assert "&lt;b&gt;a phone&lt;/b&gt;" in page
    session = re.search(r'name="session" value="([0-9a-f]{16})"', page)
    assert session is not None
    wang.post("/account/sessions/end", on="/account", session=session[1])
    assert (wang.is_in, other.is_in) == (True, False)


def test_of_another_one_ends_nothing(console: Console, wang: Browser) -> None:
    admin = console.come("admin")
    wang.sign_in("wang")
    with console.desk.books.reading() as conn:
        (theirs,) = sessions.listed(conn, console.desk.office.account_key, time.time(), "admin")
    wang.post("/account/sessions/end", on="/account", session=theirs.id)
    assert admin.is_in


def test_a_centre_without_accounts_lets_nobody_in_and_says_how_to_begin(desk: Desk) -> None:
    with desk.books.alone() as conn:
        for each in ("invitations", "accounts"):
            conn.exec_driver_sql(f"DELETE FROM {each}")
    (desk.path / "keys" / "accounts.key").unlink()
    browser = Console(desk).browser()
    assert browser.get("/", 303).headers["location"] == "/sign-in?to=/"
    assert "account add" in browser.sign_in("admin", "x", 400).text
    assert browser.client.get("/api/v1/me", headers={"authorization": "Bearer doorward_x.y"}).status_code == 401


def test_all_of_it_is_in_the_journal(console: Console, wang: Browser) -> None:
    wang.sign_in("wang")
    wang.post("/sign-out")
    lines = told(console.desk, "signed_in", "signed_out")
    assert [(line["act"], line["account"]) for line in lines] == [
        ("signed_in", "wang"),
        ("signed_out", "wang"),
        ("signed_in", "wang"),
        ("signed_out", "wang"),
    ]
    assert [line.get("how") for line in lines] == ["invitation", None, "password", None]
    assert holds(console.desk) == []
