"""The frame's own modules: drawer and dialog, parts that follow what changes, menus, search, map. And all of it without script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from centre.console import look, pages
from tests.browser.conftest import NewTab
from tests.browser.pages import SETTLED, faults_of
from tests.browser.running import Running, running
from tests.browser.trial import Trial, loader
from tests.browser.trial import pages as trial_pages
from tests.waiting import eventually


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial()


@pytest.fixture(scope="module")
def framed(console: Running, trial: Trial) -> Iterator[Running]:
    """The same centre's console with the trial pages in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "ALL", (*pages.ALL, trial_pages(trial)))
        with running(console.desk) as made:
            templates = look._templates()
            patch.setattr(templates, "loader", loader(templates.loader))
            yield made


@pytest.fixture
def page(tab: NewTab, framed: Running) -> Page:
    made = tab()
    go(made, framed)
    return made


def go(page: Page, framed: Running, path: str = "/trial") -> None:
    page.goto(framed.origin + path)
    page.wait_for_function(SETTLED)


# --- drawer and dialog


def test_a_drawer_has_an_address_and_back_closes_it(page: Page, framed: Running) -> None:
    page.get_by_role("link", name="One", exact=True).click()
    drawer = page.get_by_role("dialog", name="One")
    expect(drawer.get_by_role("heading", name="One")).to_be_focused()
    assert page.url == f"{framed.origin}/trial/one"
    assert not faults_of(page)
    page.go_back()
    expect(drawer).to_be_hidden()
    assert page.url == f"{framed.origin}/trial"
    expect(page.get_by_role("link", name="One", exact=True)).to_be_focused()


def test_escape_closes_it_and_leaves_no_address_behind(page: Page, framed: Running) -> None:
    page.get_by_role("link", name="One", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url == f"{framed.origin}/trial"
    page.reload()
    expect(page.get_by_role("heading", name="Trial")).to_be_visible()


def test_a_drawers_address_opened_alone_is_a_page(tab: NewTab, framed: Running) -> None:
    page = tab()
    go(page, framed, "/trial/one")
    expect(page.get_by_role("navigation", name="Pages", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_form_in_a_drawer_stays_there_and_says_what_was_done(page: Page, framed: Running, trial: Trial) -> None:
    page.get_by_role("link", name="One", exact=True).click()
    page.get_by_label("Name").fill("三号楼")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("dialog").get_by_text("Renamed")).to_be_visible()
    assert trial.posted[-1] == ("one", ["三号楼"])
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url == f"{framed.origin}/trial"


def test_a_grave_act_says_its_fault_in_place_and_then_is_done_once(page: Page, framed: Running, trial: Trial) -> None:
    before = len(trial.posted)
    page.get_by_role("link", name="Ask").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("All doors stay locked.")).to_be_visible()
    dialog.get_by_role("button", name="Lock 12 doors").click()
    expect(dialog.get_by_text("Give a reason")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    assert len(trial.posted) == before
    dialog.get_by_label("Reason").fill("gas")
    dialog.get_by_role("button", name="Lock 12 doors").dblclick()
    expect(page.get_by_text("Locked", exact=True)).to_be_visible()
    expect(dialog).to_be_hidden()
    assert trial.posted[before:] == [("ask", ["gas"])]
    assert page.url == f"{framed.origin}/trial"


def test_a_pane_whose_page_is_gone_leads_to_what_the_server_says(page: Page) -> None:
    page.get_by_role("link", name="Gone").click()
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


# --- live parts


def changed(framed: Running, topic: str = "units") -> None:
    framed.app.state.desk.live.touch(topic)


def test_a_part_follows_and_takes_nothing_from_under_the_hands(page: Page, framed: Running, trial: Trial) -> None:
    page.locator("#more summary").click()
    page.locator("#more summary").focus()
    trial.count += 1
    shown = str(trial.count)
    expect(page.locator("#count")).not_to_have_text(shown)
    _until_told(page, framed, shown)
    expect(page.locator("#whole")).to_have_text(shown)
    expect(page.locator("h1")).to_have_count(1)
    assert page.locator("#more").get_attribute("open") is not None
    expect(page.locator("#more summary")).to_be_focused()
    page.locator("#typed").fill("half a word")
    trial.count += 1
    changed(framed)
    page.wait_for_timeout(1500)
    expect(page.locator("#typed")).to_have_value("half a word")


def _until_told(page: Page, framed: Running, shown: str) -> None:
    """The line may not stand yet when the first word goes out."""
    for _ in range(20):
        changed(framed)
        try:
            expect(page.locator("#count")).to_have_text(shown, timeout=1500)
        except AssertionError:
            continue
        return
    raise AssertionError(shown)


def test_a_line_that_is_gone_is_said_and_comes_back(tab: NewTab, framed: Running, trial: Trial) -> None:
    page = tab()
    go(page, framed)
    _until_told(page, framed, str(trial.count))
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    framed.drop_lines()
    expect(page.get_by_text("The connection to the centre is interrupted")).to_be_visible(timeout=20_000)
    trial.count += 1
    page.context.set_offline(False)
    expect(page.locator("#count")).to_have_text(str(trial.count), timeout=30_000)
    expect(page.locator("[data-line]")).to_be_hidden()


SEEN = """(state) => { Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange")); }"""


def test_a_page_that_nobody_looks_at_gives_its_line_up_and_catches_up(
    page: Page, framed: Running, trial: Trial
) -> None:
    """A browser has six connections to a host: with a line each, a seventh tab would wait for ever."""
    live = framed.app.state.desk.live
    _until_told(page, framed, str(trial.count))
    eventually(lambda: live.open_pages == 1)
    page.evaluate(SEEN, "hidden")
    eventually(lambda: live.open_pages == 0)
    trial.count += 1
    page.evaluate(SEEN, "visible")
    expect(page.locator("#count")).to_have_text(str(trial.count))
    expect(page.locator("[data-line]")).to_be_hidden()


def test_of_hidden_pages_with_sound_one_keeps_its_line(tab: NewTab, framed: Running, trial: Trial) -> None:
    live = framed.app.state.desk.live
    first = tab()
    go(first, framed)
    second = first.context.new_page()
    go(second, framed)
    first.evaluate("localStorage.setItem('doorward.sound', 'on')")
    eventually(lambda: live.open_pages == 2)
    first.evaluate(SEEN, "hidden")
    second.evaluate(SEEN, "hidden")
    eventually(lambda: live.open_pages == 1)
    first.evaluate(SEEN, "visible")
    second.evaluate(SEEN, "visible")
    eventually(lambda: live.open_pages == 2)


def test_two_tones_for_what_is_new_and_urgent_and_none_before_the_first_click(
    page: Page, framed: Running, trial: Trial
) -> None:
    page.evaluate(
        """() => { window.tones = 0; const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...at) { window.tones += 1; return start.apply(this, at); }; }"""
    )
    trial.count, trial.urgent = trial.count + 1, trial.urgent + 1
    _until_told(page, framed, str(trial.count))
    assert page.evaluate("window.tones") == 0
    page.get_by_role("button", name="Sound off").click()
    expect(page.get_by_role("button", name="Sound on")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.tones") == 2
    trial.count, trial.urgent = trial.count + 1, trial.urgent + 1
    _until_told(page, framed, str(trial.count))
    assert page.evaluate("window.tones") == 4
    page.reload()
    page.wait_for_function(SETTLED)
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    page.get_by_role("button", name="Sound on").click()


# --- the map


def test_a_click_on_a_yard_checks_its_field(page: Page, framed: Running, trial: Trial) -> None:
    click_area(page, 0, "yard/y07")
    expect(page.get_by_label("Yard 7")).to_be_checked()
    click_area(page, 0, "yard/y07")
    expect(page.get_by_label("Yard 7")).not_to_be_checked()
    page.get_by_label("Yard 9").check()
    click_area(page, 0, "yard/y07")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    assert sorted(trial.posted[-1][1]) == ["yard/y07", "yard/y09"]


def click_area(page: Page, nth: int, scope: str) -> None:
    """In its upper left, where no unit is."""
    spot = page.evaluate(WHERE_AREA, [nth, scope])
    page.locator("canvas").nth(nth).click(position={"x": spot[0], "y": spot[1]})


WHERE_AREA = """async ([nth, scope]) => {
  const canvas = document.querySelectorAll("canvas")[nth];
  const layout = await (await fetch("/api/v1/map")).json();
  const { fitted } = await import("/static/map_draw.js");
  const view = fitted(layout, canvas.clientWidth, canvas.clientHeight);
  const [x, y] = layout.areas.find((area) => area.scope === scope).outline[0];
  return [x * view.scale + view.x + 6, y * view.scale + view.y + 6];
}"""
WHERE_UNIT = """async ([nth, unit]) => {
  const canvas = document.querySelectorAll("canvas")[nth];
  const layout = await (await fetch("/api/v1/map")).json();
  const { fitted } = await import("/static/map_draw.js");
  const view = fitted(layout, canvas.clientWidth, canvas.clientHeight);
  const [, , x, y] = layout.units.find((each) => each[0] === unit);
  return [x * view.scale + view.x, y * view.scale + view.y];
}"""


def test_a_unit_says_its_name_and_state_and_a_click_opens_its_page(page: Page, framed: Running) -> None:
    x, y = page.evaluate(WHERE_UNIT, [1, "07-3-1"])
    canvas = page.locator("canvas").nth(1)
    canvas.hover(position={"x": x, "y": y})
    expect(page.locator(".map-says").nth(1)).to_have_text("7号院3号楼1单元 · urgent")
    canvas.click(position={"x": x, "y": y})
    page.wait_for_url("**/doors/unit/07-3-1")


def test_the_map_as_a_list_is_its_twin_for_the_keyboard(page: Page, framed: Running) -> None:
    whole = page.locator("[data-map-list]").nth(1)
    whole.locator("summary").first.focus()
    page.keyboard.press("Enter")
    whole.get_by_text("y07 (6)").focus()
    page.keyboard.press("Enter")
    unit = whole.get_by_role("button", name="7号院3号楼1单元 · urgent")
    expect(unit).to_be_visible()
    expect(whole.get_by_role("button", name="7号院3号楼2单元 · well")).to_be_visible()
    assert not faults_of(page, ".map-figure")
    unit.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/doors/unit/07-3-1")


def test_a_state_has_its_shape_on_the_map(page: Page, framed: Running) -> None:
    """Red where the urgent one is, at the corner of a square too; a circle of the same size would leave it empty."""
    x, y = page.evaluate(WHERE_UNIT, [1, "07-3-1"])
    colour = """([x, y]) => { const canvas = document.querySelectorAll("canvas")[1]; const ratio = canvas.width / canvas.clientWidth;
      return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data]; }"""
    red = [179, 38, 30, 255]
    for dx, dy in ((0, 0), (-4, -4), (4, 4)):
        assert page.evaluate(colour, [x + dx, y + dy]) == red
    wx, wy = page.evaluate(WHERE_UNIT, [1, "07-3-2"])
    assert page.evaluate(colour, [wx, wy]) == [30, 123, 52, 255]


# --- the rest of the frame


def test_the_language_changes_and_the_page_stays(page: Page, framed: Running) -> None:
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("link", name="跳到正文")).to_have_count(1)
    assert page.url == f"{framed.origin}/trial"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="To the content")).to_have_count(1)


def test_the_menu_closes_by_escape_and_gives_the_focus_back(page: Page) -> None:
    menu = page.locator("details.menu")
    menu.locator("summary").click()
    expect(menu.get_by_role("button", name="Sign out")).to_be_visible()
    assert not faults_of(page)
    page.keyboard.press("Escape")
    expect(menu.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_a_slash_leads_to_the_search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("/")
    expect(page.get_by_role("combobox")).to_have_value("/")


def test_on_a_phone_the_rest_is_behind_more(tab: NewTab, framed: Running) -> None:
    page = tab(390)
    go(page, framed)
    bottom = page.get_by_role("navigation", name="Pages, at the bottom")
    expect(bottom).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages", exact=True)).to_be_hidden()
    for box in (each.bounding_box() for each in bottom.get_by_role("link").all()):
        assert box is None or (box["height"] >= 44 and box["width"] >= 44)


def test_without_script_every_way_leads_on(chromium: object, framed: Running, trial: Trial) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en")  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{framed.origin}/trial")
    page.get_by_role("link", name="Ask").click()
    page.get_by_role("button", name="Lock 12 doors").click()
    expect(page.get_by_text("Give a reason")).to_be_visible()
    page.get_by_label("Reason").fill("gas")
    page.get_by_role("button", name="Lock 12 doors").click()
    expect(page.get_by_text("Locked", exact=True)).to_be_visible()
    assert trial.posted[-1] == ("ask", ["gas"])
    context.close()


def test_what_reduces_motion_moves_nothing(chromium: object, framed: Running) -> None:
    context = chromium.new_context(reduced_motion="reduce", locale="en")  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{framed.origin}/trial")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((at) => getComputedStyle(at).transitionDuration.split(',').some((each) => parseFloat(each) > 0)).length"
    )
    assert moving == 0
    context.close()


def test_the_policy_stops_a_script_that_got_in(chromium: object, framed: Running) -> None:
    """Whatever slipped through all else: an inline handler and an inline script do not run."""
    page = chromium.new_page()  # type: ignore[attr-defined]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    go(page, framed)
    page.evaluate(
        """() => { const at = document.createElement("div"); at.innerHTML = '<img src=x onerror="window.got = 1">'; document.body.append(at);
        const inline = document.createElement("script"); inline.textContent = "window.got = 2"; document.body.append(inline); }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.got") is None
    assert sum("Content Security Policy" in text for text in said) == 2
    page.close()
