"""The map of a town: as many units as a centre is measured with, on one screen, and a mouse that drags it."""

from __future__ import annotations

import statistics
import time

import pytest
from sqlalchemy import insert

from centre import map_layout, places, units
from centre.console import look, pages
from centre.schema import units as units_table
from tests.browser.conftest import NewTab
from tests.browser.pages import SETTLED
from tests.browser.running import running
from tests.browser.trial import Trial, loader
from tests.browser.trial import pages as trial_pages
from tests.centre.conftest import Desk, founded
from tests.centre.unit import SITE

COUNT = 2000
FRAMES = """() => { window.frames_ = []; let last = performance.now();
  const next = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(next); }; requestAnimationFrame(next); }"""


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(founded(tmp_path_factory.mktemp("town") / "site"))
    rows = [
        {
            "unit": f"u{n}",
            "name": f"{n // 12}号院{n % 12}单元",
            "scopes": f"yard/y{n // 12:03} building/b{n // 4:03}",
            "added_utc": desk.now,
            "online": True,
        }
        for n in range(COUNT)
    ]
    with desk.books.changing() as conn:
        conn.execute(insert(units_table), rows)
    return desk


def test_a_town_is_laid_out_in_a_moment(town: Desk) -> None:
    with town.books.reading() as conn:
        known, listed = places.known(conn), units.listed(conn, SITE)
    begun = time.perf_counter()
    layout = map_layout.of(listed, known)
    assert time.perf_counter() - begun < 0.5
    assert len(layout.units) == COUNT


def test_a_towns_map_moves_smoothly(tab: NewTab, town: Desk, record_property: pytest.RecordProperty) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "ALL", (*pages.ALL, trial_pages(Trial())))
        with running(town) as console:
            templates = look._templates()
            patch.setattr(templates, "loader", loader(templates.loader))
            page = tab()
            page.goto(f"{console.origin}/trial")
            page.wait_for_function(SETTLED)
            page.locator(".map-tools").nth(1).locator("[data-map-in]").click()
            box = page.locator("canvas").nth(1).bounding_box()
            assert box
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.mouse.move(x, y)
            page.mouse.down()
            page.evaluate(FRAMES)
            for step in range(90):
                page.mouse.move(x + 6 * (step % 15 - 7), y + 2 * (step % 11))
            page.mouse.up()
            frames = page.evaluate("frames_")
    median = statistics.median(frames)
    record_property("median frame, ms", round(median, 1))
    assert len(frames) > 20
    assert median < 34, sorted(frames)[-10:]
