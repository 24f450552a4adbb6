"""Letters are heavy, and their gaps stay open."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from panel import weight
from panel.dwin.fonts import _latin, _Pen
from panel.letters import find
from tests.panel.building import bits


def ink(char: str, size: int) -> list[str]:
    return bits(_Pen(find(), size).glyph(char), size, size)


def thin(char: str, size: int) -> list[str]:
    """Half a pixel's cover is ink: nothing is made heavier."""
    cell = Image.new("L", (size, size))
    ImageDraw.Draw(cell).text((0, round(size * 0.88)), char, font=find().at(size), fill=255, anchor="ls")
    return bits(cell.point([0] * 128 + [255] * 128, "1").tobytes(), size, size)


def strokes(rows: list[str]) -> int:
    """How many there are to be told apart, along rows and columns."""
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    return sum(line.count(".#") + line.startswith("#") for line in rows + columns)


def dark(rows: list[str]) -> int:
    return sum(row.count("#") for row in rows)


@pytest.mark.parametrize("size", [24, 32, 40, 48, 64])
@pytest.mark.parametrize("char", "赢龘餐警鑫疆鼻囊鬱谢输密")
def test_strokes_do_not_run_together(char: str, size: int) -> None:
    heavy, light = ink(char, size), thin(char, size)
    assert dark(heavy) >= dark(light)
    assert strokes(heavy) >= 0.93 * strokes(light), "\n".join(heavy)


@pytest.mark.parametrize("size", [24, 32, 40, 48, 64])
def test_usual_characters_are_a_good_deal_heavier(size: int) -> None:
    usual = "请进门已打开停水通知卡未登记联系网格员密码输入火警电话"
    heavy, light = (sum(dark(draw(char, size)) for char in usual) for draw in (ink, thin))
    assert heavy > 1.08 * light


@pytest.mark.parametrize("width", [12, 16, 32, 48, 64])
def test_a_star_stands_in_the_middle_of_the_digits_and_is_nearly_as_wide(width: int) -> None:
    star, digit = (bits(_latin(find(), char, width), width, 2 * width) for char in "*0")
    rows, wanted = ([y for y, row in enumerate(glyph) if "#" in row] for glyph in (star, digit))
    assert abs((rows[0] + rows[-1]) - (wanted[0] + wanted[-1])) <= width / 6
    wide = [x for x in range(width) if any(row[x] == "#" for row in star)]
    assert wide[-1] - wide[0] >= width * 0.55


def test_an_empty_cell_and_a_full_one_stay_so() -> None:
    for shade in (0, 255):
        drawn = weight.bits(Image.new("L", (24, 24), shade))
        assert (drawn.mode, drawn.convert("L").getextrema()) == ("1", (shade, shade))
