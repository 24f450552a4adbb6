"""A DWIN panel in simulated time, written from the protocol: enough of one for the session's tests."""

from __future__ import annotations

from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.reports import DrawPage
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
            if vp == 0x0014:
                data = self.page.to_bytes(2, "big")
            return self.frame(body[:4] + data)
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
