"""The TJC panel's session in simulated time: lost answers, power cuts, silence, and what a project lacks."""

from __future__ import annotations

import pytest

from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcOptions
from drivers.reports import DeviceFoundReport, DeviceLostReport, PageReport
from tests.drivers.bus import Bus
from tests.drivers.tjc_bench import END, Panel, bus_of, show


@pytest.mark.parametrize("says", [b"", b"\0\0\0" + END + b"\x88" + END, b"\x88" + END])
def test_a_power_cycled_panel_gets_everything_again(says: bytes) -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(3.0)
    panel.power_cycle()
    cut = bus.now
    if says:
        bus.session.receive(says, bus.now)
    bus.run(4.0)
    assert panel.bkcmd == 3
    assert (panel.page, panel.text("t0.txt"), panel.text("t1.txt")) == (b"1", "温馨提示", "今日停水\r\n8:00-12:00")
    last = next(at for at, frame in reversed(bus.written) if b".txt=" in frame)
    assert last - cut < (1.0 if says else 3.2)
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert len(bus.of(DeviceFoundReport)) == 1


def test_acknowledgements_that_were_switched_off_are_switched_on_again() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(3.0)
    panel.bkcmd = 0
    show(bus, 2, body=("新",))
    bus.run(3.0)
    assert panel.bkcmd == 3
    assert bus.of(PageReport)[-1].token == 2
    assert not bus.of(DeviceLostReport)


def test_a_panel_that_never_acknowledges_is_wrong() -> None:
    panel = Panel()
    bus = Bus(
        TjcPanel([("panel", TjcOptions())], 115200),
        lambda frame, now: b"" if b"bkcmd" in frame else panel(frame, now),
        115200,
    )
    bus.open()
    show(bus, 1)
    bus.run(20.0)
    assert [fact.reason for fact in bus.of(DeviceLostReport)] == ["wrong"]
    assert not bus.of(PageReport)


def test_a_display_without_title_footer_or_page_shows_less() -> None:
    panel = Panel()
    panel.lacks = {b"t0.txt", b"t2.txt", b"page 2"}
    bus = bus_of(panel)
    bus.open()
    show(bus, 1, page="answer")
    bus.run(4.0)
    assert panel.page == b"1"
    assert panel.text("t1.txt") == "今日停水\r\n8:00-12:00"
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    assert not bus.of(DeviceLostReport)
    warnings = " ".join(fact.detail for fact in bus.of(DeviceFoundReport)[1:])
    assert all(word in warnings for word in ("page 2", "t0.txt on page 1", "t2.txt on page 1"))
    panel.lacks.clear()
    bus.run(70.0)
    assert panel.page == b"2"
    assert panel.text("t0.txt") == "温馨提示"


def test_a_project_without_the_body_is_wrong_until_it_has_one() -> None:
    panel = Panel()
    panel.lacks = {b"t1.txt"}
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(10.0)
    (lost,) = bus.of(DeviceLostReport)
    assert (lost.reason, lost.detail) == (
        "wrong",
        "its project has no t1.txt on page 1 (answer 1A, no such component or variable)",
    )
    assert not bus.of(PageReport)
    panel.lacks.clear()
    bus.run(70.0)
    assert bus.of(PageReport)
    assert isinstance(bus.facts[-2], DeviceFoundReport)


def test_one_refusal_is_noise() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    bus.run(1.0)
    panel.lacks = {b"t1.txt"}
    show(bus, 1, page="idle")
    bus.at(bus.now + 0.03, panel.lacks.clear)
    bus.run(1.0)
    assert bus.of(PageReport)
    assert not bus.of(DeviceLostReport)


def test_what_follows_a_page_change_is_waited_for_and_not_said_twice() -> None:
    panel = Panel()
    busy_until = 0.0

    def slow(frame: bytes, now: float) -> bytes:
        """A page change is answered at once, and holds what comes next for 0.6 s."""
        nonlocal busy_until
        reply = panel(frame, now)
        if now < busy_until:
            bus.at(busy_until, lambda: bus.session.receive(reply, bus.now))
            return b""
        if frame.startswith(b"page "):
            busy_until = now + 0.6
        return reply

    bus = Bus(TjcPanel([("panel", TjcOptions())], 115200), slow, 115200)
    bus.open()
    bus.run(0.5)
    for token, page in enumerate(("notice", "answer", "idle"), 1):
        bus.written.clear()
        show(bus, token, page=page)
        bus.run(2.0)
        said = [frame for _, frame in bus.written if not frame.startswith(b"get ")]
        assert len(said) == len(set(said))
        assert bus.of(PageReport)[-1].token == token
