"""The panel against the worked frames of the vendor's articles and against libdgus as a second encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from dgus.display.communication.protocol import build_mask_switch_request, build_read_vp, build_write_vp

from simulator.box import Box, BoxSpec
from simulator.dwin_panel import Layout
from tests.simulator.host import Host
from tests.waiting import eventually

TEXT = "今日停水 8:00-12:00"
TITLE = "5A A5 18 82 10 00 BD F1 C8 D5 CD A3 CB AE 20 38 3A 30 30 2D 31 32 3A 30 30 FF FF"
OK = "5A A5 03 82 4F 4B"


def write(vp: int, text: str) -> bytes:
    return bytes(build_write_vp(vp, text.encode("gbk") + b"\xff\xff"))


def test_text_in_gbk_is_shown(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        assert host.ask(TITLE, 6) == OK
    assert box.panel.title == TEXT
    assert box.panel.page == "idle"


def test_pages_nonce_and_version(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        assert host.ask("5A A5 07 82 00 84 5A 01 00 01", 6) == OK
        assert box.panel.page == "notice"
        assert host.ask("5A A5 04 83 00 14 01", 9) == "5A A5 06 83 00 14 01 00 01"
        assert host.ask("5A A5 05 82 1F FE 12 34", 6) == OK
        assert host.ask("5A A5 04 83 1F FE 01", 9) == "5A A5 06 83 1F FE 01 12 34"
        box.panel.power_cycle()
        assert host.ask("5A A5 04 83 1F FE 01", 9) == "5A A5 06 83 1F FE 01 00 00"
        assert box.panel.page == "idle"
        assert host.ask("5A A5 04 83 00 0F 01", 9).startswith("5A A5 06 83 00 0F 01")


def test_crc_option(tmp_path: Path) -> None:
    with Box(tmp_path / "box", BoxSpec(panel_crc=True)) as box, Host(box.ports["screen"], 115200) as host:
        text = TITLE.replace("18", "1A", 1) + " 3D 05"
        assert host.ask(text, 8).startswith("5A A5 05 82 4F 4B")
        assert box.panel.title == TEXT
        assert host.ask("5A A5 09 82 00 84 5A 01 00 01 CB CE", 8) != ""
        assert host.ask("5A A5 06 83 00 14 01 E7 60", 11).startswith("5A A5 08 83 00 14 01 00 01")
        assert host.ask("5A A5 09 82 00 84 5A 01 00 02 CB CE", 1, 0.03) == ""
        assert host.ask("5A A5 07 82 00 84 5A 01 00 02", 1, 0.03) == ""
        assert box.panel.counts.crc_errors == 2
        assert box.panel.page == "notice"


def test_backlight_reset_clock_and_buzzer(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.ask("5A A5 05 82 00 82 64 14", 6)
        assert box.panel.backlight == 100
        host.ask("5A A5 0B 82 00 9C 5A A5 1A 0B 18 08 1E 00", 6)
        assert host.ask("5A A5 04 83 00 10 04", 15) == "5A A5 0C 83 00 10 04 1A 0B 18 00 08 1E 00 00"
        host.ask("5A A5 05 82 00 A0 00 7D", 6)
        assert [seconds for _, seconds in box.panel.tones] == [1.0]
        host.ask(TITLE, 6)
        host.ask("5A A5 07 82 00 04 55 AA 5A A5", 6)
        assert box.panel.title == ""


def test_old_characters_remain_without_an_end(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.ask(TITLE, 6)
        host.ask("5A A5 05 82 10 00 41 42", 6)
    assert box.panel.title == "AB日停水 8:00-12:00"


def test_half_a_character_is_a_fault_not_a_guess(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.ask("5A A5 07 82 10 00 BD FF FF FF", 6)
    assert "�" in box.panel.title
    assert box.panel.counts.text_faults


def test_body_of_several_lines_or_several_fields(tmp_path: Path) -> None:
    with Box(tmp_path / "one") as box, Host(box.ports["screen"], 115200) as host:
        host.write(write(0x1100, "第一行\r\n第二行"))
        eventually(lambda: box.panel.body == ("第一行", "第二行"))
    spec = BoxSpec(panel=Layout(line_words=0x20))
    with Box(tmp_path / "two", spec) as box, Host(box.ports["screen"], 115200) as host:
        host.write(write(0x1100, "第一行") + write(0x1120, "第二行"))
        eventually(lambda: box.panel.body == ("第一行", "第二行"))


def test_finds_its_frames_in_noise_and_drops_half_ones(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.write(b"\x5a\x00\xa5\x5a" + bytes.fromhex(TITLE))
        eventually(lambda: box.panel.title == TEXT)
        host.write(bytes.fromhex("5A A5 18 82 10 00"))
        eventually(lambda: box.panel.counts.junk_bytes == 10)
        host.write(write(0x1000, "后"))
        eventually(lambda: box.panel.title == "后")


def test_a_half_drawn_screen_is_seen_and_a_settled_one_is_not(box: Box) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(0x1000, "甲") + write(0x1100, "甲文"))
        eventually(lambda: box.panel.body == ("甲文",))
        assert [glimpse.screen.title for glimpse in box.panel.half_drawn] == ["甲"]
        eventually(lambda: box.panel.counts.frames == 2)
        box.panel.half_drawn.clear()
        host.read(12)

        def settled() -> bool:
            return host.read(1, box.panel.settle_s) == b""

        eventually(settled)
        # By way of a page without fields nothing half drawn is ever to be seen.
        host.write(bytes(build_mask_switch_request(9)))
        host.write(write(0x1000, "乙") + write(0x1100, "乙文"))
        host.write(bytes(build_mask_switch_request(1)))
        eventually(lambda: box.panel.page == "notice")
        assert box.panel.half_drawn == []
        assert str(box.panel.screen()) == "notice | 乙 | 乙文 | "


@pytest.mark.parametrize("text", ["", "A", "今", "今日停水", "，。《》12号楼2单元", "a今b日c", "x" * 200])
def test_what_libdgus_writes_is_read(box: Box, text: str) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(0x1100, text))
        assert host.read(6) == bytes.fromhex(OK)
        assert "\n".join(box.panel.body) == text
        request = bytes(build_read_vp(0x1100, 4))
        host.write(request)
        assert host.read(15)[7:] == (text.encode("gbk") + b"\xff\xff" + bytes(8))[:8]
    assert not box.panel.counts.text_faults


@pytest.mark.parametrize(
    ("drawing", "half"),
    [
        # as (title, body) in the order they come; what is not named stays
        ([("乙", None), (None, "乙文")], True),  # the new title over the old body
        ([(None, "乙文"), ("乙", None)], True),  # the new body under the old title
        ([("", None), (None, "乙文"), ("乙", None)], False),  # by way of an empty title
        ([("", None), (None, ""), ("乙", None), (None, "乙文")], True),  # a title over nothing, then its body
        ([("", None), (None, "乙"), ("乙", None), (None, "乙文")], True),  # over a part of its body
        ([(None, "二"), (None, "三")], False),  # the body of one page changes twice
        ([(None, "二"), (None, "二\r\n三")], False),  # and gets a line more
    ],
)
def test_what_counts_as_half_drawn(box: Box, drawing: list[tuple[str | None, str | None]], half: bool) -> None:
    with Host(box.ports["screen"], 115200) as host:
        host.ask(write(0x1100, "甲文").hex(), 6)
        host.ask(write(0x1000, "甲").hex(), 6)
        assert host.read(1, box.panel.settle_s + 0.02) == b""
        for title, body in drawing:
            for vp, text in ((0x1000, title), (0x1100, body)):
                if text is not None:
                    host.ask(write(vp, text).hex(), 6)
        host.ask(write(0x1800, "终").hex(), 6)
    assert bool(box.panel.half_drawn) == half
