"""Panels on a line with errors: what gets through is whole, and every page comes in the end."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcOptions
from drivers.reports import DrawPage, PageReport
from tests.drivers import dwin_bench, tjc_bench
from tests.drivers.bus import Bus


def dwin() -> tuple[DwinPanel, Callable[[bytes, float], bytes], Callable[[], tuple[str, str]]]:
    panel = dwin_bench.Panel()
    session = DwinPanel([("panel", DwinOptions())], 115200)
    return session, panel, lambda: (panel.text(0x1000), panel.text(0x1100))


def tjc() -> tuple[TjcPanel, Callable[[bytes, float], bytes], Callable[[], tuple[str, str]]]:
    panel = tjc_bench.Panel()
    session = TjcPanel([("panel", TjcOptions())], 115200)
    return session, panel, lambda: (panel.text("t0.txt"), panel.text("t1.txt"))


@pytest.mark.claim("F35")
@pytest.mark.parametrize("broken", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("kind", [dwin, tjc])
def test_pages_come_through_a_line_with_errors(
    kind: Callable, broken: float, record_property: pytest.RecordProperty
) -> None:
    """Exchanges are lost on their way out or back."""
    chance = random.Random(7)
    session, panel, shown = kind()

    def noisy(frame: bytes, now: float) -> bytes:
        dice = chance.random()
        if dice < broken / 2:
            return b""
        reply = panel(frame, now)
        return b"" if dice < broken else reply

    bus = Bus(session, noisy, 115200)
    bus.open()
    took = []
    for token in range(1, 60):
        begun = bus.now
        page = "notice" if token % 7 else "answer"
        session.order(DrawPage("panel", token, page, f"第{token}", (f"条{token}",), ""), bus.now)
        while not bus.of(PageReport) or bus.of(PageReport)[-1].token != token:
            assert bus.now - begun < 60
            bus.run(0.05)
        took.append(bus.now - begun)
        assert shown() == (f"第{token}", f"条{token}")
    took.sort()
    figure = (
        f"{kind.__name__}, {broken:.0%} of exchanges lost: a page in {took[29]:.1f} s median, {took[-1]:.1f} s most"
    )
    record_property("figure", figure)
    assert took[29] < 5
