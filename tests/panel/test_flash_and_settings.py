"""The flash map, and the panel's own settings."""

from __future__ import annotations

import pytest

from drivers.display.design import ROTATIONS, SIZES, Form, scale
from panel.dwin import config, slots
from panel.dwin.fonts import chinese_bytes
from panel.dwin.slots import PICTURES, NoRoomError, Stored, arrange

KIB = 1024


def own(length: int = 128) -> bytes:
    """As a seller's file could be: every byte another, 115200 baud, background 32, CRC on."""
    data = bytearray(range(length))
    data[:16] = b"T5LC1\x84\x40\x0a\x20\x28\x00\x1c\x64\x64\x00\x00"
    return bytes(data)


@pytest.mark.parametrize("form", [Form(*size, large=large) for size in SIZES for large in (False, True)])
def test_fonts_and_a_megabyte_of_pictures_have_room_in_every_form(form: Form) -> None:
    fonts = {str(each): chinese_bytes(each) for each in scale(form).fonts}
    placed = arrange(fonts, KIB * KIB)
    files = [Stored(name, placed[name], {**fonts, PICTURES: KIB * KIB}[name]) for name in placed]
    assert not slots.faults(files)
    used = [slot for file in files for slot in file.slots]
    assert len(used) == len(set(used))
    assert set(used) <= {18, 19, 20, 21, *range(23, 64)}


def test_pictures_go_where_the_panel_looks_for_them_and_fonts_around_them() -> None:
    placed = arrange({"a": 9 * 256 * KIB, "b": 20 * 256 * KIB}, 300 * KIB, 32)
    assert placed == {PICTURES: 32, "b": 34, "a": 23}


@pytest.mark.parametrize("where", [0, 13, 14, 17, 21, 22, 63, 64, 255])
def test_pictures_are_never_put_over_what_is_not_theirs(where: int) -> None:
    with pytest.raises(NoRoomError, match="slot"):
        arrange({}, 300 * KIB, where)


def test_fonts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NoRoomError):
        arrange({"a": 30 * 256 * KIB, "b": 15 * 256 * KIB}, 1)


def test_overlaps_and_the_end_of_the_flash_are_seen() -> None:
    a, b, c = Stored("a", 23, 256 * KIB + 1), Stored("b", 24, 1), Stored("c", 63, 256 * KIB + 1)
    assert slots.faults([a, b]) == ["b: overlaps a"]
    assert len(slots.faults([c])) == 1
    assert not slots.faults([a, Stored("d", 25, 256 * KIB)])


@pytest.mark.parametrize("rotate", ROTATIONS)
@pytest.mark.parametrize("length", [46, 48, 128])
def test_settings_keep_all_but_rotation_loading_touch_and_background(rotate: int, length: int) -> None:
    before = own(length)
    after = config.patch(before, Form(800, 480, rotate), 45)
    assert len(after) == length
    changed = [at for at in range(length) if before[at] != after[at]]
    assert changed == [5, 8]
    assert after[8] == 45
    assert after[5] == 0x84 | 0x20 | 0x10 | rotate // 90
    assert config.patch(after, Form(800, 480, rotate), 45) == after


def test_what_the_settings_say_of_the_line() -> None:
    assert config.read(own()) == config.LineSettings(crc=True, baud=115200, library=32)
    slow = bytearray(own())
    slow[5], slow[10:12] = 0x3E, b"\x01\x50"
    assert config.read(bytes(slow)) == config.LineSettings(crc=False, baud=9600, library=32)


@pytest.mark.parametrize(
    "absurd",
    [b"", b"T5LC1", b"T5LC2" + bytes(43), own()[:45], own() + b"\0", own()[:10] + b"\0\0" + own()[12:], b"\xff" * 48],
)
def test_no_settings_are_made_of_what_is_none(absurd: bytes) -> None:
    with pytest.raises(ValueError, match=r"T5LCFG|speed"):
        config.patch(absurd, Form(800, 480), 32)
