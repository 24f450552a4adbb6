"""One list of pages over every kind of display: whichever it is, a resident sees the same, whole, and after a power cut again."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config.load import loads
from agent.core.pages import of_notice
from agent.core.plan import DisplayPlan
from drivers.port import Port
from drivers.registry import DRIVERS
from drivers.reports import DeviceLostReport, DrawPage, PageReport
from simulator.box import Box, BoxSpec
from simulator.dwin_panel import Layout
from simulator.tjc_panel import TjcProject
from simulator.wiring import UnitNames, config_yaml
from tests.agent.absurd import TEXT_MAX, absurd
from tests.agent.core.bench import Bench as CoreBench
from tests.agent.core.bench import notice, unit_plan
from tests.drivers.rig import Told
from tests.waiting import eventually

ROWS = tuple(f"t{row + 3}" for row in range(8))
KINDS = {
    "dwin, one text": Layout(),
    "dwin, a text a line": Layout(line_words=12),
    "tjc, GBK": TjcProject(redraw_s=0.1),
    "tjc, UTF-8, a text a line": TjcProject(charset="utf-8", body=ROWS, redraw_s=0.1),
    "tjc, says nothing at start": TjcProject(says_when_ready=False, redraw_s=0.1),
}
SMALL = {
    "dwin": Layout(columns=8, rows=2),
    "tjc": TjcProject(columns=8, rows=2, redraw_s=0.0),
}
PAGES = (
    ("idle", "12号楼2单元", ("14:05", "11月24日 星期二"), ""),
    ("notice", "停水通知", ("今日8:00-12:00停水", "请提前储水。"), "社区 1/2"),
    ("notice", "停水通知", ("恢复后先放清", "再用。", "", "物业 5550 1234"), "社区 2/2"),
    ("answer", "请进", ("欢迎回家",), "14:06"),
    ("answer", "不能进", ('此卡"已停用"', "C:\\ 誠昞錦鋅运", "请找王敏"), "14:06"),
    ("notice", "长通知", tuple("一二三四五六七八九十" for _ in range(8)), "公告"),
    ("idle", "12号楼2单元", ("14:06", "11月24日 星期二"), ""),
)


class Bench:
    def __init__(self, box: Box, folder: Path) -> None:
        names = UnitNames("b12-u2", "badahu", "x", ["yard/y07"], "mqtt://127.0.0.1:1", folder / "id", folder)
        device = loads(config_yaml(box, names), folder / "config.yaml").devices["panel"]
        session = DRIVERS[device.driver].session([("panel", device.options)], 115200)
        self.charset = device.options.charset
        self.box = box
        self.told = Told()
        self.port = Port("screen", str(box.ports["screen"]), 115200, session, self.told.append)

    def draw(self, token: int, page: tuple[str, str, tuple[str, ...], str]) -> None:
        self.port.order(DrawPage("panel", token, *page))
        eventually(lambda: [fact for fact in self.told.of(PageReport) if fact.token == token])

    @property
    def seen(self) -> tuple[str, str, tuple[str, ...], str]:
        screen = self.box.panel.screen()
        return screen.page, screen.title, screen.body, screen.footer


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with Box(tmp_path / "box", BoxSpec(panel=request.param)) as box:
        made = Bench(box, tmp_path)
        made.port.start()
        yield made
        made.port.stop(2.0)


@pytest.mark.slow
@pytest.mark.parametrize("bench", [pytest.param(KINDS[kind], id=kind) for kind in KINDS], indirect=True)
def test_every_display_shows_the_same_pages_whole(bench: Bench) -> None:
    for token, page in enumerate(PAGES, 1):
        bench.draw(token, page)
        assert bench.seen == page
    assert bench.box.panel.half_drawn == []
    assert bench.box.panel.counts.text_faults == []
    assert bench.box.panel.counts.refused[2:] == []
    assert [fact.token for fact in bench.told.of(PageReport)] == [*range(1, len(PAGES) + 1)]
    assert not bench.told.of(DeviceLostReport)


@pytest.mark.slow
@pytest.mark.parametrize("bench", [pytest.param(KINDS[kind], id=kind) for kind in KINDS], indirect=True)
def test_absurd_notices_are_drawn_whole_also_when_the_next_one_comes_in_the_midst(bench: Bench) -> None:
    """What the core makes of them, through the port's own thread; most are replaced before they stand."""
    rng = random.Random(3)
    core = CoreBench(unit_plan(displays=(DisplayPlan("panel", 20, 8, bench.charset),))).start()
    page = PAGES[0]
    for token in range(1, 60):
        made = notice("n1", token, title=absurd(rng, 200)[:200] or "x", text=absurd(rng, TEXT_MAX))
        told = rng.choice(of_notice(core.state, core.state.screens[0].plan, made))
        page = ("notice", told.title, told.body, told.footer)
        bench.port.order(DrawPage("panel", token, *page))
        time.sleep(rng.choice((0.0, 0.01, 0.03, 0.08)))
    bench.draw(60, page)
    shown = [bench.seen[1].rstrip(), *(line.rstrip() for line in bench.seen[2]), bench.seen[3]]
    wanted = [page[1].rstrip(), *(line.rstrip() for line in page[2]), page[3]]
    assert shown == wanted
    assert bench.box.panel.half_drawn == []
    assert bench.box.panel.counts.text_faults == []
    assert not bench.told.of(DeviceLostReport)


@pytest.mark.slow
@pytest.mark.parametrize("bench", [pytest.param(KINDS[kind], id=kind) for kind in KINDS], indirect=True)
def test_every_display_shows_its_page_again_after_a_power_cut(bench: Bench) -> None:
    bench.draw(1, PAGES[1])
    bench.box.panel.power_cycle()
    eventually(lambda: bench.seen == PAGES[1])
    assert len(bench.told.of(PageReport)) == 1
    assert not bench.told.of(DeviceLostReport)


@pytest.mark.parametrize("bench", [pytest.param(SMALL[kind], id=kind) for kind in SMALL], indirect=True)
def test_a_small_display_shows_less(bench: Bench) -> None:
    for token, (page, title, body, footer) in enumerate(PAGES, 1):
        bench.draw(token, (page, title, body, footer))
        _, shown_title, shown_body, shown_footer = bench.seen
        assert title.startswith(shown_title)
        assert footer.startswith(shown_footer)
        assert len(shown_body) <= 2
        for line, shown in zip(body, shown_body, strict=False):
            assert line.startswith(shown)
            assert len(re.sub(r"[^\x00-\x7f]", "xx", shown)) <= 8
    assert bench.box.panel.half_drawn == []
