"""The reader of a DWIN project's files: fixtures made by hand come back byte for byte, damaged ones are refused with a reason."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from simulator.dwin_set.folder import PanelSettings, parse_settings, read_folder, slot_faults
from simulator.dwin_set.fonts import ALL_SIZES, GB2312, GBK, UNICODE, Fonts
from simulator.dwin_set.pictures import crc16, parse_library
from simulator.dwin_set.show_file import TEXT, parse_show_file, text_field
from simulator.dwin_set.touch_file import parse_touch_file
from tests.simulator import dwin_folder as made


def test_a_display_file_comes_back_byte_for_byte() -> None:
    data = made.show_file([made.PAGES[0], (), made.PAGES[2]])
    show = parse_show_file(data)
    assert show.highest == 2
    assert set(show.pages) == {0, 2}
    assert show.encode() == data
    field = text_field(show.page(0)[0].description)
    assert (field.vp, field.left, field.bottom, field.align, field.charset) == (made.TITLE, 8, 23, 2, GBK)
    for record in (*show.page(0), *show.page(2)):
        if record.kind == TEXT:
            assert text_field(record.description).encode() == record.description


@pytest.mark.parametrize(
    ("at", "byte", "said"),
    [
        (0, 0x13, "not a display file"),
        (0x10 + 4 * 1 + 3, 1, "page 1 begins"),
        (0x4000, 0x5B, "no record at 4000"),
        (-1, 0, "behind the last record"),
        (0x10, 0xFF, "no record at"),
    ],
)
def test_a_damaged_display_file_is_refused(at: int, byte: int, said: str) -> None:
    data = bytearray(made.show_file(made.PAGES))
    data[at] = byte
    with pytest.raises(ValueError, match=said):
        parse_show_file(bytes(data))


def test_a_touch_file_comes_back_byte_for_byte() -> None:
    plain = bytes.fromhex("04 01 0001 0002 0003 0004 0007 FF00 0031")
    popup = bytes.fromhex("00 02 0001 0002 0003 0004 FF00 FF00 FE01") + (b"\xfe" + bytes(15)) * 2
    data = b"".join(made.TOUCHES) + plain + popup + b"\xff\xff"
    touches = parse_touch_file(data)
    assert touches.encode() == data
    assert [len(touches.page(page)) for page in (0, 1, 2)] == [1, 4, 1]
    one = touches.page(1)[0]
    assert (one.vp, one.value, one.function, one.uploads, one.at(79, 95), one.at(80, 95)) == (
        made.KEY,
        0x31,
        5,
        True,
        True,
        False,
    )
    assert touches.page(1)[3].function is None
    assert touches.page(1)[3].next_page == 7
    assert parse_touch_file(b"\xff\xff").touches == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends in a record"),
        (b"".join(made.TOUCHES), "ends in a record"),
        (made.TOUCHES[0] + b"\xff\xff\x00", "1 bytes behind"),
        (made.key(0, (0, 0, 1, 1), 1, code=0xFE44) + b"\xff\xff", "unknown function FE44"),
        (made.TOUCHES[0][:16] + bytes(16) + b"\xff\xff", "does not begin with FE"),
    ],
)
def test_a_damaged_touch_file_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_touch_file(data)


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
@pytest.mark.parametrize("count", [None, 2, 77])
def test_a_library_comes_back_byte_for_byte(fill: bytes, count: int | None) -> None:
    sizes = [(16 + each, 8) for each in range(5)]
    pictures = [(size, made.jpeg((each * 40, 0, 0), size)) for each, size in enumerate(sizes)]
    data = made.library([pictures[0], None, *pictures[1:]], fill=fill, count=count)
    found = parse_library(data)
    assert found.encode() == data
    assert set(found.pictures) == {0, 2, 3, 4, 5}
    for number, picture in found.pictures.items():
        image = Image.open(io.BytesIO(picture.jpeg))
        assert image.size == (picture.width, picture.height) == sizes[max(0, number - 1)]
        assert picture.jpeg == pictures[max(0, number - 1)][1]


def test_a_damaged_library_is_refused_and_never_more_than_that() -> None:
    good = made.library([((16, 16), made.jpeg((1, 2, 3), (16, 16)))])
    for at in (0, 8, 12, 15, 40):
        data = bytearray(good)
        data[at] ^= 0x55
        with pytest.raises(ValueError):
            parse_library(bytes(data))
    chance = random.Random(10)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(3):
            data[chance.randrange(12, 60)] = chance.randrange(256)
        data[6:8] = made.crc(bytes(data[8:]))
        try:
            parse_library(bytes(data)).encode()
        except ValueError:
            continue
    for size in range(0, len(good), 7):
        with pytest.raises(ValueError):
            parse_library(good[:size])


@pytest.mark.parametrize("data", [b"", b"1", b"123456789", bytes(1000)])
def test_the_checksum_is_modbus(data: bytes) -> None:
    assert crc16(data).to_bytes(2, "little") == made.crc(data)
    assert crc16(b"123456789") == 0x4B37


def test_glyphs_are_found_in_fonts_of_each_kind() -> None:
    gb2312 = b"".join(bytes([high, low] * 16) for high in range(0xA1, 0xFF) for low in range(0xA1, 0xFF))
    unicode = b"".join(code.to_bytes(2, "big") * 16 for code in range(0x100))
    fonts = Fonts({0: made.letters(), 23: made.characters(), 24: gb2312, 25: unicode, 1: bytes(range(128)) * 16})
    assert len(made.letters()) == ALL_SIZES == 3082752
    for across in (4, 8, 12, 24, 64):
        assert fonts.letter(0, ord("A"), across) == bytes([made.LETTER]) * ((across + 7) // 8 * 2 * across)
        assert not any(fonts.letter(0, ord("!"), across) or b"x")
    assert fonts.letter(0, 128, 8) is None
    assert fonts.letter(0, 65, 65) is None
    assert fonts.letter(9, 65, 8) is None
    assert fonts.letter(1, 1, 8) == bytes(range(16, 32))
    assert fonts.character(23, GBK, "水".encode("gbk"), 16, 16) == made.CHARACTER
    assert fonts.character(23, GBK, "火".encode("gbk"), 16, 16) == bytes(32)
    for impossible in (b"\x80\x40", b"\x81\x7f", b"\x81\x3f", b"\xff\x40", b"\x81\xff"):
        assert fonts.character(23, GBK, impossible, 16, 16) is None
    assert fonts.character(24, GB2312, b"\xce\xc4", 16, 16) == b"\xce\xc4" * 16
    assert fonts.character(24, GB2312, b"\xa0\xc4", 16, 16) is None
    assert fonts.character(25, UNICODE, b"\x00\x41", 16, 16) == b"\x00\x41" * 16
    assert fonts.character(25, UNICODE, b"\x4e\x00", 16, 16) is None


def test_settings_of_a_cfg() -> None:
    assert parse_settings(made.settings(0xB3, 32)) == PanelSettings(True, True, True, 270, 32)
    assert parse_settings(made.settings(0x00, 17)) == PanelSettings(False, False, False, 0, 17)
    for wrong in (b"", made.settings()[:45], b"X" + made.settings()[1:]):
        with pytest.raises(ValueError, match="CFG"):
            parse_settings(wrong)


def test_files_that_overwrite_each_other_are_faults() -> None:
    assert slot_faults({0: 12 * 0x40000, 12: 1, 13: 0x40000, 48: 16 * 0x40000}) == []
    assert slot_faults({0: 12 * 0x40000 + 1, 12: 1}) == ["file 12 begins in a slot of file 0, which ends with slot 12"]
    assert slot_faults({23: 20 * 0x40000, 24: 1, 42: 1}) == [
        "file 24 begins in a slot of file 23, which ends with slot 42",
        "file 42 begins in a slot of file 23, which ends with slot 42",
    ]
    assert slot_faults({62: 2 * 0x40000 + 1}) == ["file 62 ends with slot 64, the last is 63"]


def test_a_folder_is_read_and_its_memory_is_as_after_power_came(tmp_path: Path) -> None:
    folder = read_folder(made.write(tmp_path / "DWIN_SET"))
    assert folder.faults == []
    assert folder.settings == PanelSettings(False, True, True, 0, 48)
    memory = folder.memory()
    assert len(memory) == 0x20000
    assert bytes(memory[2 * made.TITLE : 2 * made.TITLE + 6]) == "停水".encode("gbk") + b"\xff\xff"
    assert memory[2 * 0x0FFF] == 0  # below 1000 nothing is loaded
    folder.enter(1, memory)
    assert bytes(memory[2 * made.TITLE_SP : 2 * made.TITLE_SP + 26]) == made.PAGES[1][0][6:]
    unloaded = read_folder(made.write(tmp_path / "other", {"T5LCFG.CFG": made.settings(0x10)})).memory()
    assert not any(unloaded)
    own = read_folder(made.write(tmp_path / "own", {"T5LCFG.CFG": None}), PanelSettings(uploads=False))
    assert not own.settings.uploads
    assert own.background() in {40, 48}
    assert own.background(bytes(2 * 0xDE) + b"\x5a\x00\x00\x28") == 40


def test_two_files_of_one_number_are_a_fault(tmp_path: Path) -> None:
    folder = read_folder(made.write(tmp_path / "DWIN_SET", {"23_other.bin": b"x", "notes.txt": b"", "T5L_UI.BIN": b""}))
    assert folder.faults == ["two files with number 23"]
