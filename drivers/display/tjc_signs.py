"""Signs as few rectangles and discs, for a project that has no pictures of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract.frozen import frozen

UNITS = 24
"""A sign's side is divided into so many."""

Bar = tuple[int, int, int, int]
"""x, y, width and height in units."""

_TICK = (
    *((5 + n, 11 + n, 1, 5) for n in range(4)),
    *((9 + n, 14 - n, 1, 5) for n in range(10)),
)
_FLAME = tuple((11 - n, 4 + 2 * n, 2 + 2 * n, 2) for n in range(8))


@frozen
class Shape:
    """`under`: disc or square, filled in the ink; `bars` on it in the ground's colour, or `char` where the sign is as small as a character
    or has no bars. All characters are in GB2312.
    """

    char: str
    under: str = ""
    bars: tuple[Bar, ...] = ()


SHAPES: Mapping[str, Shape] = {
    "policy": Shape("§"),
    "service": Shape("＋"),
    "reminder": Shape("※"),
    "urgent": Shape("！"),
    "question": Shape("？"),
    "yes": Shape("√", "disc", _TICK),
    "no": Shape("×", "disc", ((4, 10, 16, 4),)),
    "checkin": Shape("√", "square", _TICK),
    "entry": Shape("＊", "square"),
    "help": Shape("＋", "disc", ((10, 5, 4, 14), (5, 10, 14, 4))),
    "emergency": Shape("！", "square", ((10, 4, 4, 10), (10, 16, 4, 4))),
    "fire": Shape("▲", "square", _FLAME),
    "state": Shape("…", "disc", ((4, 10, 4, 4), (10, 10, 4, 4), (16, 10, 4, 4))),
    "missing": Shape("□", "square", ((4, 4, 16, 16),)),
}
"""A yes and a no differ in shape, not in colour alone."""


def bars(shape: Shape, x: int, y: int, side: int) -> Iterator[Bar]:
    """In pixels, without gaps between neighbours."""
    for left, top, width, height in shape.bars:
        x0, y0 = left * side // UNITS, top * side // UNITS
        x1, y1 = (left + width) * side // UNITS, (top + height) * side // UNITS
        yield x + x0, y + y0, x1 - x0, y1 - y0
