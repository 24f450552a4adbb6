"""A picture library (`NN….icl`): JPEGs by number, as the panel's decoder wants them.

The header of each JPEG's scan is lengthened so that its data begins at a multiple of four bytes, and zeros follow its end.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

from PIL import Image

from drivers.wire import crc16

MAGIC = b"DGUS_3"
QUALITIES = (90, 75, 60)
"""Of the JPEGs, the preferred first: with large letters the flash has little room for pictures."""
MAX_PICTURE = 252 * 1024
"""Of one JPEG, in bytes, as the maker states it."""
_HEAD, _RECORD = struct.Struct(">IBHB"), struct.Struct(">HHHI")
_AT = len(MAGIC) + 2
_START_OF_SCAN = b"\xff\xda"
_ZEROS = 8
"""After the end of each picture, at least."""


def jpeg(picture: Image.Image, quality: int = QUALITIES[0]) -> bytes:
    """Baseline, with three components, halved in colour: what most panels' libraries have."""
    data = io.BytesIO()
    picture.convert("RGB").save(data, "JPEG", quality=quality, subsampling="4:2:0", optimize=True, progressive=False)
    return data.getvalue()


def library(pictures: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Of width, height and JPEG, numbered from 0. Raises ValueError for one that is too large."""
    first = _AT + _HEAD.size + 4 * len(pictures)
    offsets, records = [], bytearray()
    for number, (width, height, data) in enumerate(pictures):
        if len(data) > MAX_PICTURE:
            raise ValueError(f"picture {number} has {len(data)} bytes: at most {MAX_PICTURE}")
        offsets.append(first + len(records))
        records += _record(width, height, data)
    index = struct.pack(f">{len(offsets)}I", *offsets)
    size = _HEAD.size + len(index) + len(records)
    body = _HEAD.pack(size, 4, len(pictures) - 1, 0) + index + records
    return MAGIC + crc16(body) + body


def _record(width: int, height: int, data: bytes) -> bytes:
    start = _scan(data)
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    end = start + 2 + length
    pad = -(_RECORD.size + end) % 4
    head = data[: start + 2] + (length + pad).to_bytes(2, "big") + data[start + 4 : end] + b"\xff" * pad
    rest = data[end:] + bytes(_ZEROS)
    rest += bytes(-len(rest) % 4)
    return _RECORD.pack(width, height, len(head), len(rest)) + head + rest


def _scan(data: bytes) -> int:
    """Where the JPEG's start of scan is: the segments before it are gone through by their lengths."""
    at = 2
    while data[at : at + 2] != _START_OF_SCAN:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at
