"""A simulated panel with a project's files: initial values, what is to be read and seen, keys, power cuts and absurd writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.dwin_panel import DwinPanel
from simulator.dwin_set.folder import read_folder
from simulator.dwin_set.project import DwinProject
from simulator.wiring import hardware_yaml
from tests.architecture import ROOT
from tests.simulator import dwin_folder as made
from tests.simulator.host import Host
from tests.waiting import eventually

PARTS = {
    "title": (range(made.TITLE, made.TITLE + 16),),
    "body": (range(made.BODY, made.BODY + 16),),
    "large": (range(made.LARGE, made.LARGE + 8),),
}


def project(folder: Path, **changed: bytes | None) -> DwinProject:
    names = {"cfg": "T5LCFG.CFG", "touches": "13TouchFile.bin"}
    read = read_folder(made.write(folder, {names[name]: data for name, data in changed.items()}))
    return DwinProject(read, PARTS, {0: "idle", 1: "question"}, {"design": "160x96"})


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "box", BoxSpec(panel=project(tmp_path / "DWIN_SET"))) as box:
        yield box


def panel_of(box: Box) -> DwinPanel:
    assert isinstance(box.panel, DwinPanel)
    return box.panel


def write(vp: int, data: bytes) -> bytes:
    return b"\x5a\xa5" + bytes([3 + len(data), 0x82]) + vp.to_bytes(2, "big") + data


def page(number: int) -> bytes:
    return write(0x84, b"\x5a\x01" + number.to_bytes(2, "big"))


def test_it_starts_with_its_initial_values_and_comes_back_with_them(box: Box) -> None:
    panel = panel_of(box)
    assert (panel.page, panel.title, panel.body) == ("idle", "停水", ())
    first = panel.pixels().tobytes()
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(made.TITLE, "门已开".encode("gbk") + b"\xff\xff") + page(1))
        eventually(lambda: panel.page == "question")
        assert panel.title == "门已开"
        assert panel.pixels().tobytes() != first
        panel.power_cycle()
    assert (panel.page, panel.title) == ("idle", "停水")
    assert panel.pixels().tobytes() == first


def test_parts_are_read_from_the_fields_of_the_page(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(made.BODY, "水A ".encode("gbk") + b"\xff\xff\xff") + write(made.LARGE, b"8:01\xff\xff"))
        eventually(lambda: panel.body == ("水A",))
        eventually(lambda: panel.screen().further == (("large", "8:01"),))
        assert panel.text == "停水\n水A\n8:01\n"
        host.write(page(1))
        eventually(lambda: panel.page == "question")
    assert panel.body == ()
    assert panel.screen().further == ()


def test_a_page_without_fields_and_one_that_is_not_there(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(page(0xFFFF))
        eventually(lambda: panel.page == "65535")
    assert panel.text == "\n"
    assert panel.drawn().faults == ("page 65535: there is no picture 65535 in 48",)


def test_what_is_not_sound_in_its_charset_is_a_fault(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(made.TITLE, b"\xbd\xff\xff\xff"))
        eventually(lambda: "�" in panel.title)
    assert panel.counts.text_faults == ["VP 5000: bd ff ff ff ff ff" + 18 * " 00"]


def test_a_frame_is_counted_when_what_is_shown_changes_and_only_then(box: Box) -> None:
    panel = panel_of(box)
    picture, frame = panel.pixels(), panel.frame
    with Host(box.ports["screen"], 115200) as host:
        for unseen in (write(0x5FFE, b"\x12\x34"), write(made.TITLE, "停水".encode("gbk")), write(0x82, b"\x64\x14")):
            host.write(unseen)
        assert len(host.read(18)) == 18
        assert panel.frame == frame
        assert panel.pixels() is picture
        host.write(write(made.BODY, b"AA"))
        assert len(host.read(6)) == 6
    assert panel.frame == frame + 1
    assert panel.pixels() is not picture


def test_a_description_may_be_changed_until_the_page_is_shown_anew(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(page(1))
        eventually(lambda: panel.page == "question")
        before, frame = panel.pixels().tobytes(), panel.frame
        host.write(write(made.TITLE_SP + 3, made.YELLOW.to_bytes(2, "big")))
        eventually(lambda: panel.frame > frame)
        assert panel.pixels().tobytes() != before
        host.write(page(1) + write(made.KEY, b"\0\0"))
        eventually(lambda: panel.pixels().tobytes() == before)


def test_a_key_uploads_its_code_and_may_turn_the_page(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        assert panel.touch(5, 5)
        assert host.read(9).hex(" ").upper() == "5A A5 06 83 5F F4 01 00 20"
        host.write(page(1))
        assert len(host.read(6)) == 6
        assert not panel.touch(5, 5)
        assert panel.touch(79, 95)
        assert host.read(9).hex(" ").upper() == "5A A5 06 83 5F F4 01 00 31"
        assert host.ask("5A A5 04 83 5F F4 01", 9) == "5A A5 06 83 5F F4 01 00 31"
        box.touch("#")
        assert host.read(9).hex(" ").upper() == "5A A5 06 83 5F F4 01 00 23"
        assert panel.page == "idle"
        assert not panel.press("1")
        assert host.read(1, 0.05) == b""


def test_a_key_below_another_is_not_reached(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(page(1))
        assert len(host.read(6)) == 6
        assert panel.press("9")
        assert host.read(9)[-1] in b"1#"


@pytest.mark.parametrize(
    ("cfg", "code", "mode", "heard"),
    [
        (0x20, 0xFE05, 0, ""),
        (0x30, 0xFD05, 0, ""),
        (0x30, 0xFE05, 1, "5A A5 06 83 5F F4 01 31 FF"),
        (0x30, 0xFE05, 2, "5A A5 06 83 5F F4 01 FF 31"),
        (0xB0, 0xFE05, 2, "5A A5 08 83 5F F4 01 FF 31"),
    ],
)
def test_how_a_key_is_told(tmp_path: Path, cfg: int, code: int, mode: int, heard: str) -> None:
    touches = made.key(0, (0, 0, 9, 9), 0x31, code=code, mode=mode) + b"\xff\xff"
    files = project(tmp_path / "DWIN_SET", cfg=made.settings(cfg), touches=touches)
    with Box(tmp_path / "box", BoxSpec(panel=files)) as box, Host(box.ports["screen"], 115200) as host:
        panel = panel_of(box)
        if cfg < 0x80:
            host.write(write(made.KEY, b"\xff\xff"))
            assert len(host.read(6)) == 6
        else:
            body = bytes.fromhex("82 5F F4 FF FF")
            host.write(bytes.fromhex("5A A5 07") + body + made.crc(body))
            assert len(host.read(8)) == 8
        assert panel.touch(0, 0)
        assert host.read(9, 0.1).hex(" ").upper() == heard


def test_writes_at_the_end_of_the_memory_are_taken(box: Box) -> None:
    panel = panel_of(box)
    with Host(box.ports["screen"], 115200) as host:
        host.write(write(0xFFFF, b"\x11\x22\x33\x44") + write(made.BODY, b"A\xff\xff\xff"))
        eventually(lambda: panel.body == ("A",))
        assert host.read(12).count(b"OK") == 2
        assert host.ask("5A A5 04 83 FF FF 01", 9) == "5A A5 06 83 FF FF 01 11 22"
    assert panel.pixels().size == (made.WIDE, made.HIGH)


def test_the_configuration_tells_of_the_design(box: Box) -> None:
    assert "panel: {driver: dwin, port: screen, layout: {design: 160x96}}" in hardware_yaml(box)


def test_a_project_is_made_from_a_plain_table(tmp_path: Path) -> None:
    folder = project(tmp_path / "DWIN_SET").folder
    table = {
        "parts": {"title": [[made.TITLE, made.TITLE + 16]]},
        "pages": {"0": "idle"},
        "layout": {"design": "160x96"},
    }
    made_of = DwinProject.of(folder, table)
    assert made_of.screen(folder.memory(), 0, []).title == "停水"
    assert (made_of.pages, made_of.layout) == ({0: "idle"}, {"design": "160x96"})
    for wrong in ({}, {**table, "parts": {"title": 3}}, {**table, "pages": {"one": "idle"}}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            DwinProject.of(folder, wrong)


def test_only_pixels_need_pillow(tmp_path: Path) -> None:
    made.write(tmp_path / "DWIN_SET")
    script = (
        "import sys; sys.modules['PIL'] = None\n"
        "from pathlib import Path\n"
        "from simulator.box import Box, BoxSpec\n"
        "from simulator.dwin_set.folder import read_folder\n"
        "from simulator.dwin_set.project import DwinProject\n"
        "files = DwinProject(read_folder(Path(sys.argv[1])), {'title': (range(0x5000, 0x5010),)}, {0: 'idle'})\n"
        "box = Box(Path(sys.argv[2]), BoxSpec(panel=files))\n"
        "print(box.panel.title.encode('gbk').hex())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "DWIN_SET"), str(tmp_path / "box")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert bytes.fromhex(said.stdout.strip()).decode("gbk") == "停水"
