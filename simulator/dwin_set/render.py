"""The screen as pixels: from the files of a project, the panel's memory and the page, and nothing else.

Needs Pillow, which only what asks for pixels loads. What cannot be shown as meant is a fault, told by page and variable.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from simulator.dwin_set import values
from simulator.dwin_set.folder import Folder
from simulator.dwin_set.fonts import CODECS
from simulator.dwin_set.show_file import CLOCK, FROM_FILE, ICON, NUMBER, TEXT, Record, TextField, text_field
from simulator.dwin_set.texts import Cell, Laid, lay_out

Rgb = tuple[int, int, int]
_BLANK = (800, 480)
"""Of a page whose picture is missing."""


def rgb(colour: int) -> Rgb:
    """Of RGB565, as a display of 24 bits shows it."""
    red, green, blue = colour >> 11, colour >> 5 & 0x3F, colour & 0x1F
    return red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A text that was drawn, with its field."""

    field: TextField
    laid: Laid

    @property
    def ink(self) -> Rgb:
        return rgb(self.field.colour)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """As Pillow has it: right and bottom are the first pixels outside."""
        return self.field.left, self.field.top, self.field.right + 1, self.field.bottom + 1


@dataclass(frozen=True)
class Drawn:
    """A page: its pixels, and what stood there before texts were drawn over it."""

    image: Image.Image
    ground: Image.Image
    texts: tuple[DrawnText, ...]
    faults: tuple[str, ...]

    def png(self) -> bytes:
        target = io.BytesIO()
        self.image.save(target, "PNG")
        return target.getvalue()


class _Sheet:
    """A page in the making."""

    def __init__(self, page: int, image: Image.Image) -> None:
        self.page, self.image = page, image
        self.texts: list[DrawnText] = []
        self.faults: list[str] = []

    def fault(self, what: str) -> None:
        if what not in self.faults:
            self.faults.append(what)

    def paint(self, glyph: Image.Image, place: tuple[int, int], ink: Rgb, whose: str) -> None:
        x, y = place
        if x < 0 or y < 0 or x + glyph.width > self.image.width or y + glyph.height > self.image.height:
            self.fault(f"{whose}: reaches over the screen's edge")
        self.image.paste(ink, place, glyph)


class Renderer:
    """Pictures and glyphs are kept once they were used. Not thread-safe."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.undrawn: set[int] = set()
        """Kinds of records that were met and left out."""
        self._fonts = folder.fonts
        self._pictures: dict[tuple[int, int], Image.Image | str] = {}
        self._glyphs: dict[tuple[int, int, int, int, bytes], Image.Image | str] = {}

    def draw(self, variables: bytes | bytearray, page: int) -> Drawn:
        """Faults of a picture or glyph are told in each page that needs it."""
        memory = bytes(variables)
        library = self.folder.background(memory)
        ground = "no library of pictures" if library is None else self._picture(library, page)
        if isinstance(ground, str):
            sheet = _Sheet(page, Image.new("RGB", _BLANK))
            sheet.fault(f"page {page}: {ground}")
        else:
            sheet = _Sheet(page, ground.copy())
        below = sheet.image.copy()
        for record in self.folder.show.page(page):
            description = _description(record, memory)
            if record.kind == TEXT:
                self._text(sheet, text_field(description), memory)
            elif record.kind == ICON:
                self._icon(sheet, description, memory)
            elif record.kind == NUMBER:
                self._letters(sheet, values.number(description, memory))
            elif record.kind == CLOCK:
                self._letters(sheet, values.clock(description, memory))
            else:
                self.undrawn.add(record.kind)
        return Drawn(sheet.image, below, tuple(sheet.texts), tuple(sheet.faults))

    def _text(self, sheet: _Sheet, text: TextField, memory: bytes) -> None:
        whose = f"page {sheet.page}, text {text.vp:04X}"
        laid = lay_out(text, memory[2 * text.vp : 2 * text.vp + text.length])
        if text.charset not in CODECS:
            sheet.fault(f"{whose}: charset {text.charset} is not drawn")
            return
        if laid.cut:
            sheet.fault(f"{whose}: no room for the last {laid.cut} characters")
        if laid.half:
            sheet.fault(f"{whose}: ends within a character")
        ink = rgb(text.colour)
        for cell in laid.cells:
            if cell.x < text.left or cell.y < text.top or cell.x + cell.across > text.right + 1:
                sheet.fault(f"{whose}: {_named(text, cell)} reaches out of its box")
            if not cell.blank:
                self._cell(sheet, text, cell, ink, whose)
        sheet.texts.append(DrawnText(text, laid))

    def _cell(self, sheet: _Sheet, text: TextField, cell: Cell, ink: Rgb, whose: str) -> None:
        if cell.wide and len(cell.code) == 2:
            glyph = self._glyph(text.font, text.charset, cell.across, cell.down, cell.code)
        else:
            glyph = self._letter(text.font if cell.wide else text.ascii_font, cell.down // 2, cell.code[0])
        if isinstance(glyph, str):
            sheet.fault(f"{whose}: {_named(text, cell)} {glyph}")
        else:
            sheet.paint(glyph, (cell.x, cell.y), ink, whose)

    def _letters(self, sheet: _Sheet, letters: values.Letters | None) -> None:
        if letters is None:
            self.undrawn.add(NUMBER)
            return
        for place, code in enumerate(letters.text.encode("latin-1")):
            glyph = self._letter(letters.font, letters.across, code)
            if not isinstance(glyph, str):
                at = letters.x + place * letters.across, letters.y
                sheet.paint(glyph, at, rgb(letters.colour), f"page {sheet.page}, {letters.text!r}")
            elif code != 0x20:
                sheet.fault(f"page {sheet.page}, {letters.text!r}: {chr(code)!r} {glyph}")

    def _icon(self, sheet: _Sheet, description: bytes, memory: bytes) -> None:
        shown = values.icon(description, memory)
        if shown is None:
            return
        library, number, x, y = shown
        picture = self._picture(library, number)
        if isinstance(picture, str):
            sheet.fault(f"page {sheet.page}, icon {int.from_bytes(description[:2], 'big'):04X}: {picture}")
        else:
            sheet.image.paste(picture, (x, y))

    def _picture(self, library: int, number: int) -> Image.Image | str:
        """Or what is wrong with it."""
        key = library, number
        if key not in self._pictures:
            self._pictures[key] = self._decoded(library, number)
        return self._pictures[key]

    def _decoded(self, library: int, number: int) -> Image.Image | str:
        try:
            found = self.folder.library(library)
            picture = found.pictures.get(number) if found else None
            if picture is None:
                return f"there is no picture {number} in {library}"
            image = Image.open(io.BytesIO(picture.jpeg), formats=("JPEG",)).convert("RGB")
        except (ValueError, OSError) as error:
            return f"picture {number} in {library} is damaged: {error}"
        if image.size != (picture.width, picture.height):
            return f"picture {number} in {library} is of {image.size}, its library says {picture.width, picture.height}"
        return image

    def _letter(self, font: int, across: int, code: int) -> Image.Image | str:
        key = font, -1, across, 2 * across, bytes([code])
        if key not in self._glyphs:
            self._glyphs[key] = _bitmap(self._fonts.letter(font, code, across), font, across, 2 * across)
        return self._glyphs[key]

    def _glyph(self, font: int, charset: int, across: int, down: int, code: bytes) -> Image.Image | str:
        key = font, charset, across, down, code
        if key not in self._glyphs:
            self._glyphs[key] = _bitmap(self._fonts.character(font, charset, code, across, down), font, across, down)
        return self._glyphs[key]


def _bitmap(raw: bytes | None, font: int, across: int, down: int) -> Image.Image | str:
    if raw is None:
        return f"is not in font {font} of {across}x{down}"
    if not any(raw):
        return f"is empty in font {font} of {across}x{down}"
    return Image.frombytes("1", (across, down), raw)


def _description(record: Record, memory: bytes) -> bytes:
    """As it was changed over the line, where that is possible and it is in the memory."""
    own = record.description
    if record.sp == FROM_FILE:
        return own
    held = memory[2 * record.sp : 2 * record.sp + record.size]
    return held + own[len(held) :] if any(held) else own


def _named(text: TextField, cell: Cell) -> str:
    return f"{cell.code.decode(CODECS[text.charset], 'replace')!r} ({cell.code.hex().upper()})"
