"""Display file, touch file and initial values, by their bytes."""

from __future__ import annotations

import itertools
import struct

import pytest

from drivers.display import design
from drivers.display.colours import rgb565
from drivers.display.design import Form, Letters
from panel.dwin.display_file import assemble, display_file
from panel.dwin.initial import initial_values
from panel.dwin.touch_file import touch_file

FORMS = [
    Form(width, height, rotate, large)
    for (width, height), rotate, large in itertools.product(design.SIZES, (0, 90), (False, True))
]
IDS = {
    letters: 23 + n for n, letters in enumerate(Letters(s, c) for s in (24, 32, 40, 48, 64) for c in ("gbk", "gb2312"))
}


def pages(data: bytes) -> list[list[bytes]]:
    """Each page's records; the layout is looked at on the way."""
    assert data[:8] == b"\x14DGUS_2\x10"
    assert data[10:16] == bytes(6)
    found, at = [], 0x4000
    for number in range(4092):
        count, offset = data[16 + 4 * number], int.from_bytes(data[17 + 4 * number : 20 + 4 * number], "big")
        assert offset == at
        found.append([data[at + 32 * n : at + 32 * n + 32] for n in range(count)])
        at += 32 * count
    assert data[at:] == b"\xff" * 32
    highest = int.from_bytes(data[8:10], "big")
    assert not any(found[highest + 1 :])
    return found[: highest + 1]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_each_page_has_a_record_for_each_line_of_each_part(form: Form) -> None:
    found = pages(display_file(form, IDS))
    assert len(found) == len(design.choices(form))
    vps = design.variables(form)
    distance = vps.line_words
    for choice, records in zip(design.choices(form), found, strict=True):
        sizes, places = dict(choice.sizes), design.drawing(form, choice.look).places
        expected = {
            place.vp + choice.bank * vps.words + distance * line: (place, place.sizes[sizes.get(place.part, 0)])
            for place in places
            for line in range(place.sizes[sizes.get(place.part, 0)].rows)
        }
        assert len(records) == len(expected)
        for record in records:
            assert record[:2] == b"\x5a\x11"
            sp, words, vp, x, y, ink, left, top, right, bottom, length = struct.unpack_from(">11H", record, 2)
            ascii_font, font, wide, high, encoding, across, down, end = record[24:32]
            place, size = expected.pop(vp)
            assert (sp, words, across, down, end, ascii_font) == (0xFFFF, 13, 0, 0, 0, 0)
            assert (x, y) == (left, top)
            assert (left, right) == (place.x, place.x + place.width - 1)
            assert place.y <= top
            assert bottom - top + 1 == high == size.letters.size
            assert bottom < place.y + place.height
            assert ink == rgb565(place.ink)
            assert length % 2 == 0
            assert size.columns + 2 <= length <= (16 if place.part == "large" else 2 * distance)
            assert encoding & 0x60 == (0x40 if place.centred else 0)
            if place.part == "large":
                assert (font, wide, encoding & 0x0F) == (0, high // 2, 0)
            else:
                assert (font, wide) == (IDS[size.letters], high)
                assert encoding & 0x0F == {"gb2312": 1, "gbk": 2}[size.letters.charset]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_no_line_of_a_page_stands_over_another_or_beyond_the_display(form: Form) -> None:
    for records in pages(display_file(form, IDS)):
        boxes = [struct.unpack_from(">4H", record, 14) for record in records]
        for left, top, right, bottom in boxes:
            assert 0 <= left < right < form.across
            assert 0 <= top < bottom < form.down
        for one, other in itertools.combinations(boxes, 2):
            apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
            assert apart, (one, other)


def test_a_display_file_by_hand() -> None:
    """Page 0 without records, page 1 with one: its index and its end."""
    record = bytes(range(32))
    data = assemble([[], [record]])
    assert data[:16] == b"\x14DGUS_2\x10\x00\x01" + bytes(6)
    assert data[16:28] == bytes.fromhex("00004000 01004000 00004020")
    assert data[0x4000:] == record + b"\xff" * 32


@pytest.mark.parametrize("absurd", [[[bytes(32)] * 256], [[]] * 4093])
def test_more_than_the_file_holds_is_refused(absurd: list[list[bytes]]) -> None:
    with pytest.raises(ValueError, match="at most"):
        assemble(absurd)


@pytest.mark.parametrize(
    ("colour", "word"), [(0xFFFFFF, 0xFFFF), (0xFF0000, 0xF800), (0x00FF00, 0x07E0), (0x0000FF, 0x001F), (0, 0)]
)
def test_colours_as_the_panel_has_them(colour: int, word: int) -> None:
    assert rgb565(colour) == word


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
def test_touch_keys(form: Form) -> None:
    data = touch_file(form)
    assert len(data) % 32 == 2
    assert data[-2:] == b"\xff\xff"
    keys: dict[int, str] = {}
    last = 0
    for at in range(0, len(data) - 2, 32):
        record = data[at : at + 32]
        page = struct.unpack_from(">H", record)[0]
        left, top, right, bottom, follows, effect, code = struct.unpack_from(">7H", record, 2)
        assert page >= last  # page by page
        last = page
        assert left < right < form.across
        assert top < bottom < form.down
        assert (follows, effect, code) == (0xFF00, 0xFF00, 0xFE05)
        assert record[16] == 0xFE
        vp, mode, value, hold = struct.unpack_from(">HBHB", record, 17)
        assert (vp, mode, hold) == (0x5FF4, 0, 0)
        assert record[23:] == bytes(9)
        keys[page] = keys.get(page, "") + chr(value)
    for choice in design.choices(form):
        on_page = keys.get(choice.number, "")
        assert on_page == "".join(key.label for key in design.drawing(form, choice.look).keys)
        if choice.look == "entry":
            assert sorted(on_page) == sorted("1234567890*#")
        if choice.look == "question":
            assert on_page in {"12345*#", " "}
        assert on_page or choice.look in {"emergency", "fire"}, "whoever stands there gets a keypad by a touch"


def test_a_key_by_hand() -> None:
    """`1` of the entry page of a 480×272: the bytes."""
    form = Form(480, 272)
    page = design.page_number(form, "entry", {})
    key = next(key for key in design.drawing(form, "entry").keys if key.label == "1")
    area = struct.pack(">4H", key.x, key.y, key.x + key.width - 1, key.y + key.height - 1)
    record = bytes((0, page)) + area + bytes.fromhex("ff00 ff00 fe05 fe 5ff4 00 0031 00") + bytes(9)
    assert len(record) == 32
    assert record in touch_file(form)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.identity)
@pytest.mark.parametrize("word", ["正在启动", "Starting"])
def test_initial_values(form: Form, word: str) -> None:
    data = initial_values(form, word)
    assert len(data) == 131_076
    identity = data[2 * 0x5FE0 : 2 * 0x5FF0].split(b"\xff\xff")[0]
    assert identity.decode("ascii") == form.identity
    narrow = form == Form(480, 272, 90, large=True)  # three and a half characters in its title
    at = 2 * (design.variables(form).body if narrow else design.variables(form).title)
    text = word.encode("gb2312") + b"\xff\xff"
    assert data[at : at + len(text)] == text
    rest = bytearray(data)
    rest[2 * 0x5FE0 : 2 * 0x5FF0] = bytes(32)
    rest[at : at + len(text)] = bytes(len(text))
    assert not any(rest)


def test_a_word_too_long_for_any_place_is_cut_between_characters() -> None:
    form = Form(480, 272, 90)
    data = initial_values(form, "正在启动" * 30)
    at = 2 * design.variables(form).body
    shown = data[at : at + 2 * design.variables(form).line_words].split(b"\xff\xff")[0]
    place = design.drawing(form, "idle").place("body")
    assert place is not None
    assert 8 <= len(shown) <= place.sizes[0].columns
    assert ("正在启动" * 30).startswith(shown.decode("gb2312"))
