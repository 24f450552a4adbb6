"""Photos that people of the site took: only pixels are kept, and nothing that tells where or by which phone they were taken. Owns the folder's photos/.

No image is decoded here: of JPEG and PNG the parts that make the picture are copied, and everything else is left behind.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator

from centre.errors import BadValueError, CentreError
from centre.folder import Folder, make_folder, write_secret
from centre.words import _, reason_of

MAX_BYTES = 8 * 1024 * 1024
MAX_SIDE, MAX_PIXELS = 12_000, 60_000_000
"""A phone's largest today; what claims to be larger is made to fill the memory of whoever opens it."""
JPEG, PNG = "image/jpeg", "image/png"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended, progressive: what browsers draw."""
_JPEG_KEPT = _FRAMES | {0xC4, 0xDB, 0xDD, 0xDA, 0xEE}
"""Tables, frames, scans, and which colours they are in (Adobe's)."""
_NAME = re.compile(r"[0-9a-f]{64}")


def keep(folder: Folder, data: bytes) -> str:
    """The photo's name, by what is in it: the same one twice is one file. Raises BadValueError, CentreError."""
    cleaned = clean(data)
    name = _name(cleaned)
    path = folder.photos / name
    try:
        make_folder(folder.photos)
        if not path.exists():
            write_secret(path, cleaned)
    except OSError as error:
        raise CentreError(_("the photo cannot be kept: {reason}").format(reason=reason_of(error))) from None
    return name


def name_of(data: bytes) -> str:
    """The name that it would have, and nothing is kept. Raises BadValueError."""
    return _name(clean(data))


def _name(cleaned: bytes) -> str:
    return hashlib.sha256(cleaned).hexdigest()


def load(folder: Folder, name: str) -> bytes | None:
    """None where there is none, or no more."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return (folder.photos / name).read_bytes()
    except OSError:
        return None


def forget(folder: Folder, name: str) -> None:
    """Its file is gone when this returns."""
    if _NAME.fullmatch(name):
        (folder.photos / name).unlink(missing_ok=True)


def kind_of(data: bytes) -> str:
    return PNG if data.startswith(_PNG_START) else JPEG


def clean(data: bytes) -> bytes:
    """Of a JPEG or PNG what makes the picture, and how it is to be turned. Raises BadValueError."""
    if len(data) > MAX_BYTES:
        raise BadValueError("photo", _("more than {most} MB").format(most=MAX_BYTES // 1024 // 1024))
    try:
        if data.startswith(_PNG_START):
            return b"".join([_PNG_START, *_png(data)])
        if data.startswith(b"\xff\xd8\xff"):
            return b"".join([b"\xff\xd8", *_jpeg(data), b"\xff\xd9"])
    except (IndexError, struct.error):
        raise BadValueError("photo", _("it breaks off: take it again")) from None
    raise BadValueError("photo", _("neither JPEG nor PNG"))


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadValueError("photo", _("{width} x {height} pixels: too large").format(width=width, height=height))


def _broken() -> BadValueError:
    return BadValueError("photo", _("not a picture that can be shown: take it again"))


# --- PNG: chunks, each with its length, kind and check sum


def _png(data: bytes) -> Iterator[bytes]:
    at, pixels = len(_PNG_START), False
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        if len(chunk) != 12 + length or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
            raise _broken()
        if (at == len(_PNG_START)) != (kind == b"IHDR"):
            raise _broken()
        if kind == b"IHDR":
            _check_size(*struct.unpack_from(">II", chunk, 8))
        pixels |= kind == b"IDAT"
        if kind in _PNG_KEPT:
            yield chunk
        if kind == b"IEND":
            if not pixels or length:
                raise _broken()
            return
        at += len(chunk)


# --- JPEG: segments, and behind each start of a scan its data


def _jpeg(data: bytes) -> Iterator[bytes]:
    at, framed, scanned = 2, False, False
    turned = _turned(data)
    if turned:
        yield turned
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1  # filling
        if data[at] != 0xFF:
            raise _broken()
        marker = data[at + 1]
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if length < 2 or len(segment) != 2 + length:
            raise _broken()
        if marker in _FRAMES:
            if framed:
                raise _broken()
            framed = True
            height, width = struct.unpack_from(">HH", segment, 5)
            _check_size(width, height)
        if marker in _JPEG_KEPT:
            yield segment
        at += len(segment)
        if marker == 0xDA:
            end = _scan_end(data, at)
            yield data[at:end]
            at, scanned = end, True
    if not (framed and scanned):
        raise _broken()


def _scan_end(data: bytes, at: int) -> int:
    """Where the next marker is that is no restart. Raises IndexError where there is none."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        if data[at + 1] == 0x00 or 0xD0 <= data[at + 1] <= 0xD7:
            at += 2
        elif data[at + 1] == 0xFF:
            at += 1
        else:
            return at


def _turned(data: bytes) -> bytes:
    """An Exif segment that says how the picture is to be turned, and nothing else; empty where the phone's said nothing of it."""
    at = 2
    while data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xE1 and body.startswith(b"Exif\0\0"):
            way = _orientation(body[6:])
            tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, way, 0, 0)
            return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff if 2 <= way <= 8 else b""
        at += 2 + max(length, 2)
    return b""


def _orientation(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, 200)):
            tag, kind, _count, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if (tag, kind) == (0x0112, 3):
                return int(value)
    except struct.error:
        return 1
    return 1
