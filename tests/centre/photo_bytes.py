"""Photos as phones make them, and as somebody makes them who means harm: bytes, without an image library."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 8, height: int = 8, *extra: tuple[bytes, bytes]) -> bytes:
    """Grey; `extra` chunks stand behind its head."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * min(width, 64) for _row in range(min(height, 64))))
    parts = [(b"IHDR", head), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif(way: int = 6, order: str = "<") -> bytes:
    """As a phone writes it: how it is to be turned, and where it was taken."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = [(0x0112, 3, 1, struct.pack(f"{order}HH", way, 0)), (0x8825, 4, 1, struct.pack(f"{order}I", 38))]
    body = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3] for entry in entries)
    tiff = mark + struct.pack(f"{order}IH", 8, len(entries)) + body + struct.pack(f"{order}I", 0)
    return segment(0xE1, b"Exif\0\0" + tiff + b"GPS 39.9042N 116.4074E")


# Eight by eight, grey, baseline: made by libjpeg.
_JPEG = bytes.fromhex(
    "ffd8ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27"
    "393d38323c2e333432ffc0000b080008000801011100ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002"
    "010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728"
    "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5"
    "a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00"
    "2a8affd9"
)


def jpeg(*extra: bytes, tail: bytes = b"", size: tuple[int, int] = (8, 8)) -> bytes:
    """`extra` segments stand behind its start; `tail` behind its end."""
    made = _JPEG.replace(struct.pack(">HH", 8, 8), struct.pack(">HH", size[1], size[0]), 1)
    return made[:2] + b"".join(extra) + made[2:] + tail
