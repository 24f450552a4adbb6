"""What is a DWIN panel's own: variables, CRC, acknowledgements. What all panels do alike is in test_panels.py."""

from __future__ import annotations

import pytest

from drivers.reports import DeviceFoundReport, DeviceLostReport, PageReport
from tests.drivers.dwin_bench import Panel, bus_of, show, writes


@pytest.mark.parametrize("crc", [False, True])
def test_a_page_is_drawn_and_told(crc: bool) -> None:
    panel = Panel(crc)
    bus = bus_of(panel)
    bus.open()
    show(bus, 4)
    bus.run(1.0)
    assert [type(fact) for fact in bus.facts] == [DeviceFoundReport, PageReport]
    assert (panel.text(0x1000), panel.text(0x1100), panel.text(0x1800), panel.page) == (
        "温馨提示",
        "今日停水\r\n8:00-12:00",
        "12号楼",
        1,
    )


def test_only_what_changed_goes_on_the_wire() -> None:
    bus = bus_of(Panel())
    bus.open()
    show(bus, 1)
    bus.run(1.0)
    bus.written.clear()
    show(bus, 2)
    bus.run(0.5)
    assert writes(bus) == []
    assert [fact.token for fact in bus.of(PageReport)] == [1, 2]
    show(bus, 3, body=("今日停水", "9:00"))
    bus.run(0.5)
    (write,) = writes(bus)
    assert write[4:6] == b"\x11\x00"


def test_nothing_of_a_longer_text_remains() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1, title="很长很长的标题", body=("一" * 10,) * 8)
    bus.run(1.0)
    show(bus, 2, title="短", body=("二",))
    bus.run(1.0)
    assert (panel.text(0x1000), panel.text(0x1100)) == ("短", "二")


def test_a_panel_that_acknowledges_nothing_is_wrong_and_says_why() -> None:
    panel = Panel()
    panel.acks = False
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(20.0)
    (lost,) = bus.of(DeviceLostReport)
    assert lost.reason == "wrong"
    assert "acknowledge" in lost.detail
    assert not bus.of(DeviceFoundReport)
    assert not bus.of(PageReport)
