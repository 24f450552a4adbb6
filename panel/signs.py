"""Pictograms of the designed pages, each with an outline of its own: to be told apart without colour, at 48 pixels and from some metres.

They are drawn in a square of 100 × 100, x to the right and y down, in one ink; what is cut out shows the ground.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from PIL import Image, ImageDraw

from drivers.display.design import Sign

Point = tuple[float, float]
_FINE = 6
"""Drawn so many times larger, then made smaller: smooth edges."""


class Pen:
    def __init__(self, side: int, ink: int, ground: int) -> None:
        self._scale = side * _FINE / 100
        self._side, self._ink, self._ground = side, ink, ground
        self._image = Image.new("RGB", (side * _FINE, side * _FINE), _rgb(ground))
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> Image.Image:
        return self._image.resize((self._side, self._side), Image.Resampling.LANCZOS)

    def _colour(self, cut: bool) -> tuple[int, int, int]:
        return _rgb(self._ground if cut else self._ink)

    def area(self, points: Sequence[Point], *, cut: bool = False) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=self._colour(cut))

    def disc(self, x: float, y: float, radius: float, *, cut: bool = False) -> None:
        box = [(at + sign * radius) * self._scale for sign in (-1, 1) for at in (x, y)]
        self._draw.ellipse(box, fill=self._colour(cut))

    def line(self, points: Sequence[Point], width: float, *, cut: bool = False) -> None:
        """With round ends and corners."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=self._colour(cut), width=round(width * self._scale))
        for x, y in points:
            self.disc(x, y, width / 2, cut=cut)

    def box(self, x: float, y: float, width: float, height: float, radius: float = 0, *, cut: bool = False) -> None:
        edges = [at * self._scale for at in (x, y, x + width, y + height)]
        self._draw.rounded_rectangle(edges, radius * self._scale, fill=self._colour(cut))


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 0xFF, colour & 0xFF


def arc(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    """Points of an arc; degrees clockwise from the right."""
    steps = max(8, int(abs(end - start) // 4))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _curve(points: Sequence[Point]) -> list[Point]:
    """Through cubic pieces: an end, two handles, the next end, two handles, …"""
    found: list[Point] = []
    for at in range(0, len(points) - 3, 3):
        piece = points[at : at + 4]
        found += [(_bent(piece, 0, step / 24), _bent(piece, 1, step / 24)) for step in range(25)]
    return found


def _bent(piece: Sequence[Point], axis: int, t: float) -> float:
    start, first, second, end = (point[axis] for point in piece)
    return (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end


# --- one function a sign


def _megaphone(pen: Pen) -> None:
    pen.area([(18, 38), (64, 16), (64, 80), (18, 58)])
    pen.box(4, 36, 20, 24, 6)
    pen.line([(64, 17), (64, 79)], 7)
    pen.line([(23, 60), (30, 86)], 13)
    for radius in (12, 26):
        pen.line(arc(68, 48, radius, -45, 45), 6)


def _wrench(pen: Pen) -> None:
    pen.line([(20, 80), (62, 38)], 18)
    pen.disc(66, 34, 27)
    pen.area([(62, 38), (74, 42), (108, 8), (92, -8), (58, 26)], cut=True)
    pen.disc(20, 80, 5, cut=True)


def _clock(pen: Pen) -> None:
    pen.disc(50, 50, 44)
    pen.disc(50, 50, 35, cut=True)
    pen.line([(50, 24), (50, 50), (68, 62)], 8)


def _triangle(pen: Pen) -> None:
    pen.line([(50, 15), (92, 86), (8, 86), (50, 15)], 12)
    pen.area([(50, 15), (92, 86), (8, 86)])
    pen.line([(50, 40), (50, 60)], 10, cut=True)
    pen.disc(50, 76, 6, cut=True)


def _tick(pen: Pen) -> None:
    pen.line([(12, 54), (38, 80), (88, 22)], 19)


def _bar(pen: Pen) -> None:
    corners = [math.radians(22.5 + 45 * corner) for corner in range(8)]
    pen.area([(50 + 49 * math.cos(angle), 50 + 49 * math.sin(angle)) for angle in corners])
    pen.box(22, 42, 56, 16, 3, cut=True)


def _clipboard(pen: Pen) -> None:
    pen.box(16, 14, 68, 82, 8)
    pen.box(25, 24, 50, 63, 3, cut=True)
    pen.box(33, 5, 34, 20, 6)
    pen.line([(35, 56), (46, 68), (66, 43)], 9)


def _keypad(pen: Pen) -> None:
    for row in range(4):
        for column in range(3):
            pen.box(13 + 27 * column, 3 + 25 * row, 20, 19, 5)


def _speech(pen: Pen) -> None:
    pen.box(4, 8, 92, 68, 18)
    pen.area([(22, 70), (22, 96), (50, 74)])
    pen.line([*arc(50, 31, 12, 180, 360), (62, 35), (51, 46), (50, 52)], 8, cut=True)
    pen.disc(50, 65, 5, cut=True)


def _raised_hand(pen: Pen) -> None:
    pen.disc(46, 22, 14)
    pen.box(28, 42, 36, 54, 14)
    pen.line([(58, 50), (82, 36), (82, 8)], 12)
    pen.line([(34, 50), (18, 74)], 12)


def _beacon(pen: Pen) -> None:
    pen.box(16, 78, 68, 16, 4)
    pen.area([(28, 72), *arc(50, 50, 22, 180, 360), (72, 72)])
    for angle in (-90, -50, -130, -10, -170):
        turned = math.radians(angle)
        ends = [(50 + far * math.cos(turned), 48 + far * math.sin(turned)) for far in (32, 45)]
        pen.line(ends, 7)


def _flame(pen: Pen) -> None:
    outer = [(54, 2), (60, 24), (88, 36), (86, 64), (84, 86), (68, 98), (50, 98)]
    outer += [(30, 98), (14, 84), (14, 64), (14, 48), (24, 38), (28, 28), (32, 38), (36, 42), (42, 44)]
    outer += [(40, 28), (46, 10), (54, 2)]
    pen.area(_curve(outer))
    inner = [(52, 52), (56, 64), (68, 66), (68, 80), (68, 90), (60, 94), (50, 94)]
    inner += [(40, 94), (33, 88), (33, 80), (33, 68), (46, 66), (52, 52)]
    pen.area(_curve(inner), cut=True)


def _gear(pen: Pen) -> None:
    pen.disc(50, 50, 34)
    for turn in range(8):
        angle = math.radians(45 * turn)
        pen.area([_turned(along, across, angle) for along, across in ((28, -11), (28, 11), (47, 8), (47, -8))])
    pen.disc(50, 50, 15, cut=True)


def _turned(along: float, across: float, angle: float) -> Point:
    return (
        50 + along * math.cos(angle) - across * math.sin(angle),
        50 + along * math.sin(angle) + across * math.cos(angle),
    )


def _plug(pen: Pen) -> None:
    for x in (36, 64):
        pen.line([(x, 10), (x, 34)], 10)
    pen.box(20, 32, 60, 12, 4)
    pen.area([(26, 42), (74, 42), *arc(50, 50, 24, 0, 180)])
    pen.line([(50, 70), (50, 94)], 10)


SIGNS: Mapping[str, Callable[[Pen], None]] = {
    "policy": _megaphone,
    "service": _wrench,
    "reminder": _clock,
    "urgent": _triangle,
    "yes": _tick,
    "no": _bar,
    "checkin": _clipboard,
    "entry": _keypad,
    "question": _speech,
    "help": _raised_hand,
    "emergency": _beacon,
    "fire": _flame,
    "state": _gear,
    "missing": _plug,
}


def draw(sign: Sign) -> Image.Image:
    pen = Pen(sign.side, sign.colour, sign.ground)
    SIGNS[sign.name](pen)
    return pen.picture()


def sheet(side: int, ink: int, ground: int) -> Iterator[tuple[str, Image.Image]]:
    """All of them in one colour, to look at."""
    for name in SIGNS:
        yield name, draw(Sign(name, 0, 0, side, ink, ground))
