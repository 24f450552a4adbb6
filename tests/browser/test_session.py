"""Somebody whose session ends, whose line breaks or whose centre fails in the midst of her work: she is told which, and types nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from centre.accounts import Account, Role
from contract.scopes import Scope
from tests.browser.conftest import NewTab
from tests.browser.pages import opened
from tests.browser.running import CLERK, Running, running
from tests.browser.street import settle
from tests.centre.conftest import Desk, founded
from tests.centre.unit import SITE

LI = Account("lifang", "李芳", Role.OPERATOR, Scope("site", SITE))
LOOKS = "document.dispatchEvent(new Event('visibilitychange'))"
"""She comes back to this tab."""
BACK = "What you had filled in is back"
WORDS = "三号楼水管爆裂，正在抢修"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Running]:
    desk = Desk(founded(tmp_path / "site"))
    settle(desk, tmp_path)
    with running(desk) as made:
        yield made
    desk.close()


def write(page: Page) -> None:
    """Own words, for a yard."""
    page.get_by_label("Headline").fill("抢修")
    page.get_by_label("Text", exact=True).fill(WORDS)
    page.locator('input[value="yard/y07"]').check()


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish to 6 doors").click()


def up(console: Running) -> str:
    return console.desk.run("notice", "list").stdout


def test_a_notice_outlives_the_session_it_was_written_in(console: Running, tab: NewTab) -> None:
    page = tab()
    opened(page, console, "/notices/new")
    write(page)
    console.account = None
    publish(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert WORDS not in page.content(), "whoever sits here now is not shown it"
    assert page.locator("input[name=to]").input_value() == "/notices/new"
    assert "抢修" not in up(console)
    console.account = CLERK
    opened(page, console, "/notices/new")
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value(WORDS)
    publish(page)
    expect(page.locator(".flash.done")).to_contain_text("Published to 6 doors")
    assert up(console).count("抢修") == 1
    opened(page, console, "/notices/new")
    expect(page.get_by_label("Headline")).to_have_value("")
    expect(page.get_by_text(BACK)).to_have_count(0)


def test_it_is_not_shown_to_the_next_who_signs_in(console: Running, tab: NewTab) -> None:
    page = tab()
    opened(page, console, "/notices/new")
    write(page)
    console.account = None
    publish(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    console.account = LI
    opened(page, console, "/notices/new")
    expect(page.get_by_label("Headline")).to_have_value("")


def test_an_answer_that_never_came_puts_nothing_up_twice(console: Running, tab: NewTab) -> None:
    """It was published; the line broke before the page heard so. Sent again it is the same one."""
    page = tab()
    opened(page, console, "/notices/new")
    write(page)
    cookies = page.context.cookies()
    page.route("**/notices/new", lambda route: (route.fetch(max_redirects=0), route.abort()))
    publish(page)
    page.wait_for_url("chrome-error://**")
    page.unroute("**/notices/new")
    page.context.clear_cookies()
    page.context.add_cookies([{**each} for each in cookies])  # those of the answer were lost with it
    assert up(console).count("抢修") == 1
    opened(page, console, "/notices/new")
    expect(page.get_by_text(BACK)).to_be_visible()
    publish(page)
    expect(page.locator(".flash.done")).to_be_visible()
    assert up(console).count("抢修") == 1


def test_a_reason_typed_in_a_pane_is_back_after_signing_in(console: Running, tab: NewTab) -> None:
    page = tab()
    opened(page, console, "/doors/unit/07-1-1")
    page.get_by_role("link", name="Open the door", exact=True).first.click()
    box = page.locator("dialog[open]")
    box.get_by_label("Reason").fill("forgot the card")
    console.account = None
    box.get_by_role("button", name="Open the door").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    console.account = CLERK
    opened(page, console, page.locator("input[name=to]").input_value())
    expect(page.get_by_label("Reason")).to_have_value("forgot the card")


def test_who_was_signed_out_is_told_so_and_goes_on_after_signing_in_elsewhere(console: Running, tab: NewTab) -> None:
    """No network is blamed; and the form that stood here is good again, with the new session's token."""
    page = tab()
    opened(page, console, "/")
    page.wait_for_timeout(300)
    console.account = None
    console.drop_lines()
    expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=20_000)
    link = page.get_by_role("link", name="Sign in again in a new tab")
    assert link.get_attribute("href") == "/sign-in?to=%2F"
    expect(page.get_by_text("is interrupted")).to_have_count(0)
    console.account = CLERK
    page.evaluate(LOOKS)
    expect(page.get_by_text("You are signed out.")).to_have_count(0)
    opened(page, console, "/notices/new")
    write(page)
    token = page.locator("form.notice-new [name=csrftoken]").input_value()
    page.context.clear_cookies()
    page.evaluate(LOOKS)
    expect(page.locator("form.notice-new [name=csrftoken]")).not_to_have_value(token)
    publish(page)
    expect(page.locator(".flash.done")).to_be_visible()


def test_a_page_of_somebody_else_says_so(console: Running, tab: NewTab) -> None:
    page = tab()
    opened(page, console, "/notices/new")
    token = page.locator("form.notice-new [name=csrftoken]").input_value()
    console.account = LI
    page.context.clear_cookies()  # whoever signs in has a token of their own
    page.evaluate(LOOKS)
    expect(page.get_by_text("Somebody else has signed in")).to_be_visible()
    assert page.locator("form.notice-new [name=csrftoken]").input_value() == token
