"""The panel's session in simulated time: drawing, acknowledgements, silence, power cuts, tones."""

from __future__ import annotations

import pytest

from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.facts import DeviceFound, DeviceLost, DrawPage, OrderFailed, PageDrawn, SetOutput, SoundTone
from tests.drivers.bus import Bus, closed


class Panel:
    """Keeps variables, answers reads, acknowledges writes."""

    def __init__(self, crc: bool = False) -> None:
        self.crc = crc
        self.memory: dict[int, bytes] = {}
        self.page = 0
        self.alive = True
        self.acks = True
        self.lose_next = 0
        self.touched = b""

    def power_cycle(self) -> None:
        self.memory.clear()
        self.page = 0

    def word(self, vp: int) -> bytes:
        return self.memory.get(vp, b"\0\0")

    def text(self, vp: int) -> str:
        data = b""
        while (word := self.word(vp)) not in (b"\xff\xff", b"\0\0"):
            data += word
            vp += 1
        return data.decode("gbk").rstrip(" ")

    def frame(self, body: bytes) -> bytes:
        body = closed(body) if self.crc else body
        return b"\x5a\xa5" + bytes((len(body),)) + body

    def __call__(self, frame: bytes, now: float) -> bytes:
        assert frame[:2] == b"\x5a\xa5"
        assert frame[2] == len(frame) - 3
        body = frame[3:-2] if self.crc else frame[3:]
        if not self.alive:
            return b""
        if self.lose_next:
            self.lose_next -= 1
            return b""
        vp = int.from_bytes(body[1:3], "big")
        if body[0] == 0x83:
            data = b"".join(self.word(vp + n) for n in range(body[3]))
            return self.touched + self.frame(body[:4] + data)
        data = body[3:]
        if vp == 0x0084:
            self.page = int.from_bytes(data[2:4], "big")
        for place in range(0, len(data), 2):
            self.memory[vp + place // 2] = data[place : place + 2]
        return self.frame(b"\x82OK") if self.acks else b""


def bus_of(panel: Panel, baud: int = 115200) -> Bus:
    return Bus(DwinPanel([("panel", DwinOptions(crc=panel.crc))], baud), panel, baud)


def show(
    bus: Bus,
    token: int,
    title: str = "温馨提示",
    body: tuple[str, ...] = ("今日停水", "8:00-12:00"),
    page: str = "notice",
) -> None:
    bus.session.order(DrawPage("panel", token, page, title, body, "12号楼"), bus.now)


def writes(bus: Bus) -> list[bytes]:
    return [frame for _, frame in bus.written if frame[3] == 0x82]


@pytest.mark.parametrize("crc", [False, True])
def test_a_page_is_drawn_and_told(crc: bool) -> None:
    panel = Panel(crc)
    bus = bus_of(panel)
    bus.open()
    show(bus, 4)
    bus.run(1.0)
    assert [type(fact) for fact in bus.facts] == [DeviceFound, PageDrawn]
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
    assert [fact.token for fact in bus.of(PageDrawn)] == [1, 2]
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


def test_the_newest_page_wins_in_the_midst_of_drawing() -> None:
    panel = Panel()
    bus = bus_of(panel, 9600)
    bus.open()
    bus.run(0.5)
    for token in range(1, 30):
        show(bus, token, title=f"第{token}", body=(f"条{token}",))
        bus.run(0.012)
    bus.run(2.0)
    assert panel.text(0x1000) == "第29"
    assert bus.of(PageDrawn)[-1].token == 29
    assert len(bus.of(PageDrawn)) < 15


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_frame_is_sent_again(lost: int) -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    bus.run(0.5)
    for token in range(1, 12):
        show(bus, token, title=f"第{token}")
        bus.run(token / 1000)
        panel.lose_next = lost
        bus.run(0.002)
        bus.run(1.5)
        assert bus.of(PageDrawn)[-1].token == token
        assert panel.text(0x1000) == f"第{token}"
        panel.lose_next = 0
    assert not bus.of(DeviceLost)


def test_what_was_not_acknowledged_is_not_taken_as_it_was() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1, body=("甲",))
    bus.run(1.0)

    def deaf(frame: bytes, now: float) -> bytes:
        """The write is taken and its acknowledgement lost, once."""
        bus.answer = panel
        panel(frame, now)
        return b""

    bus.answer = deaf
    show(bus, 2, body=("乙",))
    bus.run(0.01)
    assert panel.text(0x1100) == "乙"
    show(bus, 3, body=("甲",))
    bus.run(1.0)
    assert panel.text(0x1100) == "甲"
    assert bus.of(PageDrawn)[-1].token == 3


def test_a_power_cycled_panel_gets_everything_again() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(3.0)
    panel.power_cycle()
    cut = bus.now
    bus.run(2.5)
    assert panel.text(0x1000) == "温馨提示"
    assert panel.text(0x1100).startswith("今日停水")
    assert panel.page == 1
    assert bus.written[-1][0] - cut < 2.5
    assert [fact.token for fact in bus.of(PageDrawn)] == [1]


def test_lost_found_and_drawn_whole() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(1.0)
    panel.alive = False
    bus.run(10.0)
    assert bus.of(DeviceLost) == [DeviceLost("panel", "silent", "no answer")]
    show(bus, 2, title="新的")
    panel.power_cycle()
    panel.alive = True
    bus.run(3.0)
    assert len(bus.of(DeviceFound)) == 2
    assert panel.text(0x1000) == "新的"
    assert bus.of(PageDrawn)[-1].token == 2


def test_a_panel_that_acknowledges_nothing_is_wrong_and_says_why() -> None:
    panel = Panel()
    panel.acks = False
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(20.0)
    (lost,) = bus.of(DeviceLost)
    assert lost.reason == "wrong"
    assert "acknowledge" in lost.detail
    assert not bus.of(DeviceFound)
    assert not bus.of(PageDrawn)


def test_a_touch_in_between_is_no_answer() -> None:
    panel = Panel()
    panel.touched = bytes.fromhex("5A A5 06 83 11 00 01 00 07")
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(1.0)
    count = len(writes(bus))
    bus.run(10.0)
    assert len(writes(bus)) == count
    assert not bus.of(DeviceLost)
    assert len(bus.of(PageDrawn)) == 1


def test_tones_differ_and_overtake_the_page() -> None:
    bus = bus_of(Panel(), 9600)
    bus.open()
    bus.run(0.5)
    beeps = {}
    for tone in ("yes", "no", "warning"):
        show(bus, 1, title=tone, body=(tone,) * 8)
        bus.run(0.002)
        bus.written.clear()
        bus.session.order(SoundTone("panel", tone), bus.now)
        bus.run(1.0)
        places = [place for place, frame in enumerate(writes(bus)) if frame[4:6] == b"\x00\xa0"]
        assert places[0] <= 1
        beeps[tone] = writes(bus)[places[0]][6:]
    assert len(set(beeps.values())) == 3


def test_an_old_tone_is_not_sounded() -> None:
    panel = Panel()
    panel.alive = False
    bus = bus_of(panel)
    bus.open()
    bus.session.order(SoundTone("panel", "yes"), bus.now)
    bus.run(3.0)
    panel.alive = True
    bus.run(3.0)
    assert bus.of(DeviceFound)
    assert not [frame for frame in writes(bus) if frame[4:6] == b"\x00\xa0"]


def test_outputs_are_refused_and_a_loss_is_told_once() -> None:
    bus = bus_of(Panel())
    bus.session.closed(bus.now, "no such file")
    bus.session.closed(bus.now, "no such file")
    bus.session.order(SetOutput("panel", 1, True, 3, bus.now + 1), bus.now)
    bus.run(1.0)
    assert bus.facts == [DeviceLost("panel", "port", "no such file"), OrderFailed("panel", 3, "refused")]
