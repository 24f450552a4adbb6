"""The renderer: each pixel of small pages is where the files say; what cannot be shown as meant is a fault."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from PIL import Image

from simulator.dwin_set.folder import Folder, PanelSettings, read_folder
from simulator.dwin_set.legibility import contrast, outside, ratio, without_ink
from simulator.dwin_set.render import Drawn, Renderer, rgb
from simulator.dwin_set.show_file import parse_show_file
from simulator.dwin_set.touch_file import TouchFile
from tests.simulator import dwin_folder as made

WHITE = (255, 255, 255)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return read_folder(made.write(tmp_path_factory.mktemp("dwin") / "DWIN_SET"))


def drawn(folder: Folder, values: dict[int, bytes], page: int = 0) -> Drawn:
    memory = folder.memory()
    memory[2 * made.TITLE : 2 * made.TITLE + 24] = bytes(24)
    folder.enter(page, memory)
    for vp, value in values.items():
        memory[2 * vp : 2 * vp + len(value)] = value
    return Renderer(folder).draw(memory, page)


def inked(picture: Drawn, ink: tuple[int, int, int] = WHITE) -> set[tuple[int, int]]:
    pixels = picture.image.load()
    assert pixels is not None
    return {(x, y) for x in range(made.WIDE) for y in range(made.HIGH) if pixels[x, y] == ink}


def bitmap(rows: bytes, across: int, x: int, y: int) -> set[tuple[int, int]]:
    stride = (across + 7) // 8
    return {
        (x + column, y + row)
        for row in range(len(rows) // stride)
        for column in range(across)
        if rows[row * stride + column // 8] & 0x80 >> column % 8
    }


def letter(across: int, x: int, y: int) -> set[tuple[int, int]]:
    return bitmap(bytes([made.LETTER]) * ((across + 7) // 8 * 2 * across), across, x, y)


def test_a_line_is_drawn_bit_for_bit_and_nothing_else(folder: Folder) -> None:
    picture = drawn(folder, {made.BODY: "水A 门".encode("gbk") + b"\xff\xff"})
    assert picture.faults == ()
    expected = bitmap(made.CHARACTER, 16, 8, 28) | letter(8, 24, 28) | bitmap(made.CHARACTER, 16, 40, 28)
    assert inked(picture) == expected
    assert picture.image.size == (made.WIDE, made.HIGH)
    ground = picture.image.getpixel((0, 0))
    assert isinstance(ground, tuple)
    assert max(abs(one - other) for one, other in zip(ground, made.GROUND, strict=True)) <= 2
    assert [text.laid.text for text in picture.texts] == ["", "水A 门", ""]
    assert outside(picture) == 0


def test_a_centred_line_and_a_large_one(folder: Folder) -> None:
    picture = drawn(folder, {made.TITLE: "门已开".encode("gbk") + b"\xff\xff", made.LARGE: b"8:0\xff\xff"})
    starts = [8 + (144 - 48) // 2 + 16 * place for place in range(3)]
    assert inked(picture) == {point for x in starts for point in bitmap(made.CHARACTER, 16, x, 8)}
    assert inked(picture, rgb(made.YELLOW)) == letter(16, 8, 48) | letter(16, 24, 48) | letter(16, 40, 48)


def test_a_text_ends_at_its_length_at_ff_and_at_zero(folder: Folder) -> None:
    for end in (b"\xff\xff", b"\x00", b"\x00\x00AAAA"):
        assert inked(drawn(folder, {made.BODY: b"A" + end + b"AA"[: 2 if end[0] else 0]})) == letter(8, 8, 28)
    assert len(drawn(folder, {made.BODY: b"A" * 40}).texts[1].laid.cells) == 18  # as wide as its box; of length 24


def test_lines_break_at_returns_and_at_the_edge() -> None:
    record = made.text(made.BODY, (8, 8, 55, 63), length=60)  # three characters wide, three lines
    folder = _with_page(record)
    for raw, ends in (
        ("门\r\n水A".encode("gbk"), [(8, 8), (24, 24)]),
        ("门\r水A".encode("gbk"), [(8, 8), (24, 24)]),
        ("门\n\n水A".encode("gbk"), [(8, 8), (24, 40)]),
        ("门门门水A".encode("gbk"), [(40, 8), (24, 24)]),
        ("AAAAA门A".encode("gbk"), [(40, 8), (24, 24)]),  # half a place is left empty
    ):
        cells = drawn(folder, {made.BODY: raw + b"\xff\xff"}).texts[0].laid.cells
        last = {cell.y: (cell.x, cell.y) for cell in cells}
        assert list(last.values()) == ends, raw
    over = drawn(folder, {made.BODY: ("门" * 11).encode("gbk") + b"\xff\xff"})
    assert over.faults == ("page 0, text 5020: no room for the last 2 characters",)
    assert outside(over) == 0
    assert drawn(folder, {made.BODY: ("门" * 9 + " ").encode("gbk") + b"\xff\xff"}).faults == ()


def _with_page(*records: bytes) -> Folder:
    ground = made.library([((made.WIDE, made.HIGH), made.jpeg(made.GROUND, (made.WIDE, made.HIGH)))])
    numbered = {0: made.letters(), 23: made.characters(), 48: ground}
    return Folder(numbered, parse_show_file(made.show_file([records])), TouchFile(), PanelSettings(background=48))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("火".encode("gbk"), "page 0, text 5020: '火' (BBF0) is empty in font 23 of 16x16"),
        (b"!", "page 0, text 5020: '!' (21) is empty in font 0 of 8x16"),
        (b"\x07", "page 0, text 5020: '\\x07' (07) is empty in font 0 of 8x16"),
        (b"\xb0\x20", "page 0, text 5020: '� ' (B020) is not in font 23 of 16x16"),
    ],
)
def test_what_the_fonts_lack_is_a_fault(folder: Folder, raw: bytes, said: str) -> None:
    assert drawn(folder, {made.BODY: raw + b"\xff\xff"}).faults == (said,)


def test_spaces_are_none(folder: Folder) -> None:
    picture = drawn(folder, {made.BODY: " 　".encode("gbk") + b"\xff\xff"})
    assert picture.faults == ()
    assert inked(picture) == set()


def test_half_a_character_is_a_fault() -> None:
    folder = _with_page(made.text(made.BODY, (8, 28, 151, 43), length=3))
    assert drawn(folder, {made.BODY: "水门".encode("gbk")}).faults == ("page 0, text 5020: ends within a character",)


def test_a_place_over_the_edge_or_out_of_its_box_is_a_fault() -> None:
    edge = _with_page(made.text(made.BODY, (150, 90, 200, 120)))
    assert any("edge" in fault for fault in drawn(edge, {made.BODY: "门".encode("gbk")}).faults)
    narrow = _with_page(made.text(made.BODY, (8, 8, 17, 30)))
    assert any("out of its box" in fault for fault in drawn(narrow, {made.BODY: "门".encode("gbk")}).faults)


def test_a_missing_or_damaged_picture_is_a_fault_and_the_texts_are_drawn(folder: Folder, tmp_path: Path) -> None:
    beyond = drawn(folder, {}, page=7)
    assert beyond.faults == ("page 7: there is no picture 7 in 48",)
    broken = bytearray(made.files()["48.icl"])
    broken[-400] ^= 0xFF
    bad = read_folder(made.write(tmp_path / "bad", {"48.icl": bytes(broken)}))
    picture = drawn(bad, {made.BODY: b"A\xff\xff"})
    assert picture.faults == ("page 0: picture 0 in 48 is damaged: the checksum is wrong",)
    assert inked(picture) == letter(8, 8, 28)
    none = read_folder(made.write(tmp_path / "none", {"48.icl": None}))
    assert drawn(none, {}).faults == ("page 0: there is no picture 0 in 48",)


def test_a_description_that_was_changed_over_the_line_counts(folder: Folder) -> None:
    text = {made.TITLE: "门".encode("gbk") + b"\xff\xff"}
    assert inked(drawn(folder, text, page=1)) == bitmap(made.CHARACTER, 16, 8, 8)
    moved = {**text, made.TITLE_SP + 1: (32).to_bytes(2, "big"), made.TITLE_SP + 3: made.YELLOW.to_bytes(2, "big")}
    picture = drawn(folder, moved, page=1)
    assert inked(picture) == set()
    assert inked(picture, rgb(made.YELLOW)) == bitmap(made.CHARACTER, 16, 32, 8)


def test_later_texts_lie_on_top() -> None:
    below = made.text(made.BODY, (8, 8, 60, 23))
    above = made.text(made.TITLE, (8, 8, 60, 23), colour=made.YELLOW)
    values = {made.BODY: "门".encode("gbk"), made.TITLE: "门".encode("gbk")}
    assert inked(drawn(_with_page(below, above), values)) == set()
    assert inked(drawn(_with_page(above, below), values), rgb(made.YELLOW)) == set()


def test_numbers_and_icons(folder: Folder) -> None:
    picture = drawn(folder, {made.NUMBER: (-7 & 0xFFFF).to_bytes(2, "big"), made.ICON: b"\x00\x01"}, page=2)
    assert {point for point in inked(picture) if 64 <= point[0] < 120} == letter(8, 64, 48) | letter(8, 72, 48)
    assert sum(x >= 120 for x, _ in inked(picture)) == 256
    assert not any(x >= 120 for x, _ in inked(drawn(folder, {made.ICON: b"\x00\x03"}, page=2)))


def test_contrast_is_that_of_wcag(folder: Folder) -> None:
    assert ratio((0, 0, 0), WHITE) == pytest.approx(21.0)
    assert ratio((119, 119, 119), WHITE) == pytest.approx(4.48, abs=0.005)
    picture = drawn(folder, {made.BODY: "水A".encode("gbk") + b"\xff\xff", made.LARGE: b"8\xff\xff"})
    _, body, large = picture.texts
    expected = ratio(WHITE, made.GROUND)
    assert contrast(picture, body) == pytest.approx(expected, rel=0.05)
    assert contrast(picture, large) < contrast(picture, body)
    assert without_ink(picture, body) == []


def test_ink_on_its_own_colour_is_seen_as_none() -> None:
    record = made.text(made.BODY, (8, 28, 151, 43), colour=0)
    folder = _with_page(record)
    black = made.library([((made.WIDE, made.HIGH), made.jpeg((0, 0, 0), (made.WIDE, made.HIGH)))])
    dark = Folder({**folder.files, 48: black}, folder.show, folder.touches, folder.settings)
    picture = drawn(dark, {made.BODY: "水".encode("gbk") + b"\xff\xff"})
    assert contrast(picture, picture.texts[0]) == pytest.approx(1.0)
    assert without_ink(picture, picture.texts[0]) == ["text 5020: nothing at 8,28"]


def test_a_png_is_what_was_drawn(folder: Folder) -> None:
    picture = drawn(folder, {made.BODY: "水".encode("gbk") + b"\xff\xff"})
    again = Image.open(io.BytesIO(picture.png()))
    assert again.format == "PNG"
    assert again.tobytes() == picture.image.tobytes()


@pytest.mark.slow
def test_a_full_page_is_drawn_in_time() -> None:
    size = (800, 480)
    lines = [made.text(0x5000 + 32 * row, (20, 20 + 16 * row, 779, 35 + 16 * row), length=64) for row in range(27)]
    plain = _with_page(*lines)
    ground = made.library([(size, made.jpeg(made.GROUND, size))])
    folder = Folder({**plain.files, 48: ground}, plain.show, plain.touches, plain.settings)
    memory = folder.memory()
    for row in range(27):
        memory[2 * (0x5000 + 32 * row) : 2 * (0x5000 + 32 * row) + 64] = ("停水" * 16).encode("gbk")
    renderer = Renderer(folder)
    assert renderer.draw(memory, 0).faults == ()
    best = 9.9
    for _ in range(5):
        begin = time.perf_counter()
        renderer.draw(memory, 0)
        best = min(best, time.perf_counter() - begin)
    assert best < 0.06
