"""Maps that say more than a door's state: stops of a round made and followed, whom a notice is for, where reports come from."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from centre import rounds
from centre.rounds import RoundDraft
from contract.scopes import Scope
from tests.browser.conftest import Community, NewTab
from tests.browser.pages import SETTLED, faults_of, opened
from tests.browser.running import Running
from tests.browser.test_frame import WHERE_AREA, WHERE_UNIT, click_area
from tests.centre.test_rounds import ZONE
from tests.centre.unit import FakeUnit

COLOUR = """([x, y]) => { const canvas = document.querySelector("canvas"); const ratio = canvas.width / canvas.clientWidth;
  return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3); }"""
APART = """async () => { const { framed, spacing } = await import("/static/map_draw.js"); const canvas = document.querySelector("canvas");
  const layout = await (await fetch("/api/v1/map")).json(); const said = JSON.parse(document.querySelector("[data-map-states]").dataset.mapStates);
  const apart = spacing(layout); const units = new Map(layout.units.map((unit) => [unit[0], unit]));
  return framed({ layout, units, said, apart }, canvas.clientWidth, canvas.clientHeight).scale * apart; }"""
RED, GREEN, WHITE = [179, 38, 30], [30, 123, 52], [255, 255, 255]


def whole_map(page: Page) -> None:
    """It begins with the part that is told of."""
    page.get_by_role("button", name="The whole map").click()


def at_unit(page: Page, unit: str) -> dict[str, float]:
    """On the whole map."""
    x, y = page.evaluate(WHERE_UNIT, [0, unit])
    return {"x": x, "y": y}


def walked(console: Running, units: dict[str, FakeUnit]) -> None:
    """A round, of which yesterday one stop was in time and one missed."""
    desk, midnight = console.desk, datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    stops = "unit,from,until\n07-2-1,08:00,09:00\n07-2-2,10:00,11:00\n"
    made = RoundDraft(Scope("grid", "g21"), "昨日巡查", rounds.stops_of(stops.encode()), "past")
    rounds.put(desk.office, made, midnight - 2 * 86_400, "zhang")
    one, two = units["07-2-1"], units["07-2-2"]
    one.at = midnight - 86_400 + 8.5 * 3600
    one.fact("patrol.checkin", round=None, stop="main", by="wang")
    desk.take(one.batch(len(one.lines)))
    two.at = midnight - 3600
    two.fact("door.opened", door="main")
    desk.take(two.batch(len(two.lines)))


def test_stops_have_their_shape_on_the_map_beside_the_time_line(community: Community, tab: NewTab) -> None:
    console, units = community
    walked(console, units)
    page = tab(language="en")
    days = [datetime.fromtimestamp(time.time() + off * 86_400, ZONE).date().isoformat() for off in (-1, 1)]

    def seen(unit: str, dx: float = 0, dy: float = 0) -> list[int]:
        spot = at_unit(page, unit)
        found: list[int] = page.evaluate(COLOUR, [spot["x"] + dx, spot["y"] + dy])
        return found

    opened(page, console, f"/patrol?day={days[1]}&round=past")
    whole_map(page)
    assert seen("07-2-1") == WHITE, "a diamond with nothing in it: not due yet"
    assert any(seen("07-2-1", 0, -far) != WHITE for far in range(5, 11)), "and its edge"
    opened(page, console, f"/patrol?day={days[0]}&round=past")
    assert page.evaluate(APART) >= 38, "neighbours' signs stand apart"
    whole_map(page)
    assert (seen("07-2-1"), seen("07-2-2"), seen("07-2-2", -4, -4)) == (GREEN, RED, RED)
    page.locator("[data-map-list] > summary").click()
    page.locator("[data-map-list]").get_by_text("y07 (2)").click()
    expect(page.get_by_role("button", name="7号院2号楼2单元 · missed")).to_be_visible()
    other = at_unit(page, "07-3-1")
    page.locator("canvas").hover(position=other)
    expect(page.locator(".map-says")).to_be_hidden()
    assert not faults_of(page)
    page.locator("canvas").click(position=at_unit(page, "07-2-2"))
    page.wait_for_url("**/doors/unit/07-2-2")


def test_a_round_is_made_by_clicking_its_stops(community: Community, tab: NewTab) -> None:
    console, _units = community
    page = tab(language="en")
    opened(page, console, "/patrol/new")
    page.get_by_label("Name of the round").fill("夜间巡查")
    page.get_by_label("Which units keep it").select_option("grid/g21")
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    for unit in ("07-3-1", "09-1-1", "07-1-1"):
        canvas.click(position=at_unit(page, unit))
    expect(page.get_by_text("7号院1号楼1单元 is stop 3, 08:00 to 10:00.")).to_be_visible()
    canvas.click(position=at_unit(page, "09-1-1"))
    expect(page.get_by_text("9号院1号楼1单元 is no stop any more.")).to_be_visible()
    typed = page.get_by_label("Stops, in their order")
    assert typed.input_value() == "07-3-1 08:00-10:00 7号院3号楼1单元\n07-1-1 08:00-10:00 7号院1号楼1单元\n"
    page.locator("[data-ends]").fill("12:00")
    page.locator("[data-map-list] > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_text("y09 (5)").focus()
    page.keyboard.press("Enter")
    stop = page.get_by_role("button", name="9号院1号楼2单元")
    stop.focus()
    page.keyboard.press("Enter")
    expect(stop).to_have_text("9号院1号楼2单元 · stop of this round")
    assert not faults_of(page)
    page.get_by_role("button", name="Put the round in place").click()
    expect(page.get_by_role("heading", name="夜间巡查")).to_be_visible()
    (made,) = [each for each in rounds.in_force(console.desk.office) if each.title == "夜间巡查"]
    assert [(each.unit, each.minutes) for each in made.stops] == [
        ("07-3-1", (480, 600)),
        ("07-1-1", (480, 600)),
        ("09-1-2", (480, 720)),
    ]


@pytest.mark.parametrize(
    ("path", "said"), [("/notices/new", "发布到 6 个单元"), ("/notices/polls/new", "在 6 个单元发起")]
)
def test_a_yard_clicked_on_the_map_is_chosen_and_counted(
    community: Community, tab: NewTab, path: str, said: str
) -> None:
    console, _units = community
    page = tab(language="zh-CN")
    opened(page, console, path)
    page.locator("canvas").scroll_into_view_if_needed()
    click_area(page, 0, "yard/y07")
    expect(page.locator('input[value="yard/y07"]')).to_be_checked()
    expect(page.locator("[data-chosen]")).to_have_text("6 个单元")
    expect(page.get_by_role("button", name=said)).to_be_visible()
    spot = page.evaluate(WHERE_AREA, [0, "yard/y07"])
    assert page.evaluate(COLOUR, spot) == [220, 235, 236], "it is seen on the map"


def test_where_reports_come_from_is_shaded_and_numbered(community: Community, tab: NewTab) -> None:
    console, units = community
    reporter = units["09-2-1"]
    for number in range(3):
        reporter.fact("report.filed", report=f"n{number}", code="2", by="h-0501-1", room="0501", door="main")
    console.desk.take(reporter.batch(len(reporter.lines) - 2))
    page = tab(language="en")
    opened(page, console, "/reports/heat?days=0")
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    spot = page.evaluate(WHERE_AREA, [0, "yard/y09"])
    canvas.hover(position={"x": spot[0], "y": spot[1]})
    expect(page.locator(".map-says")).to_have_text("y09 · 3")
    few = page.evaluate(COLOUR, page.evaluate(WHERE_AREA, [0, "yard/y07"]))
    assert page.evaluate(COLOUR, spot) < few < WHITE, "more is darker"
    assert page.locator(".heat-key").all_inner_texts() == ["1", "2", "3"]
    page.get_by_label("By", exact=True).select_option("unit")
    page.wait_for_url("**place=unit**")
    page.wait_for_function(SETTLED)
    whole_map(page)
    canvas.hover(position=at_unit(page, "09-2-1"))
    expect(page.locator(".map-says")).to_have_text("9号院2号楼1单元 · 3")
    page.get_by_label("About").select_option("1")
    page.wait_for_url("**code=1**")
    assert page.locator(".heat-key").all_inner_texts() == ["1"]
    assert not faults_of(page)
