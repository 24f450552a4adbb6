"""A clerk's minute in a browser: a notice to a yard by few clicks, drawn before it goes out, followed while it arrives, and withdrawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from centre.books import Books
from tests.browser.conftest import Community, NewTab
from tests.browser.pages import SETTLED, faults_of, opened

YARD = "yard/y07"


def newest(books: Books) -> tuple[str, int]:
    with books.reading() as conn:
        row = conn.execute(text("SELECT id, rev FROM state WHERE kind = 'notice' ORDER BY made_utc DESC LIMIT 1")).one()
    return str(row.id), int(row.rev)


def test_a_clerks_minute(community: Community, tab: NewTab) -> None:
    console, units = community
    page = tab(language="zh-CN")
    opened(page, console, "/notices")
    clicks = 0

    def click(what: str, role: str = "link") -> None:
        nonlocal clicks
        page.get_by_role(role, name=what, exact=True).first.click()  # type: ignore[arg-type]
        clicks += 1

    click("新建通知")
    page.wait_for_function(SETTLED)
    click("停水", "radio")
    expect(page.get_by_label("标题")).to_have_value("停水通知")
    assert "因管道检修停水" in page.get_by_label("内容").input_value()
    page.locator(f'input[value="{YARD}"]').click()
    clicks += 1
    picture = page.locator("[data-preview] img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("(each) => each.decode().then(() => each.naturalWidth)") == 480
    click("发布到 6 个单元", "button")
    expect(page.locator(".flash")).to_contain_text("已发布到 6 个单元")
    assert clicks < 8

    name, rev = newest(console.desk.books)
    with console.desk.books.writing() as conn:
        conn.execute(text("UPDATE state SET sent_rev = rev, sent_utc = made_utc"))
    yard = [unit for unit in units.values() if unit.name.startswith("07-")]
    for unit in yard[:5]:
        for kind in ("notice.received", "notice.shown"):
            unit.fact(kind, scope=YARD, id=name, rev=rev)
        console.desk.take(unit.batch(len(unit.lines) - 1))
    expect(page.get_by_text("6 个单元：5 收到，5 已显示")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="7号院3号楼2单元")).to_be_visible()

    page.get_by_role("link", name="撤回").click()
    box = page.locator("dialog[open]")
    expect(box).to_contain_text("会从 6 块屏上撤下")
    box.get_by_role("button", name="从 6 个单元撤回").click()
    expect(page.locator(".flash")).to_contain_text("已从 6 个单元撤回")


def test_the_hours_change_the_text_and_a_place_that_was_chosen_stays(community: Community, tab: NewTab) -> None:
    console, _units = community
    page = tab(language="en")
    opened(page, console, "/notices/new?template=power")
    page.locator("[name=begin]").fill("2026-11-30T09:30")
    page.locator("[name=end]").fill("2026-11-30T16:00")
    page.locator("[name=end]").dispatch_event("change")
    expect(page.locator("[name=text]")).to_have_value(
        "The power will be off 11/30 09:30–16:00 for work on the lines. Please do not use the lift around that time."
    )
    expect(page.locator("[name=until]")).to_have_value("2026-11-30T16:00")
    page.locator('input[value="yard/y09"]').check()
    find = page.get_by_label("Find a place")
    find.fill("7号院1号楼1")
    page.locator('input[value="unit/07-1-1"]').check()
    find.fill("")
    expect(page.get_by_role("button", name="Publish to 6 doors")).to_be_visible()
    expect(page.locator('input[value="yard/y09"]')).to_be_checked()
    page.locator('input[value="community/c05"]').check()
    expect(page.locator('input[value="yard/y09"]')).to_be_disabled()
    expect(page.get_by_role("button", name="Publish to 10 doors")).to_be_visible()


def test_an_emergency_says_what_it_does_where_it_is_chosen(community: Community, tab: NewTab) -> None:
    console, _units = community
    page = tab(language="en")
    opened(page, console, "/notices/new")
    consequence = page.get_by_text("An emergency is drawn at once on every screen chosen")
    expect(consequence).to_be_hidden()
    page.get_by_label("Gas leak").check()
    expect(consequence).to_be_visible()
    page.locator(f'input[value="{YARD}"]').check()
    page.get_by_role("button", name="Publish to 6 doors").click()
    expect(page.get_by_role("alert")).to_contain_text("confirm it")
    expect(page.get_by_label("Headline")).to_have_value("Gas leak: leave the house")


@pytest.mark.parametrize(("width", "language"), [(1280, "zh-CN"), (390, "en")])
def test_axe_finds_nothing(community: Community, tab: NewTab, width: int, language: str) -> None:
    console, _units = community
    page = tab(width, language)
    found = []
    for path in ("/notices", "/notices/new?template=gas_leak", "/notices/notice/water", "/notices/notice/water/withdraw",
                 "/notices/notice/water/change", "/notices/polls", "/notices/polls/new"):  # fmt: skip
        opened(page, console, path)
        found += [f"{path}: {fault}" for fault in faults_of(page)]
    assert not found, "\n".join(found[:12])
