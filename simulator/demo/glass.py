"""A panel's screen as lines of a character terminal: its parts with the weight they have on the glass. Only draws."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from simulator.demo import pictograms
from simulator.demo.looks import BLOCKS, LOOKS, PLAIN_PAGES, Look, digits, is_clock
from simulator.panel import Panel, Screen
from simulator.tjc_canvas import TjcCanvasPanel

KEYPAD = ("123", "456", "789", "*0#")
KEYPAD_WIDTH = 11
LEAST_WIDTH, LEAST_HEIGHT = 24, 7


def look_of(screen: Screen) -> Look:
    return LOOKS.get(PLAIN_PAGES.get(screen.page, screen.page), LOOKS["policy"])


def screen_of(panel: Panel) -> Screen:
    """With the parts apart, and the name of the picture: what is drawn on a TJC panel is known by its colours."""
    screen = panel.screen()
    if not isinstance(panel, TjcCanvasPanel):
        return _typed(screen)
    ground, marks = panel.ground, list(panel.marks)
    band = next((mark.colour for mark in marks if mark.kind == "fill" and (mark.x, mark.y) == (0, 0)), None)
    name = _by_colours(ground, band, entry=len(panel.part("sign")) >= len("123456789*0#"))
    further = tuple((part, "\n".join(panel.part(part))) for part in ("large", "aside", "contact") if panel.part(part))
    return Screen(name, screen.title, panel.part("body"), screen.footer, further)


def _typed(screen: Screen) -> Screen:
    """Keys that are typed have no page of their own on a panel without designed pages."""
    if screen.page != "answer" or not screen.body or set(screen.body[0]) - set("●*"):
        return screen
    masked, *rest = screen.body
    return replace(screen, page="entry", body=tuple(rest), further=(("large", masked),)) if masked else screen


def _by_colours(ground: int, band: int | None, *, entry: bool) -> str:
    if entry:
        return "entry"
    named = [name for name, look in LOOKS.items() if _rgb565(look.ground) == ground]
    banded = [name for name in named if band is not None and _rgb565(LOOKS[name].band or "#000000") == band]
    return next(iter(banded or named), "policy")


def _rgb565(colour: str) -> int:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red >> 3 << 11 | green >> 2 << 5 | blue >> 3


def able(encoding: str) -> Callable[[str], bool]:
    """Whether a terminal of that charset can show a text."""

    def can(text: str) -> bool:
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    return can


class Glass:
    """`can` tells which characters the terminal has. `colour` False: a band is shown in reverse."""

    def __init__(self, width: int, height: int, can: Callable[[str], bool], *, colour: bool = True) -> None:
        self.width, self.height = max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT)
        self._can, self._colour = can, colour

    def lines(self, screen: Screen, *, dark: bool = False) -> list[Text]:
        """Just as many as the glass is high, each as wide as it."""
        if dark:
            return [Text(" " * self.width, style="on black") for _ in range(self.height)]
        look = look_of(screen)
        drawn = list(self._idle(screen, look) if screen.page == "idle" else self._page(screen, look))
        room = self.height - bool(screen.footer)
        drawn = drawn[:room] + [self._line("", look) for _ in range(room - len(drawn))]
        if screen.footer:
            drawn.append(self._line(screen.footer, look, "dim"))
        if screen.page == "entry" and self.width >= 2 * KEYPAD_WIDTH:
            self._keypad(drawn, look)
        return drawn

    # --- kinds of pages

    def _idle(self, screen: Screen, look: Look) -> Iterator[Text]:
        """Clock, date and unit; below them the sign, and who is on duty in bold at the bottom."""
        parts = dict(screen.further)
        body = [line for line in screen.body if line]
        clock = parts.get("large", "")
        if not clock and body and is_clock(body[0]):
            clock, *body = body
        beside = [screen.title, parts.get("aside", "")]
        contact = parts.get("contact", "")
        yield from self._clock(clock, [each for each in beside if each], look)
        yield self._line((self._or("─", "-")) * (self.width - 2), look, "dim")
        room = self.height - bool(screen.footer) - self._clock_rows(clock) - 2 - bool(contact)
        lines = [part for line in body for part in wrapped(line, self.width - 2)]
        for line in lines[:room]:
            yield self._line(line, look)
        for _ in range(room - len(lines)):
            yield self._line("", look)
        if contact:
            yield self._line(contact, look, "bold")

    def _clock_rows(self, clock: str) -> int:
        blocks = self._can(BLOCKS)
        if not is_clock(clock):
            return 3
        return 5 if self.height >= 14 or not blocks else 3

    def _clock(self, clock: str, beside: list[str], look: Look) -> Iterator[Text]:
        rows = self._clock_rows(clock)
        blocks = self._can(BLOCKS)
        dots = digits(clock, rows, blocks=blocks) if is_clock(clock) else [clock]
        wide = max(map(cell_len, dots)) + 4
        if self.width - wide < 16:  # beside it is no room: a clock of one row
            dots, wide = [clock], len(clock) + 3
        texts = [part for text in beside for part in wrapped(text, self.width - wide - 1)]
        yield self._line("", look)
        top = max(0, (rows - len(texts)) // 2)
        for row in range(rows):
            line = self._line(f"{dots[row] if row < len(dots) else '':<{wide - 2}}", look, "bold")
            text = texts[row - top] if 0 <= row - top < len(texts) else ""
            yield self._beside(line, wide, text, look, "bold" if row == top else "")

    def _page(self, screen: Screen, look: Look) -> Iterator[Text]:
        name = PLAIN_PAGES.get(screen.page, screen.page)
        if name in pictograms.NAMES and self._can(BLOCKS) and self.height >= 8:
            return self._full(screen, look, name)
        return self._banded(screen, look)

    def _full(self, screen: Screen, look: Look, name: str) -> Iterator[Text]:
        """A large sign; the title and what to do beside it."""
        times = 2 if self.height >= 18 and self.width >= 60 else 1
        sign = pictograms.rows(name, times)
        at = pictograms.WIDE * times + 4
        width = self.width - at - 1
        title = wrapped(screen.title, width)
        text = [part for line in screen.body for part in (wrapped(line, width) or [""])]
        beside = [*title, "", *text]
        top = max(1, (self.height - 2 - max(len(sign), len(beside))) // 2)
        edge = "▚" * (self.width - 2) if look is LOOKS["emergency"] else ""
        yield self._band(edge, look) if edge else self._line("", look)
        for row in range(self.height - 2):
            left = sign[row - top] if 0 <= row - top < len(sign) else ""
            right = beside[row - top] if 0 <= row - top < len(beside) else ""
            line = self._line(f" {left}", look)
            yield self._beside(line, at, right, look, "bold underline" if 0 <= row - top < len(title) else "bold")
        yield self._band(edge, look) if edge else self._line("", look)

    def _banded(self, screen: Screen, look: Look) -> Iterator[Text]:
        """The sign and the title on a band, large digits, the text below."""
        sign = look.sign if self._can(look.sign) else look.plain
        head = f"{sign}  {screen.title}" if sign else screen.title
        tall = self.height >= 10
        band = [*([""] if tall else []), *wrapped(head, self.width - 2)[:2], *([""] if tall else [])]
        for line in band:
            yield self._band(line, look)
        large = dict(screen.further).get("large", "")
        if large:
            yield self._line("", look)
            yield self._line(" ".join(self._or("●", "*") for _ in large), look, "bold")
        if tall:
            yield self._line("", look)
        width = self.width - 2
        if screen.page == "entry":
            width -= KEYPAD_WIDTH
        for line in screen.body:
            yield from (self._line(part, look, "bold") for part in wrapped(line, width) or [""])

    def _keypad(self, drawn: list[Text], look: Look) -> None:
        """Over the right lower corner, as the panel has it."""
        rows = len(KEYPAD)
        top = max(0, len(drawn) - rows - 1)
        for row, labels in enumerate(KEYPAD):
            line = drawn[top + row]
            kept = Text(set_cell_size(line.plain, self.width - KEYPAD_WIDTH), style=line.style, no_wrap=True)
            kept.append(
                "".join(f" {label} " for label in labels).center(KEYPAD_WIDTH), style=f"bold reverse {_on(look)}"
            )
            drawn[top + row] = kept

    # --- lines

    def _line(self, text: str, look: Look, more: str = "") -> Text:
        return Text(
            set_cell_size(f" {self._shown(text)}", self.width), style=f"{more} {_on(look)}", no_wrap=True, end=""
        )

    def _beside(self, line: Text, at: int, text: str, look: Look, more: str) -> Text:
        kept = Text(set_cell_size(line.plain, at), style=line.style, no_wrap=True)
        kept.append(set_cell_size(self._shown(text), self.width - at), style=f"not bold {more} {_on(look)}")
        return kept

    def _band(self, text: str, look: Look) -> Text:
        style = f"bold {look.band_ink} on {look.band}" if look.band else f"bold {_on(look)}"
        if not self._colour:
            style = "bold reverse"
        return Text(set_cell_size(f" {self._shown(text)}", self.width), style=style, no_wrap=True)

    def _or(self, sign: str, plain: str) -> str:
        return sign if self._can(sign) else plain

    def _shown(self, text: str) -> str:
        return text if self._can(text) else "".join(char if self._can(char) else "?" * cell_len(char) for char in text)


def _on(look: Look) -> str:
    return f"{look.ink} on {look.ground}"


def wrapped(text: str, width: int) -> list[str]:
    """Broken where it has to be: between Chinese characters anywhere, else at a space where there is one."""
    lines: list[str] = []
    for whole in text.split("\n"):
        line = ""
        for word in _words(whole):
            if cell_len(line + word) > width and line.strip():
                lines.append(line.rstrip())
                line = ""
            line += word if line or word.strip() else ""
            while cell_len(line) > width:
                cut = set_cell_size(line, width).rstrip()
                lines.append(cut)
                line = line[len(cut) :]
        if line.strip():
            lines.append(line.rstrip())
    return lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF"
        if word and (wide or char == " " or word == " "):
            yield word
            word = ""
        word += char
        if wide:
            yield word
            word = ""
    if word:
        yield word
