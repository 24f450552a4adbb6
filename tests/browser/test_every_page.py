"""What holds on every page of the console, whatever it shows: found by whoever uses a keyboard, a screen reader, a small screen or a weak line."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Response

from tests.browser.conftest import NewTab
from tests.browser.pages import every_page, faults_of, opened
from tests.browser.running import Running

MAX_BYTES = 300_000
WIDTHS = (320, 390, 719, 720, 1024, 1280, 1920, 2560)
SPOTS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((at) =>
  !at.disabled && at.type !== 'hidden' && at.tabIndex >= 0 && at.checkVisibility({visibilityProperty: true}) && !at.closest('dialog:not([open])')
  && (at.type !== 'radio' || at === [...document.querySelectorAll(`input[type=radio][name="${at.name}"]`)].find((each, _, all) => each.checked || (!all.some((one) => one.checked) && !each.disabled))))"""

TWICE = "[...document.querySelectorAll('[id]')].map((at) => at.id).filter((id, at, all) => all.indexOf(id) !== at)"
FOCUSED = "[document.activeElement.outerHTML.slice(0, 160), getComputedStyle(document.activeElement).outlineStyle]"


@pytest.fixture(scope="package")
def addresses(chromium: object, console: Running) -> Iterator[list[str]]:
    page = chromium.new_page()  # type: ignore[attr-defined]
    yield every_page(page, console)
    page.close()


@pytest.mark.soak
@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("zh-CN", 1280, False), ("en", 1280, False), ("en", 1280, True), ("en", 390, False)],
)
def test_axe_finds_nothing_in_any_other_form(
    tab: NewTab, console: Running, addresses: list[str], language: str, width: int, dark: bool
) -> None:
    page = tab(width, language, dark=dark)
    found = []
    for path in addresses:
        opened(page, console, path)
        found += [f"{path}: {fault}" for fault in faults_of(page)]
    assert not found, "\n".join(found[:12])


@pytest.mark.soak
def test_every_page_is_light_and_soon_there(
    tab: NewTab, console: Running, addresses: list[str], record_property: Callable[[str, object], None]
) -> None:
    """All that an empty browser loads for it; and when something is first painted, on loopback."""
    paints, heaviest = [], 0
    for path in addresses:
        page = tab()
        sizes: list[int] = []

        def count(answer: Response, sizes: list[int] = sizes) -> None:
            if not answer.url.endswith("/live"):
                sizes.append(len(answer.body()))

        page.on("response", count)
        opened(page, console, path)
        assert sum(sizes) < MAX_BYTES, f"{path}: {sum(sizes)}"
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        assert painted < 2000, f"{path}: {painted} ms"
        paints.append(painted)
        heaviest = max(heaviest, sum(sizes))
        page.context.close()
    assert statistics.median(paints) < 500, sorted(paints)
    record_property("first paint, half of the pages within ms", round(statistics.median(paints)))
    record_property("heaviest page, bytes", heaviest)


@pytest.mark.soak
def test_the_keyboard_comes_to_everything_and_is_seen_there(
    tab: NewTab, console: Running, addresses: list[str]
) -> None:
    page = tab()
    for path in addresses:
        opened(page, console, path)
        count = page.evaluate(f"({SPOTS})().length")
        reached: set[int] = set()
        for _ in range(count + 20):
            page.keyboard.press("Tab")
            at = page.evaluate(f"({SPOTS})().indexOf(document.activeElement)")
            if at < 0:
                continue
            if at in reached and len(reached) == count:
                break
            reached.add(at)
            where, outline = page.evaluate(FOCUSED)
            assert outline != "none", f"{path}: nobody sees where the keyboard is at {where}"
        missed = [page.evaluate(f"({SPOTS})()[{at}].outerHTML.slice(0, 120)") for at in set(range(count)) - reached]
        assert not missed, f"{path}: {missed}"


def test_each_is_named_once_fits_every_screen_obeys_nothing_written_and_leads_somewhere(
    tab: NewTab, console: Running, addresses: list[str]
) -> None:
    """And axe finds nothing, on a phone in Chinese."""
    page = tab(390, "zh-CN")
    found: list[str] = []
    titles: dict[str, str] = {}
    links: dict[str, str] = {}
    for path in addresses:
        page.set_viewport_size({"width": 390, "height": 800})
        opened(page, console, path)
        found += [f"{path}: {fault}" for fault in faults_of(page)]
        title = page.title()
        assert title != "obeyed", path
        assert title not in titles, f"{path}: called as {titles[title]}: {title}"
        titles[title] = path
        assert page.locator("h1").count() == 1, path
        twice = page.evaluate(TWICE)
        assert not twice, f"{path}: two of {twice}"
        assert not page.evaluate("[...document.scripts].some((each) => !each.src && each.type !== 'application/json')")
        there: list[str] = page.eval_on_selector_all("a[href]:not([download])", "all => all.map((at) => at.href)")
        links |= {link.partition("#")[0]: path for link in there if link.startswith(console.origin)}
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, f"{path} at {width}: {over} pixels"
    assert not found, "\n".join(found[:12])
    dead = [f"{path}: {link}" for link, path in links.items() if page.request.get(link, max_redirects=0).status >= 400]
    assert not dead, dead
