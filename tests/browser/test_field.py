"""A grid worker's phone where there is no line: what she writes is kept, survives its page, and is at the centre once, under her name alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import Row, text

from centre.accounts import Account, Role
from contract.scopes import Scope
from tests.browser.conftest import NewTab
from tests.browser.pages import faults_of, opened
from tests.browser.running import Running, running
from tests.browser.street import settle
from tests.centre.conftest import Desk, founded
from tests.centre.photo_bytes import exif, jpeg
from tests.centre.unit import SITE
from tests.waiting import eventually

LI = Account("lifang", "李芳", Role.GRID_WORKER, Scope("site", SITE), holder="lifang")
WANG = Account("wangwei", "王伟", Role.GRID_WORKER, Scope("site", SITE))
READY = "() => document.documentElement.dataset.queueReady !== undefined"
WORKS = "() => navigator.serviceWorker.ready.then((at) => at.active?.state === 'activated' && !!navigator.serviceWorker.controller)"
ALONE = "() => { SyncManager.prototype.register = () => Promise.reject(new Error('not here')); }"
"""The page sends by itself: what the service worker asks for, the test cannot look into."""
LEFT = """async () => [...(await indexedDB.databases()).map((each) => each.name), ...(await caches.keys()),
  ...(await navigator.serviceWorker.getRegistrations()).map((each) => each.scope)]"""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Running]:
    desk = Desk(founded(tmp_path / "site"))
    settle(desk, tmp_path)
    with running(desk) as made:
        made.account = LI
        yield made
    desk.close()


@pytest.fixture
def phone(tab: NewTab, console: Running) -> Page:
    """It was in the field once with a line: from then on it needs none."""
    page = tab(390)
    go(page, console, "/field")
    page.wait_for_function(WORKS)
    go(page, console, "/field/report")
    return page


def go(page: Page, console: Running, path: str) -> None:
    opened(page, console, path)
    page.wait_for_function(READY)


def write(page: Page, words: str, unit: str = "07-1-1") -> None:
    """On the form, or on the one that there is without a line."""
    field = page.get_by_label("At which door")
    if field.evaluate("(at) => at.tagName") == "SELECT":
        field.select_option(unit)
    else:
        field.fill(unit)
    page.get_by_label("What you saw").fill(words)
    page.locator("form[data-queue] button.main").click()


def kept(console: Running) -> list[Row]:  # type: ignore[type-arg]
    return console.desk.rows(text('SELECT * FROM field_entries ORDER BY taken_utc, "key"'))


def has(console: Running, *words: str) -> None:
    eventually(lambda: [row.text for row in kept(console)] == list(words), limit_s=30)


def test_with_a_line_it_is_there_at_once(phone: Page, console: Running) -> None:
    phone.get_by_label("Photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(exif())})
    write(phone, "楼道灯不亮")
    expect(phone.get_by_text("Sent: the centre has it.")).to_be_visible()
    (row,) = kept(console)
    assert (row.by, row.unit, row.text) == ("lifang", "07-1-1", "楼道灯不亮")
    assert row.photo is not None
    go(phone, console, f"/field/task/{row.report}")
    assert phone.locator("img.photo").evaluate("(at) => at.complete && at.naturalWidth") == 8
    assert not faults_of(phone)


def test_without_one_it_survives_its_page_and_goes_out_in_order(phone: Page, console: Running) -> None:
    context = phone.context
    context.set_offline(True)
    phone.get_by_label("Photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(exif())})
    write(phone, "一")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    phone.close()
    again = context.new_page()
    go(again, console, "/field")
    expect(again.get_by_role("heading", name="No line to the centre")).to_be_visible()
    expect(again.get_by_text("1 not sent yet")).to_be_visible()
    write(again, "二")
    expect(again.get_by_text("2 not sent yet")).to_be_visible()
    write(again, "三")
    expect(again.get_by_text("3 not sent yet")).to_be_visible()
    assert not faults_of(again)
    assert kept(console) == []
    context.set_offline(False)
    has(console, "一", "二", "三")
    expect(again.get_by_text("not sent yet")).to_have_count(0)
    assert [row.photo is not None for row in kept(console)] == [True, False, False]


def test_an_answer_that_was_lost_makes_no_second_report(phone: Page, console: Running) -> None:
    def cut(route: Route) -> None:
        route.fetch()
        route.abort()

    phone.evaluate(ALONE)
    phone.route("**/api/v1/field/reports", cut)
    with phone.expect_event("requestfailed", lambda asked: asked.url.endswith("/field/reports")):
        write(phone, "井盖松动")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    has(console, "井盖松动")
    phone.unroute("**/api/v1/field/reports")
    go(phone, console, "/field/report")
    expect(phone.get_by_text("Sent: the centre has it.")).to_be_visible()
    assert len(kept(console)) == 1


def test_a_page_of_somebody_elses_network_is_no_answer(phone: Page, console: Running) -> None:
    phone.evaluate(ALONE)
    phone.route("**/api/v1/field/reports", lambda route: route.fulfill(status=200, body="<html>Sign in to Free WiFi"))
    with phone.expect_response("**/api/v1/field/reports"):
        write(phone, "井盖松动")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    phone.unroute("**/api/v1/field/reports")
    phone.evaluate("dispatchEvent(new Event('online'))")
    has(console, "井盖松动")


@pytest.mark.soak
def test_a_line_that_never_answers_holds_back_no_later_try(phone: Page, console: Running) -> None:
    """The first question is swallowed, as by a line that takes and never answers; a page asks again by itself after 20 s."""
    swallowed: list[Route] = []
    phone.evaluate(ALONE)
    phone.route("**/field/token", lambda route: swallowed.append(route), times=1)  # noqa: PLW0108 - a method of a list takes no mark
    write(phone, "井盖松动")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    expect(phone.get_by_text("Sent: the centre has it.")).to_be_visible(timeout=30_000)
    has(console, "井盖松动")
    assert len(swallowed) == 1


def test_a_second_is_written_while_the_first_is_being_sent(phone: Page, console: Running) -> None:
    phone.evaluate(ALONE)
    held: list[Route] = []
    phone.route("**/api/v1/field/reports", lambda route: held.append(route), times=1)  # noqa: PLW0108 - as above
    write(phone, "一")
    eventually(lambda: phone.wait_for_timeout(20) or held)
    write(phone, "二")
    expect(phone.get_by_text("2 not sent yet")).to_be_visible()
    held[0].continue_()
    expect(phone.get_by_text("not sent yet")).to_have_count(0)
    has(console, "一", "二")


def test_what_is_refused_says_why_and_stays_until_she_deletes_it(phone: Page, console: Running) -> None:
    phone.context.set_offline(True)
    go(phone, console, "/field")
    write(phone, "一", "99-9-9")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    write(phone, "二")
    expect(phone.get_by_text("2 not sent yet")).to_be_visible()
    phone.context.set_offline(False)
    has(console, "二")
    expect(phone.get_by_text("was refused: 99-9-9: no such unit")).to_be_visible()
    phone.get_by_role("button", name="Try again").click()
    expect(phone.get_by_text("was refused")).to_be_visible()
    phone.get_by_role("button", name="Delete it").click()
    expect(phone.get_by_text("was refused")).to_have_count(0)
    assert len(kept(console)) == 1


def test_it_goes_out_under_no_other_name(phone: Page, console: Running) -> None:
    phone.context.set_offline(True)
    write(phone, "张奶奶没开门")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    console.account = WANG
    phone.context.set_offline(False)
    go(phone, console, "/field")
    expect(phone.get_by_text("1 of another person wait")).to_be_visible()
    assert "张奶奶" not in phone.locator("body").inner_text()
    assert kept(console) == []
    console.account = LI
    go(phone, console, "/field")
    has(console, "张奶奶没开门")
    assert kept(console)[0].by == "lifang"


def test_signed_out_meanwhile_it_says_so_and_is_sent_after_signing_in(phone: Page, console: Running) -> None:
    console.account = None
    phone.context.clear_cookies()
    write(phone, "井盖松动")
    expect(phone.get_by_text("You are signed out")).to_be_visible()
    link = phone.get_by_role("link", name="Sign in", exact=True)
    assert link.get_attribute("href") == "/sign-in?to=/field"
    console.account = LI
    phone.evaluate("dispatchEvent(new Event('online'))")
    has(console, "井盖松动")


def test_signing_out_asks_first_and_then_leaves_nothing(phone: Page, console: Running) -> None:
    phone.evaluate(ALONE)
    phone.context.set_offline(True)
    write(phone, "井盖松动")
    expect(phone.get_by_text("1 not sent yet")).to_be_visible()
    phone.route("**/api/v1/field/reports", lambda route: route.abort())
    phone.context.set_offline(False)
    assert phone.evaluate(LEFT)
    phone.locator("details.menu summary").click()
    phone.get_by_role("button", name="Sign out").click()
    expect(phone.get_by_role("alert")).to_contain_text("1 not sent yet would be lost")
    console.account = None
    phone.get_by_role("button", name="Sign out").click()
    phone.wait_for_url("**/sign-in")
    eventually(lambda: phone.evaluate(LEFT) == [], limit_s=10)
    assert kept(console) == []


def test_without_script_the_forms_go_to_the_centre(chromium: object, console: Running) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en")  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{console.origin}/field/report")
    write(page, "楼道灯不亮")
    expect(page.get_by_text("Sent: the centre has it.")).to_be_visible()
    page.get_by_label("In a few words").fill("已上门")
    page.get_by_role("button", name="Note it").click()
    assert [row.what for row in kept(console)] == ["filed", "visited"]
    context.close()


def test_a_browser_that_keeps_nothing_sends_it_as_it_is(console: Running, tab: NewTab) -> None:
    """In some browsers' private windows, and on a disk that is full, there is no store: the line is, and is used."""
    page = tab(390)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { get: () => { throw new Error('not here'); } });")
    go(page, console, "/field/report")
    write(page, "楼道灯不亮")
    expect(page.get_by_text("Sent: the centre has it.")).to_be_visible()
    assert [row.text for row in kept(console)] == ["楼道灯不亮"]


def test_going_to_help_without_a_line_says_that_nobody_heard_of_it(phone: Page, console: Running) -> None:
    go(phone, console, "/field")
    phone.context.set_offline(True)
    phone.get_by_role("button", name="I am going").first.click()
    expect(phone.get_by_role("heading", name="No line to the centre")).to_be_visible()
    expect(phone.get_by_text("Whoever needs help at once: telephone.")).to_be_visible()
    phone.context.set_offline(False)
    assert console.desk.rows(text("SELECT * FROM acknowledgements")) == []


def test_everything_is_large_enough_for_a_thumb(phone: Page, console: Running) -> None:
    for path in ("/field", "/field/report"):
        go(phone, console, path)
        for each in phone.locator(
            ".in-field :is(button, input:not([type=hidden]), select, textarea, summary, h3 a, a.button)"
        ).all():
            box = each.bounding_box()
            assert box is None or box["height"] >= 40, each.evaluate("(at) => at.outerHTML")
