"""The TJC driver drawing on panels at the other end of a pty: our simulated one, and nextion-tools' emulator, which is not ours."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nextion_tools.emu import Display, Pty

from agent.config.load import loads
from drivers.display.design import LOOKS, Form, drawing
from drivers.display.tjc_drawing import TjcDesigned
from drivers.display.tjc_layout import TjcOptions
from drivers.display.touch import ANYWHERE
from drivers.port import Port
from drivers.registry import DRIVERS
from drivers.reports import DeviceFoundReport, DeviceLostReport, DrawPage, Fact, KeyReport, PageReport
from panel import letters
from simulator.box import Box, BoxSpec
from simulator.tjc_canvas import TjcCanvasPanel
from simulator.wiring import UnitNames, config_yaml
from tests.agent.absurd import absurd
from tests.drivers.rig import Told
from tests.drivers.tjc_glass import canvas, page
from tests.waiting import eventually

FORM = Form(800, 480)
LONG = "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十"


class End:
    """A panel's port, and when each page was told to stand."""

    def __init__(self, path: str, options: TjcOptions) -> None:
        self.told = Told()
        self.stood: dict[int, float] = {}
        session = DRIVERS["tjc"].session([("panel", options)], 115200)
        self.port = Port("screen", path, 115200, session, self.take)

    def take(self, fact: Fact) -> None:
        if isinstance(fact, PageReport):
            self.stood[fact.token] = time.monotonic()
        self.told.append(fact)

    def draw(self, order: DrawPage) -> float:
        """How many seconds it took."""
        begin = time.monotonic()
        self.port.order(order)
        eventually(lambda: order.token in self.stood)
        return self.stood[order.token] - begin


class Bench(End):
    def __init__(self, box: Box, folder: Path) -> None:
        names = UnitNames("b12-u2", "badahu", "x", ["yard/y07"], "mqtt://127.0.0.1:1", folder / "id", folder)
        device = loads(config_yaml(box, names), folder / "config.yaml").devices["panel"]
        assert isinstance(box.panel, TjcCanvasPanel)
        self.panel = box.panel
        super().__init__(str(box.ports["screen"]), device.options)

    def shows(self, order: DrawPage) -> bool:
        body = tuple(line for line in order.body if line.strip())
        parts = {name: self.panel.part(name) for name in ("title", "body", "footer")}
        return parts == {"title": (order.title,), "body": body, "footer": (order.footer,)}


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with Box(tmp_path / "box", BoxSpec(panel=getattr(request, "param", canvas()))) as box:
        made = Bench(box, tmp_path)
        made.port.start()
        yield made
        made.port.stop(2.0)


def sound(panel: TjcCanvasPanel) -> bool:
    """Nothing but the words that end what it may have half of was refused, nothing was cut, nothing mixed."""
    return (panel.counts.text_faults, panel.counts.refused[2:], panel.half_drawn) == ([], [], [])


PAGES = (
    page(1, "12号楼2单元", ("八大湖社区 第三网格", "边界 东起延安路"), "idle"),
    page(2, "停水通知", ("今日8:00-12:00停水", "请提前储水。"), "service"),
    page(3, "停水通知", ("恢复后先放清", "再用。", "物业 5550 1234"), "service"),
    page(4, "请进", ("欢迎回家",), "yes"),
    page(5, "不能进", ('此卡"已停用"', "C:\\ 誠昞錦鋅运", "请找王敏"), "no", sizes=(("body", 1),)),
    page(6, "着火了", ("请走楼梯", "门已打开"), "fire"),
    page(7, "紧急", ("燃气泄漏", "请勿开灯"), "emergency"),
    page(8, "请您回答", ("电梯修得好吗", "5 很满意", "1 很不满意"), "question"),
    page(9, "12号楼2单元", ("八大湖社区 第三网格",), "idle", large="14:06"),
)


@pytest.mark.parametrize(
    "bench",
    [
        pytest.param(canvas(), id="GBK"),
        pytest.param(canvas(charset="utf-8"), id="UTF-8", marks=pytest.mark.slow),
        pytest.param(canvas(Form(480, 272)), id="small", marks=pytest.mark.slow),
        pytest.param(canvas(Form(1024, 600, 90)), id="upright", marks=pytest.mark.slow),
        pytest.param(canvas(stroke_s=0.004, says_when_ready=False), id="slow glass", marks=pytest.mark.slow),
    ],
    indirect=True,
)
def test_every_page_is_whole_and_comes_back_after_a_power_cut(bench: Bench) -> None:
    for order in PAGES:
        bench.draw(order)
        assert (bench.panel.part("title"), bench.panel.part("footer")) == ((order.title,), (order.footer,))
        assert bench.panel.part("body")
        assert bench.panel.part("body") == order.body[: len(bench.panel.part("body"))]
    assert bench.panel.part("large") == ("14:06",)
    assert sound(bench.panel), (bench.panel.counts, bench.panel.half_drawn)
    before = bench.panel.screen()
    bench.panel.power_cycle()
    assert bench.panel.screen() != before
    eventually(lambda: bench.panel.screen() == before)
    assert not bench.told.of(DeviceLostReport)
    assert len(bench.told.of(DeviceFoundReport)) == 1


def test_times_on_a_line_of_115200_baud(bench: Bench) -> None:
    """From the order to the last instruction's acknowledgement, on a pty paced as the line is."""
    bench.draw(page(1, look="idle"))
    answers = [bench.draw(page(2 + n, look=("yes", "no")[n % 2], body=(LONG[:20],) * 3)) for n in range(10)]
    full = bench.draw(page(20, "长通知", (LONG[:23],) * 8, "policy"))
    clock = bench.draw(page(21, "长通知", (LONG[:23],) * 7 + ("末",), "policy"))
    assert sorted(answers)[len(answers) // 2] < 0.2, answers
    assert full < 0.5
    assert clock < 0.1
    assert sound(bench.panel)


def test_a_touched_answer_is_a_key(bench: Bench) -> None:
    bench.draw(PAGES[7])
    bench.panel.touch("5")
    bench.panel.touch_at(400, 5)
    bench.panel.touch("1")
    eventually(lambda: [fact.key for fact in bench.told.of(KeyReport)] == ["5", "1"])


@pytest.mark.parametrize("bench", [canvas(fonts=(24, 32))], ids=["two fonts"], indirect=True)
def test_a_project_without_the_large_fonts_shows_all_in_smaller_letters(bench: Bench) -> None:
    bench.draw(page(1, look="idle", title="12号楼"))
    bench.draw(page(2))
    assert bench.panel.part("title") == ("请进 张桂英",)
    details = [fact.detail for fact in bench.told.of(DeviceFoundReport)]
    assert [detail for detail in details[1:] if "its project has no font" in detail] == details[1:]
    assert sorted(detail.split("no font ")[1][0] for detail in details[1:]) == ["2", "3"]
    assert not bench.told.of(DeviceLostReport)
    assert "no such font" in details[1]


@pytest.mark.parametrize("bench", [canvas(pictures=((3, 144),), shows=(("yes", 3), ("no", 4)))], indirect=True)
def test_pictures_of_signs(bench: Bench) -> None:
    bench.draw(page(1))
    assert [mark.kind for mark in bench.panel.marks if not mark.text] == ["picture"]
    bench.draw(page(2, look="no"))
    assert "disc" in [mark.kind for mark in bench.panel.marks]
    assert "its project has no picture 4" in bench.told.of(DeviceFoundReport)[-1].detail


@pytest.mark.slow
def test_absurd_pages_are_drawn_whole_also_when_the_next_one_comes_in_the_midst(bench: Bench) -> None:
    rng = random.Random(3)
    made = page(1)
    for token in range(1, 80):
        lines = tuple(absurd(rng, 60).replace("\n", " ") for _ in range(rng.randrange(12)))
        given = {"large": absurd(rng, 8), "aside": absurd(rng, 30), "contact": absurd(rng, 40)}
        made = page(token, absurd(rng, 40), lines, rng.choice(LOOKS), **given)
        bench.port.order(made)
        time.sleep(rng.choice((0.0, 0.01, 0.03, 0.08)))
    last = page(100, "请进", ("欢迎",), "yes")
    bench.draw(last)
    assert bench.shows(last)
    assert sound(bench.panel), bench.panel.counts
    assert not bench.told.of(DeviceLostReport)


@pytest.mark.parametrize("form", [FORM, Form(480, 272), Form(1024, 600, 90)], ids=str)
def test_pixels(form: Form, tmp_path: Path) -> None:
    """Each text is ink on the ground of its place; the ground is the look's."""
    font = letters.find().path
    with Box(tmp_path / "box", BoxSpec(panel=canvas(form))) as box:
        bench = Bench(box, tmp_path)
        bench.port.start()
        bench.draw(page(1, "ABC", ("HHHH",), "yes"))
        image = bench.panel.pixels(font)
        bench.port.stop(2.0)
    assert image.size == (form.across, form.down)
    green = image.getpixel((form.across - 1, form.down - 1))
    assert green[1] > 2 * green[0]
    place = drawing(form, "yes").place("body")
    assert place is not None
    ink = image.crop((place.x, place.y, place.x + place.width, place.y + place.sizes[0].letters.size))
    assert len(ink.getcolors(65536)) >= 3
    assert ink.getextrema() == tuple((least, 255) for least in green)


# --- a display that is not ours


class Foreign(End):
    """nextion-tools' emulator; it takes every font and picture to be there, and text as UTF-8."""

    def __init__(self, *, flow_model: bool) -> None:
        pty = Pty()
        self.display = Display(pty, flow_model=flow_model)
        super().__init__(pty.path, TjcOptions(charset="utf-8", layout=TjcDesigned("800x480")))

    @property
    def texts(self) -> list[str]:
        last = max(n for n, said in enumerate(self.display.drawn) if said.startswith("cls"))
        return [said.split(",", 10)[10] for said in self.display.drawn[last:] if said.startswith("xstr")]


@pytest.fixture
def foreign(request: pytest.FixtureRequest) -> Iterator[Foreign]:
    made = Foreign(flow_model=request.param)
    made.port.start()
    yield made
    made.port.stop(2.0)
    made.display.close()


@pytest.mark.parametrize("foreign", [False, True], ids=["ideal", "as fast as the line"], indirect=True)
def test_a_display_that_is_not_ours_takes_every_page_in_time(foreign: Foreign) -> None:
    """Its model of a real panel's buffer is at the line's speed: nothing is lost, and never half of the buffer is used."""
    times = {}
    for token, look in enumerate(LOOKS, 1):
        body = ('今日"停水"\\', LONG[:20], LONG[:12])
        times[look] = foreign.draw(page(token, "请进 张桂英", body, look))
        assert foreign.texts.count('"请进 张桂英"') == 1
        assert '"今日\\"停水\\"\\\\"' in foreign.texts
    assert max(times[look] for look in ("yes", "no", "checkin", "help")) < 0.2, times
    assert foreign.display.errors[2:] == []
    assert (foreign.display.overflows, foreign.display.lost) == (0, [])
    assert foreign.display.max_buffered < 544
    assert foreign.display.system["sendxy"] == 1


@pytest.mark.parametrize("foreign", [True], indirect=True)
def test_a_display_that_is_not_ours_comes_back_whole(foreign: Foreign) -> None:
    foreign.draw(page(1))
    before = sorted(foreign.texts)
    foreign.display.startup_frames = True
    foreign.display.power_cycle()
    foreign.display.boot()
    eventually(lambda: foreign.display.drawn and sorted(foreign.texts) == before, 5)
    assert foreign.display.bkcmd == 3
    foreign.display.send_raw(bytes.fromhex("67 01 00 00 10 01 FF FF FF"))
    foreign.display.send_raw(bytes.fromhex("67 01 00 00 10 00 FF FF FF"))
    foreign.draw(page(2, look="question", body=("好吗", "5 好")))
    box = next(said for said in foreign.display.drawn if '"5 好"' in said).removeprefix("xstr ").split(",")
    x, y = int(box[0]) + 5, int(box[1]) + 5
    for pressed in (1, 0):
        foreign.display.send_raw(bytes((0x67, *x.to_bytes(2, "big"), *y.to_bytes(2, "big"), pressed)) + b"\xff" * 3)
    # A touch on the page before says that somebody is there, once that page stands whole.
    eventually(lambda: [fact.key for fact in foreign.told.of(KeyReport) if fact.key != ANYWHERE] == ["5"])
    assert not foreign.told.of(DeviceLostReport)
