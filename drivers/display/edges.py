"""What runs round a whole page: stripes of red and white round an emergency, a yellow frame round a fire. Pure; lengths in pixels."""

from __future__ import annotations

from contract.frozen import frozen
from drivers.display.colours import STRIPE, YELLOW

EDGE = 12
"""How wide it is."""


@frozen
class Fill:
    """A rectangle of one colour."""

    x: int
    y: int
    width: int
    height: int
    colour: int


def edges(wide: int, high: int, look: str) -> tuple[Fill, ...]:
    """None but round an emergency and a fire."""
    if look == "fire":
        return (
            Fill(0, 0, wide, EDGE, YELLOW),
            Fill(0, high - EDGE, wide, EDGE, YELLOW),
            Fill(0, 0, EDGE, high, YELLOW),
            Fill(wide - EDGE, 0, EDGE, high, YELLOW),
        )
    if look != "emergency":
        return ()
    stripe = 4 * EDGE
    along = [
        Fill(x, y, min(stripe // 2, wide - x), EDGE, STRIPE) for x in range(0, wide, stripe) for y in (0, high - EDGE)
    ]
    beside = [
        Fill(x, y, EDGE, min(stripe // 2, high - y), STRIPE) for y in range(0, high, stripe) for x in (0, wide - EDGE)
    ]
    return (*along, *beside)
