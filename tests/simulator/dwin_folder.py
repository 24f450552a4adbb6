"""A small DWIN project made by hand, byte by byte as the formats are described: apart from what reads it and from what makes real ones.

Pages of 160×96. Page 0: a title (GBK, centred), a line of the body, a clock of letters alone. Page 1: a title whose description can be
changed over the line, and keys `1` and `#`. Page 2: a number and an icon.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

WIDE, HIGH = 160, 96
TITLE, BODY, LARGE, NUMBER, ICON, KEY, TITLE_SP = 0x5000, 0x5020, 0x5040, 0x5050, 0x5054, 0x5FF4, 0x6000
WHITE, YELLOW = 0xFFFF, 0xFFE0
GROUND, OTHER_GROUND = (16, 32, 96), (96, 16, 16)
KNOWN = "门已开停水！"
LETTER = 0xC3
"""Rows of all letters and digits up to 8 wide; of 16 wide: C3 C3."""
CHARACTER = bytes.fromhex("FFFF8001") + bytes.fromhex("80018181") * 6 + bytes.fromhex("8001FFFF")
"""16×16: a frame with a line in it."""


def text(
    vp: int,
    place: tuple[int, int, int, int],
    *,
    colour: int = WHITE,
    size: int = 16,
    mode: int = 2,
    sp: int = 0xFFFF,
    length: int = 24,
) -> bytes:
    left, top, right, bottom = place
    head = struct.pack(">BBHHH", 0x5A, 0x11, sp, 13, vp)
    where = struct.pack(">2H H 4H H", left, top, colour, left, top, right, bottom, length)
    return head + where + bytes([0, 23, size, size, mode, 0, 0, 0])


def number(vp: int, x: int, y: int, kind: int = 0, decimals: int = 0) -> bytes:
    head = struct.pack(">BBHHH 2H H", 0x5A, 0x10, 0xFFFF, 13, vp, x, y, WHITE)
    return head + bytes([0, 8, 0, 3, decimals, kind, 0]) + bytes(11)


def icon(vp: int, x: int, y: int) -> bytes:
    return struct.pack(">BBHHH 2H 4H BB", 0x5A, 0x00, 0xFFFF, 10, vp, x, y, 1, 2, 0, 1, 40, 1) + bytes(10)


def show_file(pages: Sequence[Sequence[bytes]]) -> bytes:
    index, body = b"", b""
    for page in [*pages, *([()] * (4092 - len(pages)))]:
        index += bytes([len(page)]) + struct.pack(">I", 0x4000 + len(body))[1:]
        body += b"".join(page)
    return b"\x14DGUS_2\x10" + struct.pack(">H", len(pages) - 1) + bytes(6) + index + body + b"\xff" * 32


def key(
    page: int, box: tuple[int, int, int, int], value: int, *, next_page: int = 0xFF00, code: int = 0xFE05, mode: int = 0
) -> bytes:
    head = struct.pack(">BB 4H HHH", page >> 8, page & 0xFF, *box, next_page, 0xFF00, code)
    return head + b"\xfe" + struct.pack(">HBHB", KEY, mode, value, 0) + bytes(9)


def jpeg(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "JPEG", quality=95)
    return target.getvalue()


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def library(
    pictures: Sequence[tuple[tuple[int, int], bytes] | None], *, fill: bytes = b"\xff", count: int | None = None
) -> bytes:
    """As the vendor's tool makes it."""
    offsets, body = [], b""
    for picture in pictures:
        if picture is None:
            offsets.append(0)
            continue
        offsets.append(16 + 4 * len(pictures) + len(body))
        size, data = picture
        scan = data.index(b"\xff\xda")
        end = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
        pad = (4 - (10 + end) % 4) % 4
        head = data[: scan + 2] + struct.pack(">H", end - scan - 2 + pad) + data[scan + 4 : end] + fill * pad
        rest = data[end:] + bytes(8)
        rest += bytes((4 - len(rest) % 4) % 4)
        body += struct.pack(">HHHI", *size, len(head), len(rest)) + head + rest
    highest = len(pictures) - 1 if count is None else count
    after = (
        struct.pack(">IBHB", 8 + 4 * len(pictures) + len(body), 4, highest, 0)
        + struct.pack(f">{len(offsets)}I", *offsets)
        + body
    )
    return b"DGUS_3" + crc(after) + after


def letters() -> bytes:
    """All sizes of half-width letters; `!` alone is missing."""
    data = bytearray()
    for across in range(4, 65):
        row = bytes([LETTER]) * ((across + 7) // 8)
        for code in range(128):
            there = code > 0x20 and code not in {0x21, 0x7F}
            data += (row if there else bytes(len(row))) * 2 * across
    return bytes(data)


def characters(known: str = KNOWN) -> bytes:
    """GBK of 16×16 that has but a few."""
    codes = [bytes([high, low]) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF) if low != 0x7F]
    there = {each.encode("gbk") for each in known}
    return b"".join(CHARACTER if code in there else bytes(32) for code in codes)


def initial(values: dict[int, bytes]) -> bytes:
    data = bytearray(131076)
    for vp, value in values.items():
        data[2 * vp : 2 * vp + len(value)] = value
    return bytes(data)


def settings(flags: int = 0x30, background: int = 48) -> bytes:
    return b"T5LC1" + bytes([flags, 0, 10, background, 0x28, 0x00, 0x1C]) + bytes(34)


PAGES = (
    (
        text(TITLE, (8, 8, 151, 23), mode=0x42),
        text(BODY, (8, 28, 151, 43)),
        text(LARGE, (8, 48, 55, 79), colour=YELLOW, size=32, length=8),
    ),
    (text(TITLE, (8, 8, 151, 23), sp=TITLE_SP),),
    (number(NUMBER, 64, 48), icon(ICON, 120, 64)),
)
TOUCHES = (
    key(0, (0, 0, WIDE - 1, HIGH - 1), 0x20),
    key(1, (0, 48, 79, 95), 0x31),
    key(1, (80, 48, 159, 95), 0x23, next_page=0),
    key(1, (0, 48, 159, 95), 0x39),
)


def files() -> dict[str, bytes]:
    grounds = [((WIDE, HIGH), jpeg(colour, (WIDE, HIGH))) for colour in (GROUND, OTHER_GROUND, GROUND)]
    signs = [((16, 16), jpeg(colour, (16, 16))) for colour in ((255, 255, 255), (0, 0, 0))]
    return {
        "0_DWIN_ASC.HZK": letters(),
        "13TouchFile.bin": b"".join(TOUCHES) + b"\xff\xff",
        "14ShowFile.bin": show_file(PAGES),
        "22_Config.bin": initial({TITLE: "停水".encode("gbk") + b"\xff\xff", 0x0FFF: b"no"}),
        "23_GBK_16.DZK": characters(),
        "40.icl": library(signs),
        "48.icl": library(grounds),
        "T5LCFG.CFG": settings(),
    }


def write(folder: Path, changed: dict[str, bytes | None] | None = None) -> Path:
    """`changed` files are others, or left out."""
    folder.mkdir(exist_ok=True)
    for name, data in {**files(), **(changed or {})}.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return folder
