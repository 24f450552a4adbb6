"""The touch file (`13*.bin`): what a finger does, page by page. Read, and written again byte for byte. Pure.

Records of 16, 32, 48 or 64 bytes by their function, then FF FF. Big-endian. Where areas overlap, the earlier record counts.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

NO_PAGE = 0xFF00
RETURN_KEY = 0x05
WORD, HIGH_BYTE, LOW_BYTE = 0, 1, 2
_HEAD = struct.Struct(">BB 4H HH H")
_SIZES = {2: 32, 3: 32, 5: 32, 0x0B: 32, 0x0D: 32, 1: 48, 8: 48, 0: 64, 6: 64}
_UPLOADED, _SILENT = 0xFE, 0xFD


@dataclass(frozen=True, slots=True)
class Touch:
    """An area of a page (the last pixels are inside), the page it leads to, and its function; `more` is what follows the first 16 bytes."""

    page: int
    voice: int
    left: int
    top: int
    right: int
    bottom: int
    next_page: int
    pressed_page: int
    code: int
    more: bytes = b""

    @property
    def function(self) -> int | None:
        """None of a key of the panel's own keyboards, or of a plain change of page."""
        return self.code & 0xFF if self.code >> 8 in {_UPLOADED, _SILENT} else None

    @property
    def uploads(self) -> bool:
        return self.code >> 8 == _UPLOADED

    @property
    def vp(self) -> int:
        return int.from_bytes(self.more[1:3], "big")

    @property
    def mode(self) -> int:
        return self.more[3]

    @property
    def value(self) -> int:
        """What a return key writes."""
        return int.from_bytes(self.more[4:6], "big")

    def at(self, x: int, y: int) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def encode(self) -> bytes:
        area = (self.left, self.top, self.right, self.bottom)
        first = self.voice << 2 | self.page >> 8
        return _HEAD.pack(first, self.page & 0xFF, *area, self.next_page, self.pressed_page, self.code) + self.more


@dataclass(frozen=True, slots=True)
class TouchFile:
    touches: tuple[Touch, ...] = ()

    def page(self, number: int) -> tuple[Touch, ...]:
        return tuple(each for each in self.touches if each.page == number)

    def encode(self) -> bytes:
        return b"".join(each.encode() for each in self.touches) + b"\xff\xff"


def parse_touch_file(data: bytes) -> TouchFile:
    """Raises ValueError with the place of the fault."""
    touches, at = [], 0
    while data[at : at + 2] != b"\xff\xff":
        if len(data) < at + _HEAD.size:
            raise ValueError(f"ends in a record, at {at:X}")
        first, page, left, top, right, bottom, next_page, pressed, code = _HEAD.unpack_from(data, at)
        size = 16
        if code >> 8 in {_UPLOADED, _SILENT}:
            if code & 0xFF not in _SIZES:
                raise ValueError(f"unknown function {code:04X} at {at:X}")
            size = _SIZES[code & 0xFF]
        more = data[at + 16 : at + size]
        if len(more) < size - 16 or any(more[block] != _UPLOADED for block in range(0, len(more), 16)):
            raise ValueError(f"a block of function {code:04X} at {at:X} does not begin with FE")
        number = (first & 3) << 8 | page
        touches.append(Touch(number, first >> 2, left, top, right, bottom, next_page, pressed, code, more))
        at += size
    if at + 2 != len(data):
        raise ValueError(f"{len(data) - at - 2} bytes behind the end")
    return TouchFile(tuple(touches))
