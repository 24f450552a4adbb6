"""The picture library (ICL), by its bytes."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from drivers.wire import crc16
from panel.dwin.icl import MAX_PICTURE, jpeg, library


def modbus(data: bytes) -> int:
    """Bit by bit, as its definition has it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def painted(width: int, height: int, seed: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), (seed * 40 % 256, 90, 20))
    picture.paste((255, 255, 255), (seed, seed, seed + 20, seed + 20))
    return picture


def test_the_checksum_is_that_of_modbus() -> None:
    assert crc16(b"123456789") == b"\x37\x4b"
    assert crc16(bytes(range(256))) == modbus(bytes(range(256))).to_bytes(2, "little")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_head_index_and_pictures(count: int) -> None:
    sizes = [(64 + 16 * n, 48) for n in range(count)]
    data = library([(w, h, jpeg(painted(w, h, n))) for n, (w, h) in enumerate(sizes)])
    assert data[:6] == b"DGUS_3"
    assert data[6:8] == struct.pack("<H", modbus(data[8:]))
    assert struct.unpack(">IBHB", data[8:16]) == (len(data) - 8, 4, count - 1, 0)
    at = 16 + 4 * count
    for n, (width, height) in enumerate(sizes):
        assert struct.unpack_from(">I", data, 16 + 4 * n)[0] == at
        w, h, head, rest = struct.unpack_from(">HHHI", data, at)
        assert (w, h) == (width, height)
        assert (10 + head) % 4 == 0
        raw = data[at + 10 : at + 10 + head + rest]
        scan = raw.index(b"\xff\xda")
        length = int.from_bytes(raw[scan + 2 : scan + 4], "big")
        assert scan + 2 + length == head  # its header is what was lengthened
        assert 12 <= length <= 15
        tail = raw[raw.rindex(b"\xff\xd9") + 2 :]
        assert tail == bytes(len(tail))
        assert 8 <= len(tail) <= 11
        plain = raw[: scan + 2] + b"\x00\x0c" + raw[scan + 4 : scan + 14] + raw[head:]
        with Image.open(io.BytesIO(plain)) as picture:
            picture.load()
            assert picture.size == (width, height)
            assert "progressive" not in picture.info
            red = picture.convert("RGB").getpixel((width - 1, height - 1))
        assert isinstance(red, tuple)
        assert abs(red[0] - n * 40 % 256) < 12
        at += 10 + head + rest
        assert at % 4 == 0
    assert at == len(data)


def test_each_padding_occurs() -> None:
    """Comments of four lengths bring the scan to all four remainders."""
    plain = jpeg(painted(64, 48, 1))
    seen = set()
    for extra in range(4):
        comment = b"\xff\xfe" + (2 + extra).to_bytes(2, "big") + bytes(extra)
        record = library([(64, 48, plain[:2] + comment + plain[2:])])[20:]
        head = struct.unpack_from(">H", record, 4)[0]
        assert (10 + head) % 4 == 0
        scan = record.index(b"\xff\xda")
        seen.add(int.from_bytes(record[scan + 2 : scan + 4], "big") - 12)
    assert seen == {0, 1, 2, 3}


def test_a_picture_that_is_too_large_for_the_panel_is_refused() -> None:
    with pytest.raises(ValueError, match="picture 0"):
        library([(1, 1, bytes(MAX_PICTURE + 1))])
