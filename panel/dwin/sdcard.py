"""A memory card's image, as panels read it: a master boot record and one FAT32 partition with clusters of 4096 bytes. Little-endian."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from agent.words import _

SECTOR, CLUSTER = 512, 4096
CLUSTERS = 66_000
"""Fewer than 65,525 would make it a FAT16: 260 MB, of which the image's file holds what is written."""
_FIRST = 2048
"""Sector of the partition: as all partitioning tools have it."""
_RESERVED, _FATS = 32, 2
_FAT_SECTORS = -(-(CLUSTERS + 2) * 4 // SECTOR)
_SECTORS = _RESERVED + _FATS * _FAT_SECTORS + CLUSTERS * CLUSTER // SECTOR
_END = 0x0FFFFFFF
_DATE = 45 << 9 | 1 << 5 | 1
"""The first of January 2025: the same files make the same image."""
_LABEL = b"DOORWARD   "
_FOLDER, _FILE, _VOLUME, _LONG = 0x10, 0x20, 0x08, 0x0F
_BOOT = struct.Struct("<3s8sHBHBHHBHHHIIIHHIHH12xBBBI11s8s")


class _Card:
    """Clusters given out one after the other; the table of which follows which."""

    def __init__(self, image: BinaryIO) -> None:
        self._image = image
        self.links = [0x0FFFFFF8, _END]
        self._data = (_FIRST + _RESERVED + _FATS * _FAT_SECTORS) * SECTOR

    def put(self, data: bytes) -> int:
        """Its first cluster; 0 for an empty file."""
        first = len(self.links)
        count = -(-len(data) // CLUSTER)
        if not count:
            return 0
        self.links += [*range(first + 1, first + count), _END]
        self.fill(first, data)
        return first

    def fill(self, cluster: int, data: bytes) -> None:
        if len(self.links) > CLUSTERS + 2:
            raise ValueError(_("more than the card holds"))
        self._image.seek(self._data + (cluster - 2) * CLUSTER)
        self._image.write(data)


def write_image(path: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """`folder` at the root of the card, and the files in it. Names: ASCII. Raises OSError; ValueError for too much: then no image is left."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as image:
            _write(image, folder, files)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(image: BinaryIO, folder: str, files: Mapping[str, bytes]) -> None:
    image.truncate((_FIRST + _SECTORS) * SECTOR)
    card = _Card(image)
    root, inside = card.put(bytes(CLUSTER)), card.put(bytes(CLUSTER))
    entries = [_entry(b".          ", _FOLDER, inside), _entry(b"..         ", _FOLDER, 0)]
    for number, (name, data) in enumerate(files.items()):
        entries.append(_named(name, number, card.put(data), len(data)))
    listing = b"".join(entries)
    if len(listing) > CLUSTER:
        raise ValueError(_("more files than a folder of one cluster holds"))
    card.fill(inside, listing)
    card.fill(root, _entry(_LABEL, _VOLUME, 0) + _entry(folder.encode("ascii").ljust(11), _FOLDER, inside))
    _put(image, 0, _master_boot_record())
    serial = zlib.crc32(listing)
    for copy in (0, 6):
        _put(image, _FIRST + copy, _boot_sector(serial))
        _put(image, _FIRST + copy + 1, _info_sector(len(card.links)))
    table = struct.pack(f"<{len(card.links)}I", *card.links)
    for fat in range(_FATS):
        _put(image, _FIRST + _RESERVED + fat * _FAT_SECTORS, table)


def _put(image: BinaryIO, sector: int, data: bytes) -> None:
    image.seek(sector * SECTOR)
    image.write(data)


def _master_boot_record() -> bytes:
    beyond = b"\xfe\xff\xff"
    """As cylinder, head and sector: look at the block numbers instead."""
    partition = struct.pack("<B3sB3sII", 0, beyond, 0x0C, beyond, _FIRST, _SECTORS)
    return bytes(446) + partition + bytes(48) + b"\x55\xaa"


def _boot_sector(serial: int) -> bytes:
    fields = _BOOT.pack(
        *(b"\xeb\x58\x90", b"MSWIN4.1", SECTOR, CLUSTER // SECTOR, _RESERVED, _FATS, 0, 0, 0xF8, 0),
        *(63, 255, _FIRST, _SECTORS, _FAT_SECTORS, 0, 0, 2, 1, 6),
        *(0x80, 0, 0x29, serial, _LABEL, b"FAT32   "),
    )
    return fields.ljust(510, b"\0") + b"\x55\xaa"


def _info_sector(used: int) -> bytes:
    counts = struct.pack("<4sII", b"rrAa", CLUSTERS + 2 - used, used)
    return b"RRaA" + bytes(480) + counts + bytes(14) + b"\x55\xaa"


def _named(name: str, number: int, cluster: int, size: int) -> bytes:
    """A file's entry; for a name that is not eight characters, a dot and three in capitals, those of its long name before it."""
    stem, _, suffix = name.rpartition(".")
    if len(stem) <= 8 and len(suffix) <= 3 and name.isupper():
        return _entry(f"{stem:8}{suffix:3}".encode("ascii"), _FILE, cluster, size)
    tail = f"~{number + 1}"
    short = f"{stem[: 8 - len(tail)]}{tail}".ljust(8) + f"{suffix[:3]:3}"
    alias = short.upper().encode("ascii")
    return _long(name, alias) + _entry(alias, _FILE, cluster, size)


def _long(name: str, alias: bytes) -> bytes:
    """Thirteen characters an entry, the last piece first."""
    checksum = 0
    for byte in alias:
        checksum = ((checksum & 1) << 7) + (checksum >> 1) + byte & 0xFF
    pieces = [name[at : at + 13] for at in range(0, len(name), 13)]
    entries = []
    for number, piece in enumerate(pieces, 1):
        last = 0x40 if number == len(pieces) else 0
        text = piece.encode("utf-16-le") + (b"\0\0" if len(piece) < 13 else b"")
        text = text.ljust(26, b"\xff")
        entries.append(
            bytes((number | last,)) + text[:10] + bytes((_LONG, 0, checksum)) + text[10:22] + b"\0\0" + text[22:]
        )
    return b"".join(reversed(entries))


def _entry(name: bytes, kind: int, cluster: int, size: int = 0) -> bytes:
    return struct.pack(
        "<11sBBBHHHHHHHI", name, kind, 0, 0, 0, _DATE, _DATE, cluster >> 16, 0, _DATE, cluster & 0xFFFF, size
    )
