"""What keypads on a serial line send for a key. Data: a further make is a further row."""

from __future__ import annotations

from collections.abc import Mapping

KEYS = "0123456789*#"
"""The keys there are; `*` clears, `#` ends an entry."""

CODES: Mapping[str, Mapping[int, str]] = {
    "ascii": {**{ord(key): key for key in KEYS}, 0x0D: "#", 0x1B: "*", 0x08: "*", 0x7F: "*"},
    "wiegand4": {**{digit: str(digit) for digit in range(10)}, 0x0A: "*", 0x0B: "#"},
    "wiegand8": {**{(15 - digit) << 4 | digit: str(digit) for digit in range(10)}, 0x5A: "*", 0x4B: "#"},
}
"""By name: `ascii`, characters as printed, Enter for # and Escape or Backspace for *; `wiegand4`, the four bits of a Wiegand keypad as a byte
(0A is *, 0B is #); `wiegand8`, the same with its complement in the upper half."""


def code(text: str) -> int | None:
    """A code as the configuration names it: one character, or `0x1B`."""
    if len(text) == 1:
        return ord(text) if ord(text) < 256 else None
    if text[:2].lower() == "0x" and 3 <= len(text) <= 4:
        try:
            return int(text, 0)
        except ValueError:
            return None
    return None
