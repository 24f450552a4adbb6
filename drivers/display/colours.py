"""The colours of designed pages, as 0xRRGGBB: all text has a contrast of 7:1 or more against its ground."""

from __future__ import annotations

from collections.abc import Mapping

WHITE, INK, NIGHT = 0xFFFFFF, 0x101418, 0x0E1B24
KEY_GROUND = 0x2B3D4A
GREEN, RED, BLUE, TEAL, AMBER, PURPLE, GREY = 0x126229, 0x7D100C, 0x123C7A, 0x0A545A, 0x6A4300, 0x4A1F7A, 0x343A40
PALE, STRIPE, YELLOW = 0xB8C4CC, 0xC3201A, 0xFFD400
"""Captions on the dark ground of the idle page; the stripes of an emergency; the frame of a fire."""

GROUNDS: Mapping[str, tuple[int, int, int]] = {
    "idle": (NIGHT, WHITE, PALE),
    "yes": (GREEN, WHITE, WHITE),
    "no": (RED, WHITE, WHITE),
    "checkin": (BLUE, WHITE, WHITE),
    "entry": (NIGHT, WHITE, PALE),
    "question": (WHITE, INK, INK),
    "help": (PURPLE, WHITE, WHITE),
    "emergency": (WHITE, 0x6E0C08, INK),
    "fire": (RED, WHITE, WHITE),
    "state": (GREY, WHITE, WHITE),
    "missing": (GREY, WHITE, WHITE),
}
"""Ground, ink, ink of the caption."""
BANDS: Mapping[str, int] = {"policy": BLUE, "service": TEAL, "reminder": AMBER, "urgent": RED, "question": PURPLE}
"""The band behind the title of a notice, by category, and of a question."""


def rgb565(colour: int) -> int:
    """As panels of both kinds are told a colour of 0xRRGGBB: five bits of red, six of green, five of blue."""
    return (colour >> 8 & 0xF800) | (colour >> 5 & 0x07E0) | (colour >> 3 & 0x1F)
