"""A designed page as instructions that draw it on a TJC panel whose project is blank but for its fonts. Pure.

Coordinates and colours are the design's (drivers/display/design.py); colours go over the wire as RGB565. Source of the instructions:
Nextion Instruction Set, 4 (cls, fill, cirs, pic, xstr).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from contract.frozen import frozen
from drivers.display import hmi
from drivers.display.colours import rgb565
from drivers.display.design import Drawing, Fill, Form, Key, Letters, Place, Scale, Sign, scale
from drivers.display.designed import DesignedLayout, Filled, drawing_of, filled, form_for, look_of
from drivers.display.texts import encode
from drivers.display.tjc_signs import SHAPES, bars
from drivers.reports import DrawPage

DRAWN_CHARSETS = ("gbk", "utf-8")
MAX_PICTURE = 65535
KEYS = "0123456789*#"

Box = tuple[int, int, int, int]
Slot = tuple[str, int]
"""A part and its line; `GROUND`, `SIGN`, `EDGE` or `KEY` and a number; -1 is the whole place."""
GROUND, SIGN, EDGE, KEY = "ground", "sign", "edge", "key"
WHOLE = -1


@frozen
class TjcDesigned(DesignedLayout):
    """`pictures`: the project's picture of a look's sign, by its number."""

    pictures: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> list[tuple[str, str]]:
        return DesignedLayout.check(self) + [
            (f"layout.pictures.{look}", f"no such sign; known: {', '.join(SHAPES)}")
            if look not in SHAPES
            else (f"layout.pictures.{look}", f"must be a picture's number 0 to {MAX_PICTURE}, not {number}")
            for look, number in self.pictures.items()
            if look not in SHAPES or not 0 <= number <= MAX_PICTURE
        ]


def font_ids(form: Form) -> Mapping[Letters, int]:
    """The project's fonts by what they draw. First those of the normal letters, small to large, then the digits, then what the large
    letters have besides: where the project has not, the normal ones stand in.
    """
    normal = scale(Form(form.width, form.height)).fonts
    further = scale(form).fonts if form.large else ()
    return {letters: number for number, letters in enumerate(dict.fromkeys((*normal, digits(form), *further)))}


def digits(form: Form) -> Letters:
    return Letters(scale(form).clock, "ascii")


@frozen
class Stroke:
    """One instruction. `needs`: what the panel must have for it; `key`: the key that a touch of `box` presses; `blank`: it empties its place."""

    slot: Slot
    said: bytes
    needs: str
    box: Box = (0, 0, 0, 0)
    key: str = ""
    blank: bool = False

    @property
    def text(self) -> bool:
        return self.needs.startswith("font ")


@frozen
class Strokes:
    """Instructions that are said together, each answered by itself."""

    strokes: tuple[Stroke, ...]


@frozen
class Sheet:
    """A page as it is to stand on the glass. `clear` covers all; `under` is painted before the texts, `edges` and keys after them.

    `texts`: by part its lines, the title last; `blanks`: by part what empties its place, and a line of it.
    """

    clear: Stroke
    under: tuple[Stroke, ...]
    edges: tuple[Stroke, ...]
    texts: Mapping[str, tuple[Stroke, ...]]
    sizes: Mapping[str, int]
    blanks: Mapping[str, tuple[Stroke, ...]]
    readable: bool
    """Each line of the body is there: it has a font that draws it."""

    @property
    def scenery(self) -> tuple[bytes, ...]:
        """All but the texts: what differs in it is another picture."""
        return tuple(stroke.said for stroke in (self.clear, *self.under, *self.edges))


@frozen
class Hand:
    """How this panel is drawn on. `lacking`: what its project turned out not to have."""

    charset: str
    by_bytes: bool
    fonts: Mapping[Letters, int]
    pictures: Mapping[str, int]
    lacking: Collection[str]

    def font(self, letters: Letters) -> int | None:
        """Of the fonts there are the nearest that is not larger."""
        there = (
            (each == letters, each.size, number)
            for each, number in self.fonts.items()
            if each == letters or (each.size <= letters.size and each.charset != "ascii")
        )
        return next(
            (number for _, _, number in sorted(there, reverse=True) if f"font {number}" not in self.lacking), None
        )

    def write(
        self, slot: Slot, box: Box, letters: Letters, text: str, ink: int, paper: int, *, centred: bool
    ) -> Stroke:
        """A text on a ground of one colour, which also covers what stood there. Raises LookupError where no font draws it."""
        font = self.font(letters)
        if font is None:
            raise LookupError(letters)
        raw = encode(text, letters.charset, max(1, box[2] * 2 // letters.size))
        if self.charset == "utf-8":
            raw = raw.decode(letters.charset).encode("utf-8")
        quoted = hmi.quoted(raw, by_bytes=self.by_bytes or self.charset == "utf-8")
        head = f"xstr {_numbers(*box)},{font},{rgb565(ink)},{rgb565(paper)},{int(centred)},1,1,"
        return Stroke(slot, head.encode("ascii") + b'"' + quoted + b'"', f"font {font}", box)


def sheet(
    page: DrawPage,
    layout: TjcDesigned,
    charset: str,
    by_bytes: bool,
    lacking: Collection[str] = (),
    left_out: Collection[bytes] = (),
) -> Sheet:
    """The page drawn in the form that the layout says, in large letters where the page asks for them. `left_out`: texts that the panel
    refuses, as instructions.
    """
    form = form_for(page, layout.form)
    picture = drawing_of(page, form)
    pictures = layout.pictures if form == layout.form else {}  # which are as large as that form's signs
    hand = Hand(charset, by_bytes, font_ids(form), pictures, lacking)
    boxes = [(place.x, place.y, place.width, place.height) for place in picture.places]
    if picture.sign is not None:
        boxes.append(_sign_box(picture.sign))
    under = [fill for fill in picture.fills if any(overlap(_fill_box(fill), box) for box in boxes)]
    edges = [fill for fill in picture.fills if fill not in under]
    sign = () if picture.sign is None else tuple(_sign(hand, picture.sign, scale(form).head))
    places = sorted(filled(page, form), key=lambda each: _ORDER.index(each.place.part))
    keys = (_key(hand, (KEY, n), key, scale(form)) for n, key in enumerate(picture.keys) if key.label in KEYS)
    texts: dict[str, tuple[Stroke, ...]] = {}
    readable = True
    for each in places:
        try:
            lines = list(_lines(hand, picture, each, touched=look_of(page) == "question"))
        except LookupError:
            lines, whole = [], False
        else:
            whole = not any(stroke.said in left_out for stroke in lines)
        texts[each.place.part] = tuple(stroke for stroke in lines if stroke.said not in left_out)
        readable = readable and (whole or each.place.part != "body")
    return Sheet(
        clear=Stroke((GROUND, 0), f"cls {rgb565(picture.ground)}".encode("ascii"), "fill"),
        under=(*(_fill((GROUND, n), fill) for n, fill in enumerate(under, 1)), *sign),
        edges=(*(_fill((EDGE, n), fill) for n, fill in enumerate(edges)), *(key for key in keys if key is not None)),
        texts=texts,
        sizes={each.place.part: each.index for each in places},
        blanks={each.place.part: tuple(_blanks(picture, each)) for each in places},
        readable=readable and "fill" not in lacking,
    )


_ORDER = ("body", "large", "aside", "contact", "footer", "title")
"""In which the parts are written."""


def _lines(hand: Hand, picture: Drawing, each: Filled, *, touched: bool) -> Iterator[Stroke]:
    """A line of a question's body that begins with a key is that key."""
    place, letters = each.place, each.size.letters
    paper = _paper(picture, place)
    for number, line in enumerate(each.lines):
        if not line.strip():
            continue
        slot, box = (place.part, number), _line_box(each, number)
        stroke = hand.write(slot, box, letters, line, place.ink, paper, centred=place.centred)
        key = line[0] if touched and place.part == "body" and line[0] in KEYS and line[1:2] in ("", " ") else ""
        yield Stroke(slot, stroke.said, stroke.needs, box, key)


def _blanks(picture: Drawing, each: Filled) -> Iterator[Stroke]:
    """First the whole place, then a line each."""
    place = each.place
    paper = _paper(picture, place)
    yield _fill((place.part, WHOLE), Fill(place.x, place.y, place.width, place.height, paper), blank=True)
    for number in range(each.size.rows):
        yield _fill((place.part, number), Fill(*_line_box(each, number), paper), blank=True)


def _line_box(each: Filled, number: int) -> Box:
    place, letters = each.place, each.size.letters
    return place.x, place.y + number * letters.pitch, place.width, letters.size


def _fill(slot: Slot, fill: Fill, *, blank: bool = False) -> Stroke:
    box = _fill_box(fill)
    return Stroke(slot, f"fill {_numbers(*box)},{rgb565(fill.colour)}".encode("ascii"), "fill", box, blank=blank)


def _fill_box(fill: Fill) -> Box:
    return fill.x, fill.y, fill.width, fill.height


def _sign_box(sign: Sign) -> Box:
    return sign.x, sign.y, sign.side, sign.side


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _paper(picture: Drawing, place: Place) -> int:
    """The colour behind a place: of the last fill that lies under it, or the ground."""
    box = (place.x, place.y, place.width, place.height)
    return next((fill.colour for fill in reversed(picture.fills) if overlap(_fill_box(fill), box)), picture.ground)


def _sign(hand: Hand, sign: Sign, head: Letters) -> Iterator[Stroke]:
    """The project's picture, or a shape; a sign as small as a character is that."""
    picture = hand.pictures.get(sign.name)
    if picture is not None and f"picture {picture}" not in hand.lacking:
        yield Stroke(
            (SIGN, 0), f"pic {sign.x},{sign.y},{picture}".encode("ascii"), f"picture {picture}", _sign_box(sign)
        )
        return
    shape = SHAPES[sign.name]
    middle_x, middle_y = sign.x + sign.side // 2, sign.y + sign.side // 2
    ink, paper = sign.colour, sign.ground
    drawn = sign.side >= head.size * 3 // 2 and "fill" not in hand.lacking
    if drawn and shape.under == "disc" and "circle" not in hand.lacking:
        circle = f"cirs {middle_x},{middle_y},{sign.side // 2 - 1},{rgb565(ink)}"
        yield Stroke((SIGN, 0), circle.encode("ascii"), "circle", _sign_box(sign))
        ink, paper = paper, ink
    elif drawn and shape.under:
        yield _fill((SIGN, 0), Fill(sign.x, sign.y, sign.side, sign.side, ink))
        ink, paper = paper, ink
    if drawn and shape.bars:
        for number, bar in enumerate(bars(shape, sign.x, sign.y, sign.side), 1):
            yield _fill((SIGN, number), Fill(*bar, ink))
    elif hand.font(head) is not None:
        box = (middle_x - head.size // 2, middle_y - head.size // 2, head.size, head.size)
        yield hand.write((SIGN, 1), box, head, shape.char, ink, paper, centred=True)


def _key(hand: Hand, slot: Slot, key: Key, letters: Scale) -> Stroke | None:
    """Its label fills the box with its ground."""
    font = next((each for each in reversed(letters.fonts) if each.size <= key.height), letters.caption)
    box = (key.x, key.y, key.width, key.height)
    if hand.font(font) is None:
        return None
    stroke = hand.write(slot, box, font, key.label, key.ink, key.ground, centred=True)
    return Stroke(slot, stroke.said, stroke.needs, box, key.label)


def _numbers(*numbers: int) -> str:
    return ",".join(map(str, numbers))
