"""The TJC driver against a display that is not ours: nextion-tools' emulator at the other end of a pty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nextion_tools.emu import NX4832T035, Display, Pty

from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcLayout, TjcOptions
from drivers.port import Port
from drivers.reports import DeviceFoundReport, DeviceLostReport, DrawPage, KeyReport, PageReport, PlayTone
from tests.drivers.rig import Told
from tests.waiting import eventually

LAYOUT = TjcLayout(keys={"5": 15, "#": 21})


class Bench:
    def __init__(self, display: Display, path: str) -> None:
        self.display = display
        self.told = Told()
        session = TjcPanel([("panel", TjcOptions(charset="utf-8", layout=LAYOUT, buzzer=True))], 115200)
        self.port = Port("screen", path, 115200, session, self.told.append)

    def show(self, token: int, body: tuple[str, ...], page: str = "notice") -> None:
        self.port.order(DrawPage("panel", token, page, "停水通知", body, f"{token}/9"))

    def drawn(self, token: int, limit_s: float = 5.0) -> None:
        eventually(lambda: [fact for fact in self.told.of(PageReport) if fact.token == token], limit_s)

    @property
    def texts(self) -> tuple[object, ...]:
        return tuple(self.display.value(f"{name}.txt") for name in ("t0", "t1", "t2"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    pty = Pty()
    display = Display(pty, redraw_s=NX4832T035.redraw_s)
    made = Bench(display, pty.path)
    made.port.start()
    yield made
    made.port.stop(2.0)
    display.close()


def test_text_and_pages(bench: Bench) -> None:
    bench.show(1, ("今日停水", '"8:00"-12:00'))
    bench.drawn(1)
    assert bench.texts == ("停水通知", '今日停水\r"8:00"-12:00', "1/9")
    assert bench.display.page == "page1"
    assert bench.told.of(DeviceFoundReport)[0].detail == NX4832T035.model
    bench.show(2, ("请进",), "answer")
    bench.drawn(2)
    assert bench.display.page == "page2"
    assert bench.texts == ("停水通知", "请进", "2/9")
    assert bench.display.errors[2:] == []  # the first two end what the panel may have half of
    bench.port.order(PlayTone("panel", "yes"))
    eventually(lambda: "beep 800" in bench.display.commands)


@pytest.mark.slow
def test_a_page_change_that_blocks_loses_nothing(bench: Bench) -> None:
    bench.display.flow_model = True
    for token, page in enumerate(("notice", "answer", "idle"), 1):
        bench.show(token, ("一" * 10,) * 8, page)
        bench.drawn(token, 10)
    assert bench.display.overflows == 0
    assert bench.display.max_buffered < 1000
    assert not bench.told.of(DeviceLostReport)


def test_touch(bench: Bench) -> None:
    eventually(lambda: bench.told.of(DeviceFoundReport))
    for component in (15, 21, 99):
        bench.display.send_touch_event(component, True, "page1")
        bench.display.send_touch_event(component, False, "page1")
    eventually(lambda: [fact.key for fact in bench.told.of(KeyReport)] == ["5", "#"])


@pytest.mark.parametrize("says", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_power_cycle(bench: Bench, says: bool) -> None:
    bench.show(1, ("今日停水",))
    bench.drawn(1)
    bench.display.startup_frames = True
    bench.display.power_cycle()
    if says:
        bench.display.boot()
    assert bench.display.page is None
    eventually(lambda: bench.display.page == "page1" and bench.texts == ("停水通知", "今日停水", "1/9"), 5)
    assert bench.display.bkcmd == 3
    assert not bench.told.of(DeviceLostReport)
    bench.show(2, ("来水了",))
    bench.drawn(2)
