"""What a text field makes of the bytes of its variable: characters in cells, line by line. Pure.

Half-width letters come from the field's ASCII font, half as wide as its characters are; in 8-bit and Unicode fields all is of the other
font, and as wide as the field says. A text ends with FF FF or 00, lines break at CR, LF and the right edge, and what has no room at the
bottom is not shown. Letters are placed as if all of one width: a panel may set them closer where bit 7 of the mode is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from simulator.dwin_set.fonts import CODECS, EIGHT_BIT, UNICODE
from simulator.dwin_set.show_file import TextField

SPACES = frozenset({b" ", b"\xa1\xa1", b"\x00 ", b"\x30\x00"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One character's place."""

    code: bytes
    x: int
    y: int
    across: int
    down: int
    wide: bool
    """Of the field's second font."""
    blank: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """A field's text in cells. `cut` is how many characters, spaces apart, had no room; `half` that it ends within a character."""

    text: str
    cells: tuple[Cell, ...]
    cut: int
    half: bool


@lru_cache(maxsize=1024)
def lay_out(field: TextField, raw: bytes) -> Laid:
    """`raw` is the memory from the field's variable on."""
    codes = list(_codes(field, raw[: field.length]))
    half = bool(codes) and field.charset != EIGHT_BIT and len(codes[-1]) == 1 and codes[-1][0] >= 0x80
    if half:
        codes.pop()
    cells: list[Cell] = []
    cut, y = 0, field.y
    for number, line in enumerate(_lines(field, codes)):
        if y + field.down - 1 > field.bottom:
            cut += sum(code not in SPACES for code in line)
        else:
            cells += _placed(field, line, field.left if number else field.x, y)
        y += field.down + field.line_gap
    codec = CODECS.get(field.charset, "latin-1")
    return Laid(b"".join(codes).decode(codec, "replace"), tuple(cells), cut, half)


def _codes(field: TextField, raw: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        if field.charset == UNICODE:
            code = raw[at : at + 2]
            if code in {b"\x00\x00", b"\xff\xff"} or len(code) < 2:
                return
        else:
            if raw[at] == 0 or raw[at : at + 2] in {b"\xff\xff", b"\xff"}:
                return
            code = raw[at : at + (1 if field.charset == EIGHT_BIT or raw[at] < 0x80 else 2)]
        yield code
        at += len(code)


def _lines(field: TextField, codes: list[bytes]) -> Iterator[list[bytes]]:
    line: list[bytes] = []
    room = field.right + 1 - field.x
    after_return = False
    for code in codes:
        mark = code[-1] if len(code) == 1 or code[0] == 0 else 0
        if mark in {0x0A, 0x0D}:
            if not (mark == 0x0A and after_return):
                yield line
                line, room = [], field.right + 1 - field.left
            after_return = mark == 0x0D
            continue
        after_return = False
        if line and _width(field, [*line, code]) > room:
            yield line
            line, room = [], field.right + 1 - field.left
        line.append(code)
    if line:
        yield line


def _across(field: TextField, code: bytes) -> int:
    return field.across // 2 if _is_half(field, code) else field.across


def _is_half(field: TextField, code: bytes) -> bool:
    return field.charset not in {EIGHT_BIT, UNICODE} and len(code) == 1


def _width(field: TextField, line: list[bytes]) -> int:
    return sum(_across(field, code) for code in line) + field.gap * (len(line) - 1)


def _placed(field: TextField, line: list[bytes], x: int, y: int) -> Iterator[Cell]:
    spare = field.right + 1 - field.left - _width(field, line)
    if field.align == 1:
        x = field.left + spare
    elif field.align == 2:
        x = field.left + spare // 2
    for code in line:
        across = _across(field, code)
        yield Cell(code, x, y, across, field.down, not _is_half(field, code), code in SPACES)
        x += across + field.gap
