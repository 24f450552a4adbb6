"""Letters of one bit a pixel, as heavy as they can be: who sees badly reads thick strokes from farther, as long as the gaps stay open."""

from __future__ import annotations

from PIL import Image, ImageChops

_LIGHT = 128
_WEIGHTS = (56, 72, 90, 110)
"""A pixel that is covered by so many 255ths is ink; the heaviest first."""
_OPEN = 0.96
"""So many of the edges between ink and gap of a light drawing are still there: with fewer, strokes have run together (龘, 鼻)."""


def bits(cell: Image.Image) -> Image.Image:
    """Of a glyph in 256 shades."""
    light = _cut(cell, _LIGHT)
    needed = _OPEN * _edges(light)
    drawn = (_cut(cell, weight) for weight in _WEIGHTS)
    return next((each for each in drawn if _edges(each) >= needed), light).convert("1", dither=Image.Dither.NONE)


def _cut(cell: Image.Image, weight: int) -> Image.Image:
    return cell.point([0] * weight + [255] * (256 - weight))


def _edges(drawn: Image.Image) -> int:
    """How often ink begins, along rows and columns."""
    sideways, down = (ImageChops.offset(drawn, *by) for by in ((1, 0), (0, 1)))
    return sum(ImageChops.subtract(drawn, before).histogram()[255] for before in (sideways, down))
