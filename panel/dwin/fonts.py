"""Fonts as a panel keeps them: bitmaps without a head, rows from the top, the leftmost pixel in the highest bit, 1 is ink.

A Chinese font has a square cell for each place of its code's table; the first file has ASCII in all sizes, each cell twice as high as wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from unicodedata import east_asian_width

from PIL import Image, ImageDraw

from contract.frozen import frozen
from drivers.display.design import Letters
from panel import weight
from panel.letters import Face, ink

ASCII_SIZES = range(4, 65)
"""Widths of the ASCII cells."""
_ASCII_CODES = 128
_BASELINE = 0.88
"""Of Chinese letters, as a part of their cell: the em square stands in it whole."""
_LATIN_BASELINE, _LATIN_SIZE = 0.84, 0.88
"""Latin letters stand a little higher, so that their tails fit; their digits are just as wide as the cell."""
_STAR = 1.4
"""A star stands for a key that was typed: larger than a font has it, and in the middle as the digits are."""
_NOWHERE = "\U0010fffd"


@frozen
class CodeTable:
    """How a code's two bytes lead to a cell: `highs` × `lows`, row by row."""

    codec: str
    highs: tuple[int, ...]
    lows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.highs) * len(self.lows)

    def characters(self) -> Iterator[tuple[int, str]]:
        """What the code defines, with the number of its cell."""
        for cell in range(len(self)):
            high, low = divmod(cell, len(self.lows))
            try:
                yield cell, bytes((self.highs[high], self.lows[low])).decode(self.codec)
            except UnicodeDecodeError:
                continue


TABLES = {
    "gbk": CodeTable("gbk", tuple(range(0x81, 0xFF)), (*range(0x40, 0x7F), *range(0x80, 0xFF))),
    "gb2312": CodeTable("gb2312", tuple(range(0xA1, 0xFF)), tuple(range(0xA1, 0xFF))),
}


def cell_bytes(width: int, height: int) -> int:
    return (width + 7) // 8 * height


def chinese_bytes(letters: Letters) -> int:
    """The size of its file, before it is made."""
    return len(TABLES[letters.charset]) * cell_bytes(letters.size, letters.size)


def chinese(face: Face, letters: Letters) -> tuple[bytes, tuple[str, ...]]:
    """The file, and the characters of the code that the font doesn't have: an empty frame stands for each."""
    table, size = TABLES[letters.charset], letters.size
    each = cell_bytes(size, size)
    data = bytearray(len(table) * each)
    pen = _Pen(face, size)
    nowhere, frame, missing = pen.glyph(_NOWHERE), pen.frame(), []
    for cell, char in table.characters():
        glyph = pen.glyph(char)
        if not char.isspace() and (glyph == nowhere or not any(glyph)):
            missing.append(char)
            glyph = frame
        data[cell * each : (cell + 1) * each] = glyph
    return bytes(data), tuple(missing)


class _Pen:
    """Draws one glyph after the other into one square cell."""

    def __init__(self, face: Face, size: int) -> None:
        self._font, self._size = face.at(size), size
        self._cell = Image.new("L", (size, size))
        self._draw = ImageDraw.Draw(self._cell)
        self._baseline = round(size * _BASELINE)

    def glyph(self, char: str) -> bytes:
        """In the middle of the cell, if it is narrower."""
        self._cell.paste(0, (0, 0, self._size, self._size))
        wide = east_asian_width(char) in "WF"
        left = 0 if wide else max(0, self._size - round(self._font.getlength(char))) // 2
        self._draw.text((left, self._baseline), char, font=self._font, fill=255, anchor="ls")
        return weight.bits(self._cell).tobytes()

    def frame(self) -> bytes:
        self._cell.paste(0, (0, 0, self._size, self._size))
        edge = self._size // 8
        self._draw.rectangle((edge, edge, self._size - 1 - edge, self._size - 1 - edge), outline=255, width=2)
        return weight.bits(self._cell).tobytes()


@lru_cache(maxsize=1)
def ascii_font(face: Face) -> bytes:
    """All sizes, each with 128 cells; of control characters they are empty."""
    return b"".join(
        bytes(cell_bytes(width, 2 * width)) if not chr(code).isprintable() else _latin(face, chr(code), width)
        for width in ASCII_SIZES
        for code in range(_ASCII_CODES)
    )


def ascii_offset(width: int) -> int:
    """Where the cells of that width begin."""
    return sum(_ASCII_CODES * cell_bytes(each, 2 * each) for each in range(ASCII_SIZES.start, width))


def _latin(face: Face, char: str, width: int) -> bytes:
    """In the middle of the cell; what is wider than it is drawn finely and made narrower."""
    height = 2 * width
    font = face.at(height * _LATIN_SIZE)
    tails = ink(font, "gjpqy")[3]
    baseline = round(min(height * _LATIN_BASELINE, height - tails))
    if char == "*":
        middle = baseline + ink(font, "0")[1] // 2
        font = face.at(height * _LATIN_SIZE * _STAR)
        baseline = middle - (ink(font, char)[1] + ink(font, char)[3]) // 2
    left, _, right, _ = ink(font, char)
    room = width - -(-width // 12) if width >= 8 else width
    if right - left <= room:
        cell = Image.new("L", (width, height))
        start = (width - (right - left)) // 2 - left
        ImageDraw.Draw(cell).text((start, baseline), char, font=font, fill=255, anchor="ls")
        return weight.bits(cell).tobytes()
    fineness = 4 if width <= 24 else 2
    large = face.at(font.size * fineness)
    left, _, right, _ = ink(large, char)
    fine = Image.new("L", (right - left, height * fineness))
    ImageDraw.Draw(fine).text((-left, baseline * fineness), char, font=large, fill=255, anchor="ls")
    cell = Image.new("L", (width, height))
    cell.paste(fine.resize((room, height), Image.Resampling.BOX), ((width - room) // 2, 0))
    return weight.bits(cell).tobytes()
