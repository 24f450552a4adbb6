"""A TJC panel in simulated time, written from the instruction set: enough of one for the session's tests."""

from __future__ import annotations

from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcLayout, TjcOptions
from drivers.reports import DrawPage
from tests.drivers.bus import Bus

END = b"\xff\xff\xff"
KEYPAD = TjcLayout(keys={"1": 11, "2": 12, "*": 20, "#": 21})


class Panel:
    """Pages of texts that are empty when a page is shown, variables, acknowledgements by bkcmd. GBK."""

    def __init__(self) -> None:
        self.alive = True
        self.lose_next = 0
        self.lacks: set[bytes] = set()
        self.boots_with = b""
        self.told: list[bytes] = []
        self.power_cycle()

    def power_cycle(self) -> None:
        self.bkcmd = 2
        self.page = b"0"
        self.texts: dict[bytes, bytes] = {}
        self.variables: dict[bytes, int] = {}
        self.asleep = False

    def text(self, name: str) -> str:
        return self.texts.get(name.encode(), b"").decode("gbk")

    def __call__(self, frame: bytes, now: float) -> bytes:
        assert frame.endswith(END)
        answers = b"".join(self.one(part) for part in frame[:-3].split(END))
        if not self.alive:
            return b""
        if self.lose_next and b"get " not in frame:
            self.lose_next -= 1
            return b""
        return answers

    def one(self, said: bytes) -> bytes:
        if not self.alive:
            return b""
        self.told.append(said)
        if said == b"connect":
            return b"comok 1,101-0,TJC4832T035_011R,52,61488,D264B8204F0E1828,16777216" + END
        if said.startswith(b"get "):
            return b"q" + self.variables.get(said[4:], 0).to_bytes(4, "little") + END
        if self.asleep and said != b"sleep=0":
            return b""
        good = self.carry_out(said)
        if good:
            return b"\x01" + END if self.bkcmd in (1, 3) else b""
        return b"\x1a" + END if self.bkcmd in (2, 3) else b""

    def carry_out(self, said: bytes) -> bool:
        name, _, value = said.partition(b"=")
        if said in self.lacks or name in self.lacks:
            return False
        if said.startswith(b"page "):
            self.page = said[5:]
            self.texts.clear()
        elif name.endswith(b".txt"):
            assert value[:1] == value[-1:] == b'"'
            self.texts[name] = value[1:-1].replace(b"\\r", b"\r\n").replace(b'\\"', b'"').replace(b"\\\\", b"\\")
        elif name == b"bkcmd":
            self.bkcmd = int(value)
        elif name == b"sleep":
            self.asleep = value == b"1"
        elif value.isdigit():
            self.variables[name] = int(value)
        elif not said.startswith(b"beep "):
            return False
        return True


def bus_of(panel: Panel, baud: int = 115200, **options) -> Bus:
    return Bus(TjcPanel([("panel", TjcOptions(**options))], baud), panel, baud)


def show(
    bus: Bus,
    token: int,
    title: str = "温馨提示",
    body: tuple[str, ...] = ("今日停水", "8:00-12:00"),
    page: str = "notice",
    footer: str = "12号楼",
) -> None:
    bus.session.order(DrawPage("panel", token, page, title, body, footer), bus.now)


def drawing(bus: Bus) -> list[bytes]:
    return [frame[:-3] for _, frame in bus.written if b".txt=" in frame or frame.startswith(b"page ")]
