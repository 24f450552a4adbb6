"""How a character terminal draws a panel: colours and a sign for each kind of page, large digits. Our own table; only values."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """`ground` and `ink` of the page, `band` behind its title (its ground where it has none); `sign`, and one in ASCII."""

    ground: str
    ink: str
    sign: str
    plain: str
    band: str = ""
    band_ink: str = "#ffffff"


_NIGHT, _WHITE, _INK, _RED = "#0e1b24", "#ffffff", "#101418", "#8f1510"
LOOKS = {
    "idle": Look(_NIGHT, _WHITE, "", ""),
    "policy": Look(_WHITE, _INK, "★", "*", "#123c7a"),
    "service": Look(_WHITE, _INK, "ℹ", "i", "#0a545a"),
    "reminder": Look(_WHITE, _INK, "♥", "!", "#6a4300"),
    "urgent": Look(_WHITE, _INK, "⚠", "!!", _RED),
    "yes": Look("#0f5a22", _WHITE, "✔", "OK"),
    "no": Look(_RED, _WHITE, "✖", "X"),
    "checkin": Look("#123c7a", _WHITE, "✎", "OK"),
    "entry": Look(_NIGHT, _WHITE, "⌨", "#"),
    "question": Look(_WHITE, _INK, "?", "?", "#4a1f7a"),
    "help": Look("#4a1f7a", _WHITE, "☎", "SOS"),
    "emergency": Look(_WHITE, "#6e0c08", "⚠", "!!!", "#c3201a"),
    "fire": Look(_RED, "#ffd400", "▲", "/!\\"),
    "state": Look("#343a40", _WHITE, "⚙", "~"),
    "missing": Look("#343a40", _WHITE, "…", "..."),
}
PLAIN_PAGES = {"notice": "policy", "answer": "yes", "refused": "no", "alarm": "emergency"}
"""Of a panel without designed pages: the picture that comes nearest."""

_DIGITS = {
    "0": "111101101101111",
    "1": "010110010010111",
    "2": "111001111100111",
    "3": "111001111001111",
    "4": "101101111001001",
    "5": "111100111001111",
    "6": "111100111101111",
    "7": "111001001001001",
    "8": "111101111101111",
    "9": "111101111001111",
    ":": "000010000010000",
    "-": "000000111000000",
}
"""Three columns by five rows of dots."""
_HALVES = {"00": " ", "10": "▀", "01": "▄", "11": "█"}
BLOCKS = "▀▄█●"
"""What they are drawn of where the terminal can."""


def is_clock(text: str) -> bool:
    return re.fullmatch(r"[0-9-]{2}:[0-9-]{2}", text) is not None


def digits(text: str, rows: int, *, blocks: bool) -> list[str]:
    """A clock in dots: in three rows of half blocks, in five of whole ones, or of `#`. Nothing in it but digits, `:` and `-`."""
    if rows < 5 and blocks:
        return [" ".join(_halved(_DIGITS[char], row) for char in text) for row in (0, 2, 4)]
    dot, space, gap = ("██", "  ", "  ") if blocks else ("#", " ", " ")
    return [
        gap.join("".join(dot if _DIGITS[char][3 * row + at] == "1" else space for at in range(3)) for char in text)
        for row in range(5)
    ]


def _halved(dots: str, row: int) -> str:
    lower = dots[3 * row + 3 : 3 * row + 6] or "000"
    return "".join(_HALVES[dots[3 * row + at] + lower[at]] for at in range(3))
