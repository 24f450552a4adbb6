"""The finished files, looked at once more: what is wrong with them is told before a panel has them. From their bytes, not from how they were made."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from PIL import Image

from contract.frozen import frozen
from drivers.display.design import Form, Letters, choices
from drivers.wire import crc16
from panel.dwin import slots
from panel.dwin.fonts import TABLES, ascii_offset, cell_bytes

_ASCII_FILE = 3_082_752
_DISPLAY_RECORDS, _RECORD, _PAGES = 0x4000, 32, 4092


@frozen
class Folder:
    """What `DWIN_SET` holds, and what each file is."""

    form: Form
    files: Mapping[str, bytes]
    ascii_name: str
    fonts: tuple[tuple[str, Letters], ...]
    pictures: str
    display: str
    touch: str
    initial: str

    def stored(self) -> list[slots.Stored]:
        """The files that go into the flash; settings do not."""
        numbered = [name for name in self.files if name[0].isdigit()]
        return [slots.Stored(name, _number(name), len(self.files[name])) for name in numbered]


def _number(name: str) -> int:
    digits = 0
    while name[digits].isdigit():
        digits += 1
    return int(name[:digits])


def faults(folder: Folder, wanted: Iterable[str]) -> list[str]:
    """`wanted`: the characters that have to be there beside those of GB2312 and GBK/2."""
    return [
        *slots.faults(folder.stored()),
        *_library(folder),
        *_records(folder),
        *_glyphs(folder, wanted),
    ]


def _library(folder: Folder) -> Iterator[str]:
    name, data = folder.pictures, folder.files[folder.pictures]
    size, highest = struct.unpack_from(">IxH", data, 8)
    if data[:6] != b"DGUS_3" or size != len(data) - 8 or data[6:8] != crc16(data[8:]):
        yield f"{name}: its head or its checksum is wrong"
        return
    if highest + 1 != len(choices(folder.form)):
        yield f"{name}: {highest + 1} pictures for {len(choices(folder.form))} pages"
    for number in range(highest + 1):
        (at,) = struct.unpack_from(">I", data, 16 + 4 * number)
        fault = _picture(folder.form, data[at:])
        if fault:
            yield f"{name}: picture {number} {fault}"


def _picture(form: Form, record: bytes) -> str:
    width, height, head, rest = struct.unpack_from(">HHHI", record)
    if (width, height) != (form.across, form.down):
        return f"is {width}x{height}, not {form.across}x{form.down}"
    if (10 + head) % 4 or len(record) < 10 + head + rest:
        return "is cut off, or its data begins at an odd place"
    data = record[10 : 10 + head + rest]
    scan = data.index(b"\xff\xda")
    plain = data[:scan] + b"\xff\xda\x00\x0c" + data[scan + 4 : scan + 14] + data[head:]
    try:
        with Image.open(io.BytesIO(plain)) as picture:
            picture.load()
            same = picture.size == (width, height) and not picture.info.get("progressive")
    except OSError:
        return "cannot be decoded"
    return "" if same else "is of another kind than the panel takes"


def _records(folder: Folder) -> Iterator[str]:
    display, touch, form = folder.files[folder.display], folder.files[folder.touch], folder.form
    end = _DISPLAY_RECORDS
    for page in range(_PAGES):
        entry = display[16 + 4 * page : 20 + 4 * page]
        if int.from_bytes(entry[1:], "big") != end:
            yield f"{folder.display}: page {page} begins at another place than the one before it ends"
            return
        end += entry[0] * _RECORD
    if len(display) != end + _RECORD:
        yield f"{folder.display}: has {len(display)} bytes, not {end + _RECORD}"
    boxes = [struct.unpack_from(">4H", display, at + 14) for at in range(_DISPLAY_RECORDS, end, _RECORD)]
    boxes += [struct.unpack_from(">4H", touch, at + 2) for at in range(0, len(touch) - 2, _RECORD)]
    if any(not (left <= right < form.across and top <= bottom < form.down) for left, top, right, bottom in boxes):
        yield "a text or a key reaches beyond the display"
    if len(touch) % _RECORD != 2 or touch[-2:] != b"\xff\xff":
        yield f"{folder.touch}: has no end"


def _glyphs(folder: Folder, wanted: Iterable[str]) -> Iterator[str]:
    plain = folder.files[folder.ascii_name]
    if len(plain) != _ASCII_FILE:
        yield f"{folder.ascii_name}: has {len(plain)} bytes, not {_ASCII_FILE}"
    for width in sorted({letters.size // 2 for _, letters in folder.fonts}):
        each, start = cell_bytes(width, 2 * width), ascii_offset(width)
        bare = [c for c in range(0x21, 0x7F) if not any(plain[start + c * each : start + (c + 1) * each])]
        if bare:
            yield f"{folder.ascii_name}: nothing at {width} for {bytes(bare).decode()}"
    needed = set(_gb2312()) | {char for char in wanted if not char.isascii()}
    for name, letters in folder.fonts:
        lacking = sorted(char for char in needed if _bare(folder.files[name], letters, char))
        if lacking:
            yield f"{name}: nothing for {''.join(lacking[:20])}"


def _gb2312() -> Iterator[str]:
    """And with it GBK/2, which is its Chinese characters."""
    for high, low in product(range(0xA1, 0xF8), range(0xA1, 0xFF)):
        char = bytes((high, low)).decode("gb2312", "ignore")
        if char and not char.isspace():
            yield char


def _bare(font: bytes, letters: Letters, char: str) -> bool:
    """Whether the font's cell for it is empty. What its code does not have at all, another font is for."""
    table = TABLES[letters.charset]
    try:
        high, low = char.encode(table.codec)
    except UnicodeEncodeError:
        return letters.charset == "gbk" and char not in _ONLY_GB2312
    each = cell_bytes(letters.size, letters.size)
    cell = table.highs.index(high) * len(table.lows) + table.lows.index(low)
    return not any(font[cell * each : (cell + 1) * each])


_ONLY_GB2312 = frozenset("―・")
"""Python's GB2312 reads two of its signs as other characters than GBK does: the same places, `—` and `·` there."""
