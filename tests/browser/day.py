"""A clerk's day in a browser, step by step, as docs/console.md tells it. Whoever plays it may take a picture where a step has come to its point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from simulator.demo import people
from simulator.demo.acting import AtDoor
from simulator.demo.stage import NAME, NEXT, NEXT_NAME, TIMEZONE, UNIT
from tests.browser.pages import SETTLED
from tests.browser.yard import Yard
from tests.waiting import eventually

PASSWORD = "the river is low in winter"
COMES_MS = 30_000
"""Until what happened at a door stands on a page, on a busy machine."""
Photo = Callable[[str], None]


def live(page: Page, here: Yard, photo: Photo = lambda _: None) -> None:
    """From the first link to the evening; the page speaks Chinese. `photo`: called with the name of what is to be seen."""
    page.set_default_timeout(COMES_MS)
    signs_in(page, here)
    due = plans_a_round(page, here)
    tells_the_yard(page, here, photo)
    opens_a_door(page, here, photo)
    takes_a_forced_door(page, here, photo)
    settles_a_report(page, here, photo)
    blocks_a_lost_card(page, here, photo)
    sees_a_missed_stop(page, here, due, photo)


# --- the day's steps


def signs_in(page: Page, here: Yard) -> None:
    """By the link of the first day, which is good once."""
    link = here.first_link
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="设置密码并登录").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    other = page.request.get(link)
    assert other.status == 410


def plans_a_round(page: Page, here: Yard) -> datetime:
    """Two stops of the same few minutes: the patrol comes to one of them alone. Returns when they were due."""
    now = datetime.now(ZoneInfo(TIMEZONE))
    ends = (now + timedelta(seconds=80)).replace(second=0, microsecond=0)
    begins = ends - timedelta(minutes=6)
    goes_to(page, "巡查")
    page.get_by_role("link", name="新建路线").first.click()
    settled(page)
    page.locator("[name=title]").fill("午间巡查")
    page.get_by_label("点位，按先后").fill("".join(f"{unit} {begins:%H:%M}-{ends:%H:%M}\n" for unit in (UNIT, NEXT)))
    page.locator("[name=grace_min]").fill("0")
    page.locator("[name=scope]").select_option("yard/y07")
    page.locator("form.columns .button.main").click()
    expect(page.locator(".flash")).to_be_visible()
    door = here.door(UNIT)
    eventually(lambda: here.stage.bureau.facts(kind="state.applied", state="round"), 20.0)
    checks_in(door, people.PATROL)
    door.walk_through()
    return begins


def tells_the_yard(page: Page, here: Yard, photo: Photo) -> None:
    """A template, the yard, one click; the coverage climbs to the last screen while she looks on."""
    goes_to(page, "通知")
    page.get_by_role("link", name="新建通知").first.click()
    settled(page)
    page.get_by_role("radio", name="停水").click()
    page.locator('input[value="yard/y07"]').click()
    page.get_by_role("button", name="发布到 12 个单元").click()
    expect(page.locator(".flash")).to_contain_text("已发布到 12 个单元")
    expect(page.get_by_text("12 个单元：12 收到，12 已显示")).to_be_visible(timeout=2 * COMES_MS)
    photo("notice")
    for unit in (UNIT, NEXT):
        eventually(lambda unit=unit: "停水通知" in str(here.door(unit).box.panel.screen()), 30.0)


def opens_a_door(page: Page, here: Yard, photo: Photo) -> None:
    """The course of the order ends in a word, when somebody has come in."""
    page.goto(f"{here.console}/doors/unit/{UNIT}")
    settled(page)
    page.get_by_role("link", name="开门", exact=True).first.click()
    box = page.locator("dialog[open]")
    box.get_by_label("原因").fill("住户忘带卡")
    box.get_by_role("button", name="开门").click()
    with aside(here.door(UNIT).walk_through):
        expect(box.locator(".outcome")).to_contain_text("已开门")
        expect(box.locator(".course")).to_contain_text("门已推开")
    box.get_by_role("button", name="关闭").click()
    photo("unit")


def takes_a_forced_door(page: Page, here: Yard, photo: Photo) -> None:
    """It comes up by itself, leaves the list once she took it, and stands in the record with her note."""
    goes_to(page, "一屏")
    here.scene.places[NEXT].hands.force()
    need = page.locator(".items li").filter(has_text=NEXT_NAME).filter(has_text="门被撬开")
    expect(need).to_be_visible(timeout=COMES_MS)
    photo("overview")
    need.get_by_role("link", name="认领").click()
    box = page.locator("dialog[open]")
    box.get_by_label("怎样处理").fill("物业张师傅去看")
    box.get_by_role("button", name="认领").click()
    expect(need).to_have_count(0)
    taken = page.locator("details.taken")
    taken.locator("summary").click()
    expect(taken).to_contain_text("物业张师傅去看")


def settles_a_report(page: Page, here: Yard, photo: Photo) -> None:
    """Filed at the door, given on, answered; the resident's mark arrives while the case is open before her."""
    door = here.door(UNIT)
    files_a_report(door)
    goes_to(page, "诉求")
    ticket = page.locator(".ticket").filter(has_text="楼道堆物")
    expect(ticket).to_be_visible(timeout=COMES_MS)
    page.goto(f"{here.console}{ticket.get_attribute('href')}")
    settled(page)
    page.locator("[name=to]").fill("sanitation")
    page.get_by_role("button", name="转办").click()
    expect(page.locator(".course")).to_contain_text("sanitation")
    page.get_by_label("办理情况").fill("已清走")
    page.get_by_role("button", name="答复", exact=True).click()
    expect(page.locator(".course")).to_contain_text("已清走")
    eventually(lambda: "答复" in str(door.box.panel.screen()) or "已清走" in str(door.box.panel.screen()), 30.0)
    rates(door, "4")
    expect(page.locator("dl.pairs")).to_contain_text("4", timeout=COMES_MS)
    photo("case")


def blocks_a_lost_card(page: Page, here: Yard, photo: Photo) -> None:
    """By the number that is printed on it; the door refuses it as soon as it has heard, and says so."""
    goes_to(page, "人员")
    photo("people")
    page.get_by_role("link", name="挂失").first.click()
    box = page.locator("dialog[open]")
    box.locator("[name=number]").fill(f"{people.NEIGHBOUR:010d}")
    box.locator("[name=why]").fill("在菜场丢失")
    after = here.stage.bureau.last
    box.locator(".button.grave").click()
    eventually(lambda: here.stage.bureau.facts(after, kind="roster.applied"), 30.0)
    door = here.door(UNIT)
    door.refuses(lambda: door.tap(people.NEIGHBOUR), "此卡未登记")


def sees_a_missed_stop(page: Page, here: Yard, due: datetime, photo: Photo) -> None:
    page.goto(f"{here.console}/patrol?day={due:%Y-%m-%d}")
    row = page.get_by_role("row")
    expect(row.filter(has_text=NAME)).to_contain_text("按时")
    expect(row.filter(has_text=NEXT_NAME)).to_contain_text("漏签", timeout=120_000)
    photo("patrol")


def reads_english(page: Page) -> None:
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Patrol")).to_be_visible()


# --- how she goes about, and who stands at the door


def settled(page: Page) -> None:
    page.wait_for_function(SETTLED)


def goes_to(page: Page, name: str) -> None:
    page.locator("nav.side").get_by_role("link", name=name, exact=True).click()
    settled(page)


@contextmanager
def aside(act: Callable[[], object]) -> Iterator[None]:
    """Somebody else does this meanwhile, and must come to its end."""
    with ThreadPoolExecutor(1) as others:
        done = others.submit(act)
        yield
        done.result(30.0)


def checks_in(door: AtDoor, card: int) -> None:
    door.rests()
    door.listens()
    door.tap(card)
    door.unlocked()
    door.stands("签到成功")


def files_a_report(door: AtDoor) -> None:
    """By the code on the wall, behind a patrol card."""
    checks_in(door, people.SECOND_PATROL)
    door.types("*21#")
    door.stands("21 楼道堆物")
    door.types("#")
    door.stands("已收到 21")
    door.walk_through()


def rates(door: AtDoor, mark: str) -> None:
    """A resident comes home, is asked how well it was dealt with, and answers."""
    door.rests()
    door.listens()
    door.tap(people.RESIDENT)
    door.stands("请您回答")
    door.types(f"{mark}#")
    door.stands(f"已记录 {mark}")
    door.walk_through()
