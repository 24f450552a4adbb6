"""Notices that no one would write, one after another, through the core and each display's own session: a panel that never stands still, and
never shows a part of a page. The line's time is simulated at its speed, the core's is measured.
"""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.config.plan import designed
from agent.core import effects as fx
from agent.core import events as ev
from agent.core.plan import DisplayPlan
from agent.devices import draw_order
from contract.messages import Category
from drivers.display.design import Form, choices, drawing, variables
from drivers.display.designed import DesignedLayout
from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcOptions
from drivers.reports import DeviceLostReport, Fact, PageReport
from drivers.session import Session
from tests.agent.absurd import TEXT_MAX, absurd
from tests.agent.core.bench import Bench, notice, unit_plan
from tests.drivers import dwin_bench, tjc_bench
from tests.drivers.built_bench import Built
from tests.drivers.bus import Bus

BAUD = 115200
STALL_S = 0.1
LINE_END = {b"r": b"\r\n"}


class WatchedTjc(tjc_bench.Panel):
    """Its instructions come several in one frame; each changes what is to be seen."""

    charset = "gbk"

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        super().__init__()

    def text(self, name: str) -> str:
        return self.texts.get(name.encode(), b"").decode(self.charset)

    def one(self, said: bytes) -> bytes:
        answer = super().one(said)
        self.seen.append((self.text("t0.txt"), self.text("t1.txt")))
        return answer

    def carry_out(self, said: bytes) -> bool:
        name, _, value = said.partition(b"=")
        done = super().carry_out(said)
        if done and name.endswith(b".txt"):
            self.texts[name] = re.sub(rb"\\(.)", lambda sign: LINE_END.get(sign[1], sign[1]), value[1:-1])
        return done


class WatchedDwin(dwin_bench.Panel):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def __call__(self, frame: bytes, now: float) -> bytes:
        answer = super().__call__(frame, now)
        self.seen.append((self.text(0x1000), self.text(0x1100)))
        return answer


class WatchedBuilt(Built):
    """What shows of title and body."""

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self.seen: list[tuple[str, str]] = []

    def __call__(self, frame: bytes, now: float) -> bytes:
        answer = super().__call__(frame, now)
        vps, choice = variables(self.form), choices(self.form)[self.page]
        body, bank = drawing(self.form, choice.look).place("body"), choice.bank * vps.words
        assert body is not None
        rows = body.sizes[dict(choice.sizes).get("body", 0)].rows
        lines = [self.text(vps.body + bank + n * vps.line_words) for n in range(rows)]
        self.seen.append((self.text(vps.title + bank), "\n".join(lines)))
        return answer


class WatchedUtf8(WatchedTjc):
    charset = "utf-8"


@dataclass(frozen=True)
class Kind:
    """A display, how it is driven, and how long a whole page may take: that of a large one is mostly the line's time."""

    far: Callable[[], Any]
    session: Callable[[], Session]
    columns: int = 20
    rows: int = 8
    charset: str = "gbk"
    page_s: float = 0.1
    form: Form | None = None

    @property
    def plan(self) -> DisplayPlan:
        if self.form is not None:
            return designed("panel", self.form, enlarges=False)
        return DisplayPlan("panel", self.columns, self.rows, self.charset)


def tjc(columns: int = 20, rows: int = 8, charset: str = "gbk") -> TjcPanel:
    return TjcPanel([("panel", TjcOptions(columns, rows, charset))], BAUD)


def built(form: Form) -> Kind:
    layout = DesignedLayout(f"{form.width}x{form.height}", form.rotate, form.large)
    return Kind(
        lambda: WatchedBuilt(form),
        lambda: DwinPanel([("panel", DwinOptions(layout=layout))], BAUD),
        page_s=0.4,
        form=form,
    )


KINDS = {
    "dwin": Kind(WatchedDwin, lambda: DwinPanel([("panel", DwinOptions())], BAUD)),
    "dwin, large": Kind(
        WatchedDwin, lambda: DwinPanel([("panel", DwinOptions(columns=40, rows=12))], BAUD), 40, 12, page_s=0.15
    ),
    "dwin, built": built(Form(800, 480)),
    "dwin, built large": built(Form(1024, 600, 90, True)),
    "tjc": Kind(WatchedTjc, tjc),
    "tjc, large": Kind(WatchedTjc, lambda: tjc(40, 12), 40, 12, page_s=0.15),
    "tjc, UTF-8": Kind(WatchedUtf8, lambda: tjc(charset="utf-8"), charset="utf-8"),
}


@dataclass
class Figures:
    core_s: float = 0.0
    drawn_s: list[float] = field(default_factory=list)
    silent_s: float = 0.0
    """The longest time between two things said, while a page was not whole."""


class Door:
    """A core and one display's session on its line."""

    def __init__(self, kind: Kind) -> None:
        self.bench = Bench(unit_plan(displays=(kind.plan,)))
        self.far = kind.far()
        self.bus = Bus(kind.session(), self.far, BAUD)
        self.figures = Figures()
        self.whole: set[tuple[str, str]] = {("", "")}
        self.ordered: dict[int, float] = {}
        facts = self.bus.session.facts

        def timed() -> list[Fact]:
            found = facts()
            for fact in found:
                if isinstance(fact, PageReport):
                    self.reported(fact.token)
            return found

        self.bus.session.facts = timed
        self.bus.open()
        self.bus.run(1.0)
        self.bench.start()

    def reported(self, token: int) -> None:
        """How long this page took, and what its longest pause was."""
        began = self.ordered.get(token)
        if began is None:
            return
        self.figures.drawn_s.append(self.bus.now - began)
        said = [began, *(at for at, _ in self.bus.written if at >= began), self.bus.now]
        self.figures.silent_s = max([self.figures.silent_s, *(then - at for at, then in itertools.pairwise(said))])

    def do(self, event: ev.Event | None, run_s: float) -> None:
        """One event, and what it draws. The core's time is this thread's: what else runs on the machine is no matter."""
        began = time.thread_time()
        if event is not None:
            self.bench.do(event)
        else:
            self.bench.wait(run_s)
        self.figures.core_s = max(self.figures.core_s, time.thread_time() - began)
        self.draw()
        self.bus.run(run_s)
        self.look()
        for fact in self.bus.facts:
            if isinstance(fact, PageReport) and fact.token in self.ordered:
                self.bench.do(ev.PageDrawn("panel", fact.token))
        self.bus.written.clear()
        self.bus.facts = [fact for fact in self.bus.facts if not isinstance(fact, PageReport)]
        assert not self.bus.of(DeviceLostReport)

    def draw(self) -> None:
        orders, self.bench.effects = self.bench.effects, []
        for _, effect in orders:
            if isinstance(effect, fx.ShowPage):
                page = effect.page
                self.whole.add((plain(page.title), plain("\n".join(page.body))))
                self.ordered[effect.token] = self.bus.now
                self.bus.session.order(draw_order("panel", effect.token, page), self.bus.now)

    def look(self) -> None:
        """What stood on the display at any moment was whole: no title over a body that is not its own, nor over a part of it."""
        for title, body in self.far.seen:
            if title:
                assert (plain(title), plain(body)) in self.whole
        self.far.seen.clear()


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).rstrip()


def stress(kind: Kind, count: int, seed: int) -> Figures:
    """Most replace the notice that shows, so that they show at once, also in the midst of its drawing."""
    rng = random.Random(seed)
    door = Door(kind)
    title = "停水通知"
    for number in range(count):
        showing = door.bench.state.screens[0].showing
        name = showing[1] if showing is not None and rng.random() < 0.9 else f"n{rng.randrange(60)}"
        category = rng.choice((Category.EMERGENCY, Category.SERVICE, Category.POLICY))
        if rng.random() < 0.7:
            title = absurd(rng, 200)[:200] or "x"
        made = notice(name, number + 1, title=title, text=absurd(rng, TEXT_MAX), category=category)
        door.bench.tokens += 1
        door.do(ev.MessageReceived(door.bench.tokens, made), rng.choice((0.0, 0.013, 0.031, 0.2)))
        if number % 20 == 0:
            door.do(None, rng.choice((0.5, 6.0, 30.0)))
    door.do(None, 6.0)
    return door.figures


def held(kind: Kind, figures: Figures, least: int) -> None:
    assert len(figures.drawn_s) >= least
    assert figures.core_s <= STALL_S
    assert figures.silent_s <= STALL_S
    assert max(figures.drawn_s) <= kind.page_s


@pytest.mark.parametrize("name", KINDS)
def test_absurd_notices_neither_stall_a_panel_nor_show_by_halves(name: str) -> None:
    held(KINDS[name], stress(KINDS[name], 60, seed=7), 10)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["dwin", "dwin, built", "tjc"])
def test_ten_thousand_absurd_notices_one_after_another(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    figures = stress(KINDS[name], 10_000, seed=11)
    record_property(
        "figure",
        f"{name}: a step of the core {1000 * figures.core_s:.0f} ms at most, a pause on the line {1000 * figures.silent_s:.0f} ms, "
        f"a page {1000 * max(figures.drawn_s):.0f} ms, of {len(figures.drawn_s)} pages",
    )
    held(KINDS[name], figures, 2000)
