"""Picture libraries (`NN*.icl`): JPEGs by number, each as the panel's decoder wants it. Read, and written again byte for byte. Pure.

The header of a JPEG's scan is lengthened so that its data begins at a multiple of four, and zeros follow its end; a usual decoder needs
it as it was before. The checksum in the head is CRC-16/Modbus of all that follows it, low byte first. Else big-endian.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

HEAD = b"DGUS_3"
KIND = 0x04
_RECORD = struct.Struct(">HHHI")
_START_OF_SCAN = b"\xff\xda"
_END_OF_IMAGE = b"\xff\xd9"
_TAIL = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """`jpeg` as any decoder takes it; `fill` is the byte its scan's header was lengthened with."""

    width: int
    height: int
    jpeg: bytes
    fill: int = 0xFF

    def encode(self) -> bytes:
        scan = _scan(self.jpeg)
        end = scan + 2 + int.from_bytes(self.jpeg[scan + 2 : scan + 4], "big")
        pad = -(_RECORD.size + end) % 4
        head = bytearray(self.jpeg[:end] + bytes([self.fill]) * pad)
        head[scan + 2 : scan + 4] = (end - scan - 2 + pad).to_bytes(2, "big")
        rest = self.jpeg[end:] + bytes(_TAIL + -(len(self.jpeg) - end) % 4)
        return _RECORD.pack(self.width, self.height, len(head), len(rest)) + head + rest


@dataclass(frozen=True, slots=True)
class Library:
    """The pictures by number, and where each stood: `offsets` is the index, with 0 for a number without a picture."""

    count: int
    """As the head states it: the highest number, or by an older tool how many there are."""
    offsets: tuple[int, ...]
    pictures: Mapping[int, Picture]
    size: int

    def encode(self) -> bytes:
        data = bytearray(self.size)
        data[:6] = HEAD
        struct.pack_into(">IBHB", data, 8, self.size - 8, KIND, self.count, 0)
        struct.pack_into(f">{len(self.offsets)}I", data, 16, *self.offsets)
        for number, picture in self.pictures.items():
            raw = picture.encode()
            data[self.offsets[number] : self.offsets[number] + len(raw)] = raw
        data[6:8] = crc16(bytes(data[8:])).to_bytes(2, "little")
        return bytes(data)


def parse_library(data: bytes) -> Library:
    """Raises ValueError with the place of the fault."""
    if data[:6] != HEAD or len(data) < 20:
        raise ValueError("not a picture library: its head is not DGUS_3")
    size, kind, count, plain = struct.unpack_from(">IBHB", data, 8)
    if (kind, plain, size) != (KIND, 0, len(data) - 8):
        raise ValueError(f"a library of kind {kind} {plain} and {size + 8} bytes in a file of {len(data)}")
    if int.from_bytes(data[6:8], "little") != crc16(data[8:]):
        raise ValueError("the checksum is wrong")
    offsets = _index(data)
    pictures = {number: _picture(data, at) for number, at in enumerate(offsets) if at}
    return Library(count, offsets, pictures, len(data))


def _index(data: bytes) -> tuple[int, ...]:
    """It ends where the first picture begins: the number in the head does not always tell."""
    offsets: list[int] = []
    first = len(data)
    while 20 + 4 * len(offsets) <= first:
        (at,) = struct.unpack_from(">I", data, 16 + 4 * len(offsets))
        offsets.append(at)
        first = min(first, at or first)
    return tuple(offsets)


def _picture(data: bytes, at: int) -> Picture:
    if at + _RECORD.size > len(data):
        raise ValueError(f"a picture at {at:X}, behind the end")
    width, height, head, rest = _RECORD.unpack_from(data, at)
    start = at + _RECORD.size
    raw = data[start : start + head + rest]
    scan = _scan(raw)
    length, components = int.from_bytes(raw[scan + 2 : scan + 4], "big"), raw[scan + 4] if scan + 4 < len(raw) else 0
    if scan + 2 + length != head or len(raw) < head + rest or length < 6 + 2 * components:
        raise ValueError(f"the picture at {at:X} has other lengths than it says")
    plain = 6 + 2 * components
    pad = raw[scan + 2 + plain : head]
    end = raw.rfind(_END_OF_IMAGE, head) + 2
    if end < 2:
        raise ValueError(f"the picture at {at:X} has no end")
    jpeg = raw[:scan] + _START_OF_SCAN + plain.to_bytes(2, "big") + raw[scan + 4 : scan + 2 + plain] + raw[head:end]
    return Picture(width, height, jpeg, pad[0] if pad else 0xFF)


def _scan(jpeg: bytes) -> int:
    """Where the header of the scan begins."""
    at = 2
    while jpeg[at : at + 2] != _START_OF_SCAN:
        if at + 4 > len(jpeg) or jpeg[at] != 0xFF:
            raise ValueError("a picture that is no JPEG")
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return at


@lru_cache(maxsize=1)
def _steps() -> array[int]:
    """What two bytes make of the checksum."""
    steps = array("H", range(0x10000))
    for start in range(0x10000):
        crc = start
        for _ in range(16):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        steps[start] = crc
    return steps


def crc16(data: bytes) -> int:
    """CRC-16/Modbus, two bytes at a time: libraries have some megabytes."""
    crc, steps = 0xFFFF, _steps()
    odd = len(data) % 2
    for (pair,) in struct.iter_unpack("<H", data[: len(data) - odd]):
        crc = steps[crc ^ pair]
    if odd:
        crc ^= data[-1]
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
