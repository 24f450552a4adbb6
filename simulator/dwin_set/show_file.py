"""The display file (`14*.bin`): which variables each page shows, where and how. Read, and written again byte for byte. Pure.

A head of 16 bytes; 4092 entries of a page (how many records, and where they begin); records of 32 bytes; 32 bytes FF. Big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

HEAD = b"\x14DGUS_2\x10"
PAGES = 4092
RECORD = 32
_BASE = 16 + 4 * PAGES
_TEXT = struct.Struct(">4H 4H H BBBBBBB B")
ICON, NUMBER, TEXT, CLOCK = 0x00, 0x10, 0x11, 0x12
FROM_FILE = 0xFFFF
"""As a record's `sp`: its description cannot be changed over the line."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing shown. The description is what stands from the variable's address on: `words` words of it count."""

    kind: int
    sp: int
    words: int
    description: bytes

    @property
    def vp(self) -> int:
        return int.from_bytes(self.description[:2], "big")

    @property
    def size(self) -> int:
        """Bytes of the description that the panel keeps in its memory at `sp`, where there is one."""
        return min(2 * self.words, len(self.description))

    def encode(self) -> bytes:
        return struct.pack(">BBHH", 0x5A, self.kind, self.sp, self.words) + self.description


@dataclass(frozen=True, slots=True)
class ShowFile:
    """The records of each page that has some, in their order."""

    highest: int
    pages: Mapping[int, tuple[Record, ...]]

    def page(self, number: int) -> tuple[Record, ...]:
        return self.pages.get(number, ())

    def encode(self) -> bytes:
        index, body = bytearray(), bytearray()
        for number in range(PAGES):
            records = self.page(number)
            index += bytes([len(records)]) + (_BASE + len(body)).to_bytes(3, "big")
            body += b"".join(record.encode() for record in records)
        return HEAD + struct.pack(">H6x", self.highest) + bytes(index + body) + b"\xff" * RECORD


def parse_show_file(data: bytes) -> ShowFile:
    """Raises ValueError with the place of the fault."""
    if data[:8] != HEAD or len(data) < _BASE + RECORD:
        raise ValueError("not a display file: its head is not 14 DGUS_2 10")
    pages, end = {}, _BASE
    for number in range(PAGES):
        entry = data[16 + 4 * number : 20 + 4 * number]
        count, start = entry[0], int.from_bytes(entry[1:], "big")
        if start != end:
            raise ValueError(f"page {number} begins at {start:X}, expected {end:X}")
        end = start + RECORD * count
        if count:
            pages[number] = tuple(_record(data, at) for at in range(start, end, RECORD))
    if data[end:] != b"\xff" * RECORD:
        raise ValueError(f"{len(data) - end} bytes behind the last record, expected 32 of FF")
    return ShowFile(int.from_bytes(data[8:10], "big"), pages)


def _record(data: bytes, at: int) -> Record:
    raw = data[at : at + RECORD]
    if len(raw) < RECORD or raw[0] != 0x5A:
        raise ValueError(f"no record at {at:X}")
    _, kind, sp, words = struct.unpack(">BBHH", raw[:6])
    return Record(kind, sp, words, raw[6:])


@dataclass(frozen=True, slots=True)
class TextField:
    """A text (0x11): where it begins, its box (the last pixels inside), how many bytes it takes, its fonts and the size of their letters."""

    vp: int
    x: int
    y: int
    colour: int
    left: int
    top: int
    right: int
    bottom: int
    length: int
    ascii_font: int
    font: int
    across: int
    down: int
    mode: int
    gap: int
    line_gap: int
    end: int = 0

    @property
    def charset(self) -> int:
        """0 of 8 bits, 1 GB2312, 2 GBK, 3 BIG5, 4 SJIS, 5 Unicode."""
        return self.mode & 0x0F

    @property
    def align(self) -> int:
        """0 left, 1 right, 2 centred."""
        return self.mode >> 5 & 3

    def encode(self) -> bytes:
        """The description."""
        place = (self.vp, self.x, self.y, self.colour, self.left, self.top, self.right, self.bottom, self.length)
        letters = (self.ascii_font, self.font, self.across, self.down, self.mode, self.gap, self.line_gap)
        return _TEXT.pack(*place, *letters, self.end)


def text_field(description: bytes) -> TextField:
    return TextField(*_TEXT.unpack(description[: _TEXT.size]))
