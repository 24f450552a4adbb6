"""Fonts as the panel keeps them: bitmaps without a head, rows from the left in whole bytes, 1 is ink. Pure.

A file of half-width letters has the sizes 4×8 to 64×128 one behind the other, 128 letters each; a file of Chinese characters has one size,
which only the text fields know. By the vendor's manual of text fields (0x11) and by public projects' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

LETTERS = 128
SMALLEST, LARGEST = 4, 64
EIGHT_BIT, GB2312, GBK, BIG5, SJIS, UNICODE = range(6)
CODECS = {EIGHT_BIT: "latin-1", GB2312: "gb2312", GBK: "gbk", UNICODE: "utf-16-be"}
"""Charsets that are drawn."""


def bytes_of(across: int, down: int) -> int:
    return (across + 7) // 8 * down


@lru_cache(maxsize=LARGEST + 2)
def _start(size: int) -> int:
    """Of the letters that are `size` wide, in a file of all sizes."""
    return sum(LETTERS * bytes_of(each, 2 * each) for each in range(SMALLEST, size))


ALL_SIZES = _start(LARGEST + 1)
"""Bytes of a file of half-width letters."""


class Fonts:
    """By the number that leads a file's name. Each asks for a bitmap; None says that the file has none there, or that there is no file."""

    def __init__(self, files: Mapping[int, bytes]) -> None:
        self._files = files

    def letter(self, font: int, code: int, across: int) -> bytes | None:
        """`across` × twice that."""
        data = self._files.get(font, b"")
        size = bytes_of(across, 2 * across)
        if code >= LETTERS or (len(data) == ALL_SIZES and not SMALLEST <= across <= LARGEST):
            return None
        return _cut(data, code * size + (_start(across) if len(data) == ALL_SIZES else 0), size)

    def character(self, font: int, charset: int, code: bytes, across: int, down: int) -> bytes | None:
        index = _index(charset, code)
        size = bytes_of(across, down)
        return None if index is None else _cut(self._files.get(font, b""), index * size, size)


def _cut(data: bytes, start: int, size: int) -> bytes | None:
    glyph = data[start : start + size]
    return glyph if len(glyph) == size else None


def _index(charset: int, code: bytes) -> int | None:
    """Where a double-byte code stands in a file of its charset."""
    high, low = code
    if charset == GBK and 0x81 <= high <= 0xFE and 0x40 <= low <= 0xFE and low != 0x7F:
        return (high - 0x81) * 190 + low - 0x40 - (low > 0x7F)
    if charset == GB2312 and 0xA1 <= high <= 0xFE and 0xA1 <= low <= 0xFE:
        return (high - 0xA1) * 94 + low - 0xA1
    return high << 8 | low if charset == UNICODE else None
