"""The keys that a designed page draws for the finger: where, and what each says. Pure; lengths in pixels.

A key uploads the ASCII code of its label, as a separate keypad sends it.
"""

from __future__ import annotations

from contract.frozen import frozen

KEYPAD = ("123", "456", "789", "*0#")
ANSWERS = "12345*#"
ANYWHERE = " "
"""The label of the one key that is the whole of a page on which nothing is typed: not drawn. It says that somebody is there."""
GAP = 8
LEAST = 40
"""A key's least width and height: 8 mm on a panel of 4.3 inch."""


@frozen
class Key:
    """A key's box, and its colours."""

    label: str
    x: int
    y: int
    width: int
    height: int
    ground: int
    ink: int

    @property
    def code(self) -> int:
        return ord(self.label)


def grid(
    rows: tuple[str, ...], box: tuple[int, int, int, int], colours: tuple[int, int], gap: int = GAP
) -> tuple[Key, ...]:
    """Keys that fill the box, those of a row all as wide; none where they would be too small to hit."""
    left, top, width, height = box
    wide = [(width - (len(labels) - 1) * gap) // len(labels) for labels in rows]
    high = (height - (len(rows) - 1) * gap) // len(rows)
    if min(*wide, high) < LEAST:
        return ()
    ground, ink = colours
    return tuple(
        Key(label, left + column * (each + gap), top + row * (high + gap), each, high, ground, ink)
        for row, (labels, each) in enumerate(zip(rows, wide, strict=True))
        for column, label in enumerate(labels)
    )


def anywhere(width: int, height: int) -> tuple[Key, ...]:
    return (Key(ANYWHERE, 0, 0, width, height, 0, 0),)
