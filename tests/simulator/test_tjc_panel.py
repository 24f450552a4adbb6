"""The TJC panel against the published instructions, and against nextion-tools' display asked the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nextion_tools.emu import Display, Pty

from simulator.box import Box, BoxSpec
from simulator.tjc_panel import TjcProject
from tests.simulator.host import Host
from tests.waiting import eventually

END = "FF FF FF"
OK = "01 FF FF FF"
TEXT_GBK = "74 30 2E 74 78 74 3D 22 BD F1 C8 D5 CD A3 CB AE 20 38 3A 30 30 2D 31 32 3A 30 30 22 FF FF FF"
TEXT_UTF8 = "74 30 2E 74 78 74 3D 22 E4 BB 8A E6 97 A5 E5 81 9C E6 B0 B4 20 38 3A 30 30 2D 31 32 3A 30 30 22 FF FF FF"
TEXT = "今日停水 8:00-12:00"


def said(text: str, charset: str = "gbk") -> str:
    return (text.encode(charset) + b"\xff\xff\xff").hex()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "box", BoxSpec(panel=TjcProject(redraw_s=0.05))) as box:
        yield box


@pytest.fixture
def host(box: Box) -> Iterator[Host]:
    with Host(box.ports["screen"], 115200) as host:
        host.ask(said("bkcmd=3"), 4)
        yield host


def test_text_in_gbk_is_shown(box: Box, host: Host) -> None:
    assert host.ask(TEXT_GBK, 4) == OK
    assert box.panel.title == TEXT
    assert box.panel.counts.text_faults == []


def test_text_in_utf_8_is_shown_where_the_project_wants_it(tmp_path: Path) -> None:
    spec = BoxSpec(panel=TjcProject(charset="utf-8"))
    with Box(tmp_path / "box", spec) as box, Host(box.ports["screen"], 115200) as host:
        host.write(bytes.fromhex(TEXT_UTF8))
        eventually(lambda: box.panel.title == TEXT)


def test_the_wrong_charset_is_a_fault_not_a_guess(box: Box, host: Host) -> None:
    host.ask(said('t0.txt="停"', "utf-8"), 4)
    assert box.panel.counts.text_faults
    assert box.panel.title != "停"


def test_answers_by_bkcmd(box: Box, host: Host) -> None:
    assert host.ask(said('t9.txt="x"'), 4) == "1A " + END
    assert host.ask(said("nonsense"), 4) == "1A " + END
    host.ask(said("bkcmd=2"), 1, 0.03)
    assert host.ask(said("dim=50"), 1, 0.03) == ""
    assert host.ask(said("nonsense"), 4) == "1A " + END
    assert box.panel.light == 50
    box.panel.power_cycle()
    assert host.read(10).hex(" ").upper() == f"00 00 00 {END} 88 {END}"
    assert box.panel.light == 100


def test_a_backslash_within_a_character_ends_it_unless_it_is_escaped(box: Box, host: Host) -> None:
    assert host.ask(said('t0.txt="誠信"'), 4) == "20 " + END
    assert host.ask("74 30 2E 74 78 74 3D 22 D5 5C 5C D0 C5 22 FF FF FF", 4) == OK
    assert box.panel.title == "誠信"
    assert host.ask(said('t1.txt="a\\rb\\"c\\\\d"'), 4) == OK
    assert box.panel.body == ("a", 'b"c\\d')
    assert host.ask(said('t1.txt="a"b"'), 4) == "20 " + END


def test_numbers_pages_and_the_model(box: Box, host: Host) -> None:
    assert host.ask(said("get sys0"), 8) == f"71 00 00 00 00 {END}"
    host.ask(said("sys0=65793"), 4)
    assert host.ask(said("get sys0"), 8) == f"71 01 01 01 00 {END}"
    host.ask(TEXT_GBK, 4)
    assert host.ask(said("get t0.txt"), 23)[:2] == "70"
    assert host.ask(said("page 1"), 4) == OK
    assert host.ask(said("sendme"), 5) == f"66 01 {END}"
    assert (box.panel.page, box.panel.title) == ("notice", "")
    assert host.ask(said("page idle"), 4) == OK
    assert host.ask(said("page 7"), 4) == "1A " + END
    assert host.ask(said("connect"), 70).startswith("63 6F 6D 6F 6B 20")


def test_a_page_change_holds_what_follows_and_too_much_is_lost(box: Box, host: Host) -> None:
    host.write(bytes.fromhex(said("page 1")) + bytes.fromhex(said('t0.txt="A"')) * 200)
    heard = host.read(2000, 0.4)
    assert heard.count(b"\x01\xff\xff\xff") < 150
    assert heard.endswith(b"\x24\xff\xff\xff")
    assert box.panel.title == "A"


def test_touch_sleep_and_tone(box: Box, host: Host) -> None:
    box.touch("3")
    assert host.read(14).hex(" ").upper() == f"65 00 0D 01 {END} 65 00 0D 00 {END}"
    host.ask(said("beep 120"), 4)
    assert [seconds for _, seconds in box.panel.tones] == [0.12]
    host.ask(said("sleep=1"), 4)
    assert box.panel.light == 0
    assert host.ask(TEXT_GBK, 4) == "1A " + END
    host.ask(said("sleep=0"), 4)
    assert host.ask(TEXT_GBK, 4) == OK


@pytest.mark.parametrize(
    "words",
    ["page 1", "get sys2", "sys2=7", "dim=40", 't0.txt="Open"', "bkcmd=3", "nonsense", "beep 60", "sleep=0", ""],
)
def test_it_answers_as_nextion_tools_does(box: Box, host: Host, words: str) -> None:
    pty = Pty()
    display = Display(pty)
    try:
        with Host(Path(pty.path), 115200) as other:
            other.ask(said("bkcmd=3"), 4)
            assert host.ask(said(words), 8, 0.05) == other.ask(said(words), 8, 0.05)
    finally:
        display.close()
