"""Panels beside one another as one picture, each with a caption, for pages that tell of them. Needs Pillow.

Small: half the size, few colours. What is to be read in it stands in the picture's own description too, for whoever cannot see it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

WIDTH = 400
"""Of each panel, in pixels."""
_GAP, _FRAME, _CAPTION = 16, 6, 34
_LETTERS = 17
_PAPER, _CASE, _INK = (255, 255, 255), (32, 38, 43), (75, 86, 96)
_COLOURS = 64


@dataclass(frozen=True)
class Shot:
    """A panel as it was, what is to be read on it, and the words under it."""

    caption: str
    words: str
    image: Picture = field(repr=False)


def sheet(shots: Sequence[Shot], font: Path, *, made_from: str = "", across: int = 3) -> bytes:
    """A PNG. `font` draws the captions; `made_from` is kept in it as it is."""
    small = [shot.image.resize((WIDTH, shot.image.height * WIDTH // shot.image.width), _SMOOTH) for shot in shots]
    high = max(image.height for image in small) + 2 * _FRAME
    wide = WIDTH + 2 * _FRAME
    columns, rows = min(across, len(shots)), (len(shots) + across - 1) // across
    size = (columns * (wide + _GAP) - _GAP, rows * (high + _CAPTION + _GAP) - _GAP)
    paper = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(paper)
    for number, (shot, image) in enumerate(zip(shots, small, strict=True)):
        x, y = number % across * (wide + _GAP), number // across * (high + _CAPTION + _GAP)
        pen.rounded_rectangle((x, y, x + wide - 1, y + image.height + 2 * _FRAME - 1), _FRAME, fill=_CASE)
        paper.paste(image, (x + _FRAME, y + _FRAME))
        place = (x + _FRAME, y + high + _CAPTION // 2)
        pen.text(place, shot.caption, font=_letters(font, shot.caption), fill=_INK, anchor="lm")
    return _png(paper, shots, made_from)


_SMOOTH = Image.Resampling.BOX


def _letters(font: Path, caption: str) -> ImageFont.FreeTypeFont:
    """As large as lets the caption stand below its panel."""
    letters = ImageFont.truetype(font, _LETTERS)
    return ImageFont.truetype(font, _LETTERS * min(1.0, WIDTH / max(1.0, letters.getlength(caption))))


def _png(paper: Picture, shots: Sequence[Shot], made_from: str) -> bytes:
    told = PngInfo()
    told.add_itxt(
        "Description", "\n\n".join(f"{shot.caption}:\n{shot.words}" for shot in shots), "zh-CN", "Description"
    )
    if made_from:
        told.add_text("Source", made_from)
    target = io.BytesIO()
    paper.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(
        target, "PNG", optimize=True, pnginfo=told
    )
    return target.getvalue()


def told(png: bytes) -> tuple[str, str]:
    """What such a picture says of itself: its description, and what it was made from."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        found = getattr(picture, "text", {})
        return str(found.get("Description", "")), str(found.get("Source", ""))
