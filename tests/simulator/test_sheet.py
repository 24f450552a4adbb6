"""Panels beside one another as one picture: where each stands, its caption, and what the picture says of itself."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from panel.letters import find
from simulator.sheet import WIDTH, Shot, sheet, told

COLOURS = [(143, 21, 16), (15, 90, 34), (18, 60, 122), (255, 212, 0)]


def shot(colour: tuple[int, int, int], caption: str = "火警") -> Shot:
    return Shot(caption, f"words of {colour}", Image.new("RGB", (800, 480), colour))


@pytest.mark.parametrize("count", [1, 3, 4])
def test_each_has_its_place_and_its_own_colour(count: int) -> None:
    png = sheet([shot(colour) for colour in COLOURS[:count]], find().path)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    assert image.width == min(count, 3) * (WIDTH + 28) - 16
    for number, colour in enumerate(COLOURS[:count]):
        at = number % 3 * (WIDTH + 28) + WIDTH // 2, number // 3 * 302 + 120
        pixel = image.getpixel(at)
        assert isinstance(pixel, tuple)
        assert all(abs(one - other) <= 2 for one, other in zip(pixel, colour, strict=True))


def test_a_long_caption_stays_below_its_own_panel() -> None:
    png = sheet([shot(COLOURS[0], "long " * 40), shot(COLOURS[1], "")], find().path)
    image = Image.open(io.BytesIO(png)).convert("L")
    assert image.crop((WIDTH + 14, 254, image.width, image.height)).getextrema()[0] == 255
    assert image.crop((0, 254, WIDTH, image.height)).getextrema()[0] < 200


def test_what_is_to_be_read_stands_in_its_description() -> None:
    png = sheet([shot(COLOURS[0]), shot(COLOURS[1], "来客")], find().path, made_from="0f")
    words, source = told(png)
    assert words == f"火警:\nwords of {COLOURS[0]}\n\n来客:\nwords of {COLOURS[1]}"
    assert source == "0f"
