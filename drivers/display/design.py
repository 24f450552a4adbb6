"""The designed pages of a built panel: what stands where, how large and in which colour, for each size of display. Pure.

`doorward panel build` makes a panel's files from it, the drivers their writes: both from here, so that they fit. A page of the core
has parts (a title, a body, …); a picture says where each has its place. A place has one or more sizes of letters: what doesn't fit the
first gets the next, and what doesn't fit the last gets several pages. Each choice of sizes is a page of the panel's own.

Lengths are in pixels as the resident sees them, x to the right and y down; colours are 0xRRGGBB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product

from contract.frozen import frozen
from drivers.display.colours import BANDS, GROUNDS, INK, KEY_GROUND, PALE, PURPLE, WHITE
from drivers.display.edges import EDGE, Fill, edges
from drivers.display.form import MARGINS, ROTATIONS, SIZES, VERSION, Form, Letters, Scale, form_of, scale
from drivers.display.touch import ANSWERS, GAP, KEYPAD, Key, anywhere, grid
from drivers.display.variables import (
    BANKS,
    FIRST_VP,
    IDENTITY_VP,
    IDENTITY_WORDS,
    KEY_VP,
    LARGE_WORDS,
    MASKED,
    NONCE_VP,
    Variables,
    variables,
)

__all__ = [
    "BANDS", "BANKS", "FIRST_VP", "GROUNDS", "IDENTITY_VP", "IDENTITY_WORDS", "KEY_VP", "LARGE_WORDS", "LOOKS", "MASKED", "NONCE_VP",
    "PARTS", "ROTATIONS", "SIZES", "VERSION", "WHITE", "Choice", "Drawing", "Fill", "Form", "Key", "Letters", "Place", "Scale", "Sign", "Size", "Variables",
    "choices", "drawing", "form_of", "page_number", "scale", "variables",
]  # fmt: skip

LOOKS = (
    "idle",
    "policy",
    "service",
    "reminder",
    "urgent",
    "yes",
    "no",
    "checkin",
    "entry",
    "question",
    "help",
    "emergency",
    "fire",
    "state",
    "missing",
)
"""Kinds of pictures: idle; a notice of each category (`urgent`: an emergency notice); a yes, a no and a check-in; keys that are typed;
a question; help is called; an emergency and a fire in the house; what the unit says of itself; what is missing before it can work.
"""
PARTS = ("large", "title", "aside", "body", "contact", "footer")
"""`large`: the clock, or the digits typed, masked: ASCII alone. `aside`: the date. `contact`: who is on duty, and their number."""


@frozen
class Size:
    """One of a place's sizes: its letters, and how many half-width columns and rows fit."""

    letters: Letters
    columns: int
    rows: int


@frozen
class Place:
    """Where a part stands: a box, the variable that holds its first line, and its sizes, the preferred first. Lines are centred or not."""

    part: str
    x: int
    y: int
    width: int
    height: int
    sizes: tuple[Size, ...]
    ink: int
    vp: int
    centred: bool = False


@frozen
class Sign:
    """A pictogram in a square box."""

    name: str
    x: int
    y: int
    side: int
    colour: int
    ground: int


@frozen
class Drawing:
    """A picture: what is painted, in order, the places of its texts, and its keys."""

    look: str
    ground: int
    fills: tuple[Fill, ...]
    sign: Sign | None
    places: tuple[Place, ...]
    keys: tuple[Key, ...] = ()

    def place(self, part: str) -> Place | None:
        return next((place for place in self.places if place.part == part), None)


@frozen
class Choice:
    """A page of the panel: a picture with one choice of sizes, by part; parts with one size are left out. There are two of each, one
    for each bank of variables: what is to be shown next is written to those that do not show, and then switched to.
    """

    number: int
    look: str
    sizes: tuple[tuple[str, int], ...]
    bank: int = 0


_WORD = 8
"""Half-width columns that a body has at least: "正在启动", "Starting"."""


class _Table:
    """Places put together from the margins inwards."""

    def __init__(self, form: Form, ink: int, caption_ink: int) -> None:
        self.form, self.scale, self.vps = form, scale(form), variables(form)
        self.margin = MARGINS[min(form.width, form.height)]
        self.ink, self.caption_ink = ink, caption_ink
        self.places: list[Place] = []
        self.top, self.bottom = self.margin, form.down - self.margin
        self.left, self.right = self.margin, form.across - self.margin

    def put(
        self,
        part: str,
        box: tuple[int, int, int, int],
        letters: tuple[Letters, ...],
        *,
        ink: int | None = None,
        centred: bool = False,
        one_line: bool = True,
    ) -> None:
        x, y, width, height = box
        if not one_line:
            fit = (each for each in letters if each.size <= height and width * 2 // each.size >= _WORD)
            letters = tuple(fit) or letters[-1:]
        sizes = tuple(
            Size(
                each, width * 2 // each.size, 1 if one_line else max(1, (height + each.pitch - each.size) // each.pitch)
            )
            for each in letters
        )
        self.places.append(
            Place(part, x, y, width, height, sizes, self.ink if ink is None else ink, getattr(self.vps, part), centred)
        )

    def footer(self) -> None:
        """One line of small letters at the bottom."""
        caption = self.scale.caption
        self.bottom -= caption.size
        box = (self.left, self.bottom, self.right - self.left, caption.size)
        self.put("footer", box, (caption,), ink=self.caption_ink)
        self.bottom -= caption.size // 4

    def body(self, *, centred: bool = False, below_title: bool = False) -> None:
        """All that is left. `below_title`: in letters that are smaller than a title's, however short the text is."""
        box = (self.left, self.top, self.right - self.left, self.bottom - self.top)
        letters = tuple(each for each in self.scale.body if each.size < self.scale.head.size or not below_title)
        self.put("body", box, letters, centred=centred, one_line=False)

    @property
    def headings(self) -> tuple[Letters, ...]:
        """Of a title: the large font, and the body's for what it cannot draw or hold."""
        return (self.scale.head, next(each for each in self.scale.body if each.charset == "gbk"))


_UNTOUCHED = ("emergency", "fire")
"""Nothing that is typed covers them."""
_BELOW = 480
"""So high a display has its answers one below the other: sign, title, text."""


@lru_cache(maxsize=256)
def drawing(form: Form, look: str) -> Drawing:
    """The picture of that kind."""
    if look == "idle":
        return _idle(form)
    if look in BANDS:
        return _banded(form, look)
    if look == "entry":
        return _entry(form)
    return _answer(form, look)


def _idle(form: Form) -> Drawing:
    ground, ink, caption_ink = GROUNDS["idle"]
    table = _Table(form, ink, caption_ink)
    letters, clock = table.scale, table.scale.clock
    caption = letters.caption
    table.footer()
    line = table.right - table.left
    clock_width = clock * 5 // 2
    if form.upright:
        table.put("large", (table.left, table.top, clock_width, clock), (Letters(clock, "ascii"),))
        table.top += clock + caption.size // 4
        table.put("aside", (table.left, table.top, line, caption.size), (caption,), ink=caption_ink)
        table.top += caption.pitch + caption.size // 2
        table.put("title", (table.left, table.top, line, letters.head.size), table.headings)
        table.top += letters.head.pitch
    else:
        table.put("large", (table.left, table.top, clock_width, clock), (Letters(clock, "ascii"),))
        x = table.left + clock_width + table.margin
        room = table.right - x
        title_top = table.top + max(0, (clock - letters.head.size - caption.size) // 3)
        table.put("title", (x, title_top, room, letters.head.size), table.headings)
        aside_top = max(title_top + letters.head.size + 4, table.top + clock - caption.size)
        table.put("aside", (x, aside_top, room, caption.size), (caption,), ink=caption_ink)
        table.top = max(table.top + clock, aside_top + caption.size) + table.margin // 2
    rule = Fill(table.left, table.top, line, 2, PALE)
    table.top += table.margin // 2 + 2
    contact = table.headings if form.down >= 480 else table.headings[1:]
    high, gap = contact[0].size, letters.body[-1].size // 4
    if table.bottom - table.top >= high + gap + 2 * letters.body[-1].pitch - gap:  # else its lines are the body's
        table.bottom -= high
        table.put("contact", (table.left, table.bottom, line, high), contact)
        table.bottom -= gap
    table.body()
    return Drawing("idle", ground, (rule,), None, tuple(table.places), anywhere(form.across, form.down))


def _banded(form: Form, look: str) -> Drawing:
    """A notice or a question: a band in its colour with its sign and the title, the text on white; answer keys below a question."""
    table = _Table(form, INK, INK)
    head = table.scale.head.size
    pad = table.margin // 2
    band = head + 2 * pad
    sign = Sign(look, table.left, pad, head, WHITE, BANDS[look])
    x = table.left + head + pad
    table.put("title", (x, pad, table.right - x, head), table.headings, ink=WHITE)
    table.top = band + table.margin // 2
    table.footer()
    keys = (look == "question" and _answers(table)) or anywhere(form.across, form.down)
    table.body(below_title=True)
    fills = (Fill(0, 0, form.across, band, BANDS[look]),)
    return Drawing(look, WHITE, fills, sign, tuple(table.places), keys)


def _answers(table: _Table) -> tuple[Key, ...]:
    """A row of keys where three lines of text are left above them; two on an upright display: digits, and what sends or cancels."""
    rows = (ANSWERS[:5], ANSWERS[5:]) if table.form.upright else (ANSWERS,)
    high = max(44, min(table.form.width, table.form.height) // 7) * len(rows) + GAP * (len(rows) - 1)
    letters = table.scale.body[-1]
    if table.bottom - high - GAP - table.top < 2 * letters.pitch + letters.size:
        return ()
    table.bottom -= high
    box = (table.left, table.bottom, table.right - table.left, high)
    table.bottom -= GAP
    return grid(rows, box, (PURPLE, WHITE))


def _entry(form: Form) -> Drawing:
    """Keys that are typed: what is asked, the digits, what to do; the keypad beside it, below it on an upright display."""
    ground, ink, caption_ink = GROUNDS["entry"]
    table = _Table(form, ink, caption_ink)
    table.footer()
    head = table.scale.head.size
    if form.upright:
        high = (table.bottom - table.top) // 2
        box = (table.left, table.bottom - high, table.right - table.left, high)
        side, bottom, right = head * 3 // 2, table.bottom - high - GAP, table.right
    else:
        wide = (table.right - table.left) * 2 // 5
        box = (table.right - wide, table.top, wide, table.bottom - table.top)
        side, bottom, right = head * 3 // 2, table.bottom, table.right - wide - table.margin
    keys = grid(KEYPAD, box, (KEY_GROUND, WHITE))
    table.bottom, table.right = bottom, right
    line = right - table.left
    sign, x = None, table.left
    if form.down >= _BELOW or form.upright:  # else the title needs its room
        sign = Sign("entry", table.left, table.top, side, ink, ground)
        x += side + table.margin // 2
    else:
        side = head
    table.put("title", (x, table.top + (side - head) // 2, right - x, head), table.headings)
    table.top += side + table.margin // 2
    digits = min(table.scale.clock, line * 2 // MASKED // 8 * 8)
    table.put("large", (table.left, table.top, line, digits), (Letters(digits, "ascii"),))
    table.top += digits + table.margin // 2
    table.body()
    return Drawing("entry", ground, (), sign, tuple(table.places), keys)


def _answer(form: Form, look: str) -> Drawing:
    """A full screen of one colour: a large sign, one short line large, and what to do; one below the other where that has room."""
    ground, ink, caption_ink = GROUNDS[look]
    table = _Table(form, ink, caption_ink)
    fills = edges(form.across, form.down, look)
    if fills:
        table.left = max(table.margin, EDGE + 4)
        table.right = form.across - table.left
        table.top, table.bottom = table.top + EDGE // 2, table.bottom - EDGE
    table.footer()
    head, line = table.scale.head, table.right - table.left
    below = form.down >= _BELOW
    side = _side(form) if below else form.down * 7 // 25
    if below:
        sign = Sign(look, (form.across - side) // 2, table.top, side, ink, ground)
        table.top += side + (table.margin if form.upright else table.margin // 2)
        table.put("title", (table.left, table.top, line, head.size), table.headings, centred=True)
        table.top += head.pitch + (0 if fills else EDGE)
    else:
        sign = Sign(look, table.left, table.top, side, ink, ground)
        x = table.left + side + GAP
        table.put("title", (x, table.top + (side - head.size) // 2, table.right - x, head.size), table.headings)
        table.top += side + table.margin // 2
    table.body(centred=below)
    keys = () if look in _UNTOUCHED else anywhere(form.across, form.down)
    return Drawing(look, ground, fills, sign, tuple(table.places), keys)


def _side(form: Form) -> int:
    """Of a sign above its title: what four lines of text leave of the page within an edge, or three, if they are large; never small."""
    if form.upright:
        return form.across * 2 // 5
    letters, margin = scale(form), MARGINS[min(form.width, form.height)]
    large, small = letters.body[0], letters.body[-1]
    rest = form.down - 2 * margin - EDGE * 3 // 2 - margin // 2 - letters.head.pitch - letters.caption.size * 5 // 4
    wishes = [rest - lines * large.pitch + large.pitch - large.size for lines in (4, 3)]
    found = next((side for side in wishes if side > form.down // 4), rest - 3 * small.pitch - small.size)
    return min(found, form.down * 2 // 5)


@lru_cache(maxsize=64)
def choices(form: Form) -> tuple[Choice, ...]:
    """All pages of the panel, numbered from 0, those of the first bank before the second's; the first is the idle page, which it shows
    by itself after a start.
    """
    once = list(_choices(form))
    twice = ((bank, look, sizes) for bank in range(BANKS) for look, sizes in once)
    return tuple(Choice(number, look, sizes, bank) for number, (bank, look, sizes) in enumerate(twice))


def _choices(form: Form) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
    for look in LOOKS:
        several = [(place.part, len(place.sizes)) for place in drawing(form, look).places if len(place.sizes) > 1]
        for chosen in product(*(range(count) for _, count in several)):
            yield look, tuple((part, size) for (part, _), size in zip(several, chosen, strict=True))


def page_number(form: Form, look: str, sizes: Mapping[str, int]) -> int:
    """The panel's page for a picture with these sizes in the first bank, by part; 0 for what is not named. An unknown look shows as `policy`."""
    known = look if look in LOOKS else "policy"
    return next(
        choice.number
        for choice in choices(form)
        if choice.look == known and all(sizes.get(part, 0) == size for part, size in choice.sizes)
    )
