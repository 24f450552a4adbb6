"""The TJC panel's session in simulated time: drawing, light and sleep, touch, tones, options."""

from __future__ import annotations

import pytest

from drivers.display.tjc_layout import TjcLayout, TjcOptions
from drivers.reports import DeviceFoundReport, DeviceLostReport, KeyReport, PageReport, PlayTone
from tests.drivers.tjc_bench import END, KEYPAD, Panel, bus_of, drawing, show


def test_a_page_is_drawn_and_told() -> None:
    panel = Panel()
    bus = bus_of(panel)
    bus.open()
    show(bus, 4)
    bus.run(2.0)
    assert [type(fact) for fact in bus.facts] == [DeviceFoundReport, PageReport]
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
    assert bus.of(PageReport)


def test_only_what_changed_goes_on_the_wire() -> None:
    bus = bus_of(Panel())
    bus.open()
    show(bus, 1)
    bus.run(2.0)
    bus.written.clear()
    show(bus, 2)
    bus.run(0.5)
    assert drawing(bus) == []
    assert [fact.token for fact in bus.of(PageReport)] == [1, 2]
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


def test_touched_components_are_keys() -> None:
    bus = bus_of(Panel(), layout=KEYPAD)
    bus.open()
    bus.run(1.0)
    for touch in ("01 0B 01", "01 0B 00", "01 0C 00", "01 63 01", "01 15 01", "01 15 01", "01 14 01"):
        bus.session.receive(bytes.fromhex(f"65 {touch} FF FF FF"), bus.now)
    bus.run(0.1)
    pressed = bus.of(KeyReport)
    assert [fact.key for fact in pressed] == ["1", "2", "#", "#", "*"]
    assert "1" not in repr(pressed[0]).replace(repr(pressed[0].at), "")


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
    assert [fact.token for fact in bus.of(PageReport)] == [1]
    show(bus, 3, page="answer", body=("请进",))
    bus.run(2.0)
    assert not panel.asleep
    assert (panel.text("t1.txt"), panel.variables[b"dim"]) == ("请进", 90)
    assert bus.of(PageReport)[-1].token == 3
    panel.asleep = True
    bus.session.receive(b"\x86" + END, bus.now)
    show(bus, 4, page="idle", body=("14:06",))
    bus.run(1.0)
    panel.asleep = False
    bus.session.receive(b"\x87" + END, bus.now)
    bus.run(2.0)
    assert panel.text("t1.txt") == "14:06"
    assert not bus.of(DeviceLostReport)


def test_without_a_buzzer_or_too_late_no_tone() -> None:
    for options in ({}, {"buzzer": True}):
        panel = Panel()
        panel.alive = False
        bus = bus_of(panel, **options)
        bus.open()
        bus.session.order(PlayTone("panel", "yes"), bus.now)
        bus.run(3.0)
        panel.alive = True
        bus.run(3.0)
        assert bus.of(DeviceFoundReport)
        assert not [frame for _, frame in bus.written if frame.startswith(b"beep")]


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
        (
            {"layout": TjcLayout(page={"idle": "0", "notice": "256", "x": "1", "alarm": "a b"})},
            ["layout.page.answer", "layout.page.x", "layout.page.notice", "layout.page.alarm"],
        ),
        (
            {"layout": TjcLayout(keys={"1": 5, "A": 6, "2": 5, "3": 256})},
            ["layout.keys.A", "layout.keys.2", "layout.keys.3"],
        ),
        ({"layout": TjcLayout(body=("t1.txt",))}, ["layout.body"]),
        ({"columns": 80, "rows": 20}, ["layout.body"]),
        ({"layout": TjcLayout(title="", footer=""), "nonce": "va0.val", "charset": "utf-8"}, []),
    ],
)
def test_options_are_checked(options: dict, keys: list[str]) -> None:
    assert [key for key, _ in TjcOptions(**options).check()] == keys


def test_a_no_and_an_alarm_have_pages_of_their_own_or_the_answer_s() -> None:
    panel = Panel()
    bus = bus_of(panel, layout=TjcLayout(page={"idle": "0", "notice": "1", "answer": "2", "alarm": "fire"}))
    bus.open()
    for token, (page, there) in enumerate((("refused", b"2"), ("alarm", b"fire"), ("idle", b"0"), ("else", b"1")), 1):
        show(bus, token, page=page)
        bus.run(2.0)
        assert panel.page == there
    assert len(bus.of(PageReport)) == 4
