"""The TJC panel's session in simulated time: drawing, acknowledgements, what a project lacks, silence, power cuts, sleep, touch, tones."""

from __future__ import annotations

import pytest

from drivers.display.tjc import TjcPanel
from drivers.display.tjc_layout import TjcLayout, TjcOptions
from drivers.facts import DeviceFound, DeviceLost, DrawPage, KeyPressed, OrderFailed, PageDrawn, SetOutput, SoundTone
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


def test_a_page_is_drawn_and_told() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 4)
    bus.run(2.0)
    assert [type(fact) for fact in bus.facts] == [DeviceFound, PageDrawn]
    assert bus.facts[0].detail == "TJC4832T035_011R"
    assert panel.page == b"1"
    assert panel.text("t0.txt") == "温馨提示"
    assert panel.text("t1.txt") == "今日停水\r\n8:00-12:00"
    assert panel.text("t2.txt") == "12号楼"


def test_every_instruction_waits_for_the_answer_to_the_one_before() -> None:
    panel = Panel()
    bus = bus_of(panel, 9600)
    bus.open()
    show(bus, 1, body=("一" * 10,) * 8)
    bus.run(3.0)
    times = [at for at, _ in bus.written]
    for (at, frame), then in zip(bus.written[:-1], times[1:], strict=True):
        assert then - at > len(frame) * 10 / 9600
        assert len(frame) < 1000
    assert bus.of(PageDrawn)


def test_only_what_changed_goes_on_the_wire() -> None:
    bus = bus_of(Panel())
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    bus.written.clear()
    show(bus, 2)
    bus.run(0.5)
    assert drawing(bus) == []
    assert [fact.token for fact in bus.of(PageDrawn)] == [1, 2]
    show(bus, 3, body=("今日停水", "9:00"))
    bus.run(0.5)
    assert drawing(bus) == ['t1.txt="今日停水\\r9:00"'.encode("gbk")]


def test_where_several_lines_change_the_title_goes_first_and_comes_last() -> None:
    panel = Panel()
    bus = bus_of(panel, layout=TjcLayout(title="t0.txt", body=("t1.txt", "t2.txt"), footer=""), rows=2)
    bus.open()
    show(bus, 1, body=("甲", "乙"))
    bus.run(2.0)
    bus.written.clear()
    show(bus, 2, body=("丙", "丁"))
    bus.run(1.0)
    names = [write.split(b"=")[0] for write in drawing(bus)]
    assert names == [b"t0.txt", b"t1.txt", b"t2.txt", b"t0.txt"]
    bus.written.clear()
    show(bus, 3, body=("丙", "戊"))
    bus.run(1.0)
    assert drawing(bus) == ['t2.txt="戊"'.encode("gbk")]


def test_the_newest_page_wins_in_the_midst_of_drawing() -> None:
    panel = Panel()
    bus = bus_of(panel, 9600)
    bus.open()
    bus.run(0.5)
    for token in range(1, 30):
        show(bus, token, title=f"第{token}", body=(f"条{token}",))
        bus.run(0.012)
    bus.run(2.0)
    assert panel.text("t0.txt") == "第29"
    assert bus.of(PageDrawn)[-1].token == 29
    assert len(bus.of(PageDrawn)) < 15


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_is_waited_for_and_said_again(lost: int) -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    bus.run(0.5)
    for token in range(1, 12):
        show(bus, token, title=f"第{token}", page="notice" if token % 2 else "answer")
        bus.run(token / 1000)
        panel.lose_next = lost
        bus.run(0.002)
        bus.run(6.0)
        assert bus.of(PageDrawn)[-1].token == token
        assert panel.text("t0.txt") == f"第{token}"
        panel.lose_next = 0
    assert not bus.of(DeviceLost)


def test_what_was_not_acknowledged_is_not_taken_as_it_was() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1, body=("甲",))
    bus.run(2.0)
    panel.lose_next = 1
    show(bus, 2, body=("乙",))
    bus.run(0.01)
    assert panel.text("t1.txt") == "乙"
    show(bus, 3, body=("甲",))
    bus.run(1.0)
    assert panel.text("t1.txt") == "甲"
    assert bus.of(PageDrawn)[-1].token == 3


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
    assert [fact.token for fact in bus.of(PageDrawn)] == [1]
    assert len(bus.of(DeviceFound)) == 1


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
    assert bus.of(PageDrawn)[-1].token == 2
    assert not bus.of(DeviceLost)


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
    assert [fact.reason for fact in bus.of(DeviceLost)] == ["wrong"]
    assert not bus.of(PageDrawn)


def test_lost_found_and_drawn_whole() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    panel.alive = False
    bus.run(10.0)
    assert bus.of(DeviceLost) == [DeviceLost("panel", "silent", "no answer")]
    show(bus, 2, title="新的")
    panel.power_cycle()
    panel.alive = True
    bus.run(4.0)
    assert len(bus.of(DeviceFound)) == 2
    assert panel.text("t0.txt") == "新的"
    assert bus.of(PageDrawn)[-1].token == 2


def test_a_display_without_title_footer_or_page_shows_less() -> None:
    panel = Panel()
    panel.lacks = {b"t0.txt", b"t2.txt", b"page 2"}
    bus = bus_of(panel)
    bus.open()
    show(bus, 1, page="answer")
    bus.run(4.0)
    assert panel.page == b"1"
    assert panel.text("t1.txt") == "今日停水\r\n8:00-12:00"
    assert [fact.token for fact in bus.of(PageDrawn)] == [1]
    assert not bus.of(DeviceLost)
    warnings = " ".join(fact.detail for fact in bus.of(DeviceFound)[1:])
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
    (lost,) = bus.of(DeviceLost)
    assert (lost.reason, lost.detail) == (
        "wrong",
        "its project has no t1.txt on page 1 (answer 1A, no such component or variable)",
    )
    assert not bus.of(PageDrawn)
    panel.lacks.clear()
    bus.run(70.0)
    assert bus.of(PageDrawn)
    assert isinstance(bus.facts[-2], DeviceFound)


def test_one_refusal_is_noise() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    bus.run(1.0)
    panel.lacks = {b"t1.txt"}
    show(bus, 1, page="idle")
    bus.at(bus.now + 0.03, panel.lacks.clear)
    bus.run(1.0)
    assert bus.of(PageDrawn)
    assert not bus.of(DeviceLost)


def test_touched_components_are_keys() -> None:
    bus = bus_of(Panel(), layout=KEYPAD)
    bus.open()
    bus.run(1.0)
    for touch in ("01 0B 01", "01 0B 00", "01 0C 00", "01 63 01", "01 15 01", "01 15 01", "01 14 01"):
        bus.session.receive(bytes.fromhex(f"65 {touch} FF FF FF"), bus.now)
    bus.run(0.1)
    pressed = bus.of(KeyPressed)
    assert [fact.key for fact in pressed] == ["1", "2", "#", "#", "*"]
    assert "1" not in repr(pressed[0]).replace(repr(pressed[0].at), "")


def test_a_touch_in_between_is_no_answer() -> None:
    panel = Panel()
    bus = Bus(
        TjcPanel([("panel", TjcOptions(layout=KEYPAD))], 115200),
        lambda frame, now: bytes.fromhex("65 00 01 01 FF FF FF") + panel(frame, now),
        115200,
    )
    bus.open()
    show(bus, 1)
    bus.run(10.0)
    assert not bus.of(DeviceLost)
    assert len(bus.of(PageDrawn)) == 1


def test_light_and_sleep() -> None:
    panel = Panel()
    bus = bus_of(panel, dim=90, dim_idle=20, sleep_s=60)
    bus.open()
    show(bus, 1, page="idle")
    bus.run(2.0)
    assert (panel.variables[b"dim"], panel.variables[b"thsp"], panel.variables[b"thup"]) == (20, 60, 1)
    panel.asleep = True
    bus.session.receive(b"\x86" + END, bus.now)
    show(bus, 2, page="idle", body=("14:05",))
    bus.run(5.0)
    assert panel.asleep
    assert [fact.token for fact in bus.of(PageDrawn)] == [1]
    show(bus, 3, page="answer", body=("请进",))
    bus.run(2.0)
    assert not panel.asleep
    assert (panel.text("t1.txt"), panel.variables[b"dim"]) == ("请进", 90)
    assert bus.of(PageDrawn)[-1].token == 3
    panel.asleep = True
    bus.session.receive(b"\x86" + END, bus.now)
    show(bus, 4, page="idle", body=("14:06",))
    bus.run(1.0)
    panel.asleep = False
    bus.session.receive(b"\x87" + END, bus.now)
    bus.run(2.0)
    assert panel.text("t1.txt") == "14:06"
    assert not bus.of(DeviceLost)


def test_tones_differ_and_overtake_the_page() -> None:
    bus = bus_of(Panel(), 9600, buzzer=True)
    bus.open()
    bus.run(0.5)
    beeps = set()
    for tone in ("yes", "no", "warning"):
        show(bus, 1, title=tone, body=(tone,) * 8)
        bus.run(0.002)
        bus.written.clear()
        bus.session.order(SoundTone("panel", tone), bus.now)
        bus.run(1.5)
        places = [place for place, (_, frame) in enumerate(bus.written) if frame.startswith(b"beep")]
        assert places[0] <= 1
        beeps.add(bus.written[places[0]][1])
    assert len(beeps) == 3


def test_without_a_buzzer_or_too_late_no_tone() -> None:
    for options in ({}, {"buzzer": True}):
        panel = Panel()
        panel.alive = False
        bus = bus_of(panel, **options)
        bus.open()
        bus.session.order(SoundTone("panel", "yes"), bus.now)
        bus.run(3.0)
        panel.alive = True
        bus.run(3.0)
        assert bus.of(DeviceFound)
        assert not [frame for _, frame in bus.written if frame.startswith(b"beep")]


def test_outputs_are_refused_and_a_loss_is_told_once() -> None:
    bus = bus_of(Panel())
    bus.session.closed(bus.now, "no such file")
    bus.session.closed(bus.now, "no such file")
    bus.session.order(SetOutput("panel", 1, True, 3, bus.now + 1), bus.now)
    bus.run(1.0)
    assert bus.facts == [DeviceLost("panel", "port", "no such file"), OrderFailed("panel", 3, "refused")]


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"columns": 7, "rows": 0}, ["columns", "rows"]),
        ({"charset": "big5", "escape": "none"}, ["charset", "escape"]),
        ({"nonce": "t0.txt", "dim": 101, "dim_idle": -1, "sleep_s": 2}, ["nonce", "dim", "dim_idle", "sleep_s"]),
        (
            {"layout": TjcLayout(title="t0", body=(), footer="a b.txt")},
            ["layout.title", "layout.footer", "layout.body"],
        ),
        ({"layout": TjcLayout(footer="t0.txt")}, ["layout.footer"]),
        ({"layout": TjcLayout(page={"idle": "0", "notice": "256", "x": "1"})}, None),
        (
            {"layout": TjcLayout(keys={"1": 5, "A": 6, "2": 5, "3": 256})},
            ["layout.keys.A", "layout.keys.2", "layout.keys.3"],
        ),
        ({"layout": TjcLayout(body=("t1.txt",))}, ["layout.body"]),
        ({"columns": 80, "rows": 20}, ["layout.body"]),
        ({"layout": TjcLayout(title="", footer=""), "nonce": "va0.val", "charset": "utf-8"}, []),
    ],
)
def test_options_are_checked(options: dict, keys: list[str] | None) -> None:
    found = [key for key, _ in TjcOptions(**options).check()]
    expected = keys if keys is not None else ["layout.page.answer", "layout.page.notice", "layout.page.x"]
    assert found == expected
