"""The background of each designed page as a picture: its ground, its fills, its sign, its keys. Texts are the panel's own business."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from drivers.display.design import Form, Key, drawing
from drivers.display.touch import ANYWHERE
from panel import signs
from panel.letters import Face, ink

_ROUND = 6
"""Radius of a key's corners."""
_LABEL = 0.55
"""Height of a key's label, as a part of the key."""
_STAR = 0.95
"""A star's, which fonts draw small and high."""


@lru_cache(maxsize=32)
def background(form: Form, look: str, face: Face) -> Image.Image:
    """As the resident sees it: as wide as the display hangs."""
    drawn = drawing(form, look)
    picture = Image.new("RGB", (form.across, form.down), _rgb(drawn.ground))
    pen = ImageDraw.Draw(picture)
    for fill in drawn.fills:
        box = (fill.x, fill.y, fill.x + fill.width - 1, fill.y + fill.height - 1)
        pen.rectangle(box, fill=_rgb(fill.colour))
    if drawn.sign is not None:
        picture.paste(signs.draw(drawn.sign), (drawn.sign.x, drawn.sign.y))
    for key in drawn.keys:
        if key.label != ANYWHERE:
            _key(pen, key, face)
    return picture


def _key(pen: ImageDraw.ImageDraw, key: Key, face: Face) -> None:
    box = (key.x, key.y, key.x + key.width - 1, key.y + key.height - 1)
    pen.rounded_rectangle(box, _ROUND, fill=_rgb(key.ground))
    part = _STAR if key.label == "*" else _LABEL
    font = face.at(round(min(key.height, key.width) * part))
    left, top, right, bottom = ink(font, key.label)
    at = (key.x + (key.width - left - right) // 2, key.y + (key.height - top - bottom) // 2)
    pen.text(at, key.label, font=font, fill=_rgb(key.ink), anchor="ls")


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
