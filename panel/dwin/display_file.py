"""The display file (`14….bin`): what each page of the panel shows of its variables. Here texts alone, a line each.

A head, for each of 4092 pages how many records it has and where, and the records, 32 bytes each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from drivers.display.colours import rgb565
from drivers.display.design import Choice, Form, Letters, Place, choices, drawing, variables

PAGES = 4092
RECORD = 32
RECORDS_AT = 0x4000
_TEXT = struct.Struct(">BBHHHHHHHHHHHBBBBBBBB")
_NO_SETTINGS = 0xFFFF
"""Its settings are the record's: no variables may change them."""
_WORDS = 13
_FIXED_PITCH, _CENTRED = 0x80, 0x40
_ENCODINGS = {"ascii": 0, "gb2312": 1, "gbk": 2}

FontIds = Mapping[Letters, int]


def display_file(form: Form, fonts: FontIds) -> bytes:
    return assemble([list(_records(form, choice, fonts)) for choice in choices(form)])


def assemble(pages: Sequence[Sequence[bytes]]) -> bytes:
    """Of the records of pages 0, 1, …; all others are empty. Raises ValueError for a page that has too many."""
    if any(len(page) > 255 for page in pages) or len(pages) > PAGES:
        raise ValueError("at most 255 records a page, and 4092 pages")
    index, at = bytearray(), RECORDS_AT
    for number in range(PAGES):
        count = len(pages[number]) if number < len(pages) else 0
        index += bytes((count,)) + at.to_bytes(3, "big")
        at += count * RECORD
    head = b"\x14DGUS_2\x10" + (len(pages) - 1).to_bytes(2, "big") + bytes(6)
    return head + bytes(index) + b"".join(record for page in pages for record in page) + b"\xff" * RECORD


def _records(form: Form, choice: Choice, fonts: FontIds) -> Iterator[bytes]:
    sizes = dict(choice.sizes)
    variables_of = variables(form)
    distance, bank = variables_of.line_words, choice.bank * variables_of.words
    for place in drawing(form, choice.look).places:
        size = place.sizes[sizes.get(place.part, 0)]
        top = place.y if place.part == "body" else place.y + (place.height - size.letters.size) // 2
        for line in range(size.rows):
            yield text(
                place,
                size.letters,
                place.vp + bank + line * distance,
                top + line * size.letters.pitch,
                size.columns,
                fonts,
            )


def text(place: Place, letters: Letters, vp: int, top: int, columns: int, fonts: FontIds) -> bytes:
    """A line of text with its upper edge at `top`: `columns` bytes of the variable, and its end mark."""
    digits = letters.charset == "ascii"
    right, bottom = place.x + place.width - 1, top + letters.size - 1
    encoding = _FIXED_PITCH | (_CENTRED if place.centred else 0) | _ENCODINGS[letters.charset]
    length = columns + columns % 2 + 2
    font = 0 if digits else fonts[letters]
    wide = letters.size // 2 if digits else letters.size
    return _TEXT.pack(
        *(0x5A, 0x11, _NO_SETTINGS, _WORDS, vp),
        *(place.x, top, rgb565(place.ink), place.x, top, right, bottom),
        *(length, 0, font, wide, letters.size, encoding, 0, 0, 0),
    )
