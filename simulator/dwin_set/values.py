"""Numbers (0x10), icons (0x00) and clocks (0x12) of a page: what they show of the memory. Pure; the simple cases of each."""

from __future__ import annotations

from dataclasses import dataclass

_RTC = 0x0010
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_KINDS = {0: (2, True), 1: (4, True), 2: (1, False), 3: (1, False), 4: (8, True), 5: (2, False), 6: (4, False)}
"""Bytes of a number's type, and whether it has a sign; 2 and 3 are the high and the low byte of a word."""


@dataclass(frozen=True, slots=True)
class Letters:
    """One line of half-width letters."""

    text: str
    x: int
    y: int
    colour: int
    font: int
    across: int


def number(description: bytes, memory: bytes) -> Letters | None:
    """None for a type that is not known."""
    vp, x, y, colour = (int.from_bytes(description[at : at + 2], "big") for at in (0, 2, 4, 6))
    font, across, align, whole, decimals, kind = description[8:14]
    if kind not in _KINDS:
        return None
    size, signed = _KINDS[kind]
    start = 2 * vp + (kind == 3)
    value = int.from_bytes(memory[start : start + size], "big", signed=signed)
    digits = f"{abs(value):0{decimals + 1}d}"
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    text = f"{'-' if value < 0 else ''}{text}{description[15 : 15 + min(description[14], 11)].decode('latin-1')}"
    spare = whole + (decimals + 1 if decimals else 0) + min(description[14], 11) - len(text)
    x += max(0, spare) * across // {1: 1, 2: 2}.get(align & 3, 1) if align & 3 else 0
    return Letters(text, x, y, colour, font, across)


def icon(description: bytes, memory: bytes) -> tuple[int, int, int, int] | None:
    """Library, picture, x, y; None where nothing is shown."""
    vp, x, y, low, high, first, last = (int.from_bytes(description[at : at + 2], "big") for at in range(0, 14, 2))
    value = int.from_bytes(memory[2 * vp : 2 * vp + 2], "big")
    if not low <= value <= high:
        return None
    step = (value - low) * (last - first) // (high - low) if high > low else 0
    return description[14], first + step, x, y


def clock(description: bytes, memory: bytes) -> Letters:
    """The panel's own clock, by the field's pattern of letters."""
    x, y, colour = (int.from_bytes(description[at : at + 2], "big") for at in (2, 4, 6))
    font, across = description[8:10]
    pattern = description[10:26].split(b"\0")[0].decode("latin-1")
    year, month, day, weekday, hour, minute, second = memory[2 * _RTC : 2 * _RTC + 7]
    parts = {"Y": f"20{year:02}", "M": f"{month:02}", "D": f"{day:02}", "W": _WEEKDAYS[weekday % 7]}
    parts |= {"H": f"{hour:02}", "Q": f"{minute:02}", "S": f"{second:02}"}
    return Letters("".join(parts.get(each, each) for each in pattern), x, y, colour, font, across)
