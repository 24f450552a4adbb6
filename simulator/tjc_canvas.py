"""A TJC (Nextion) panel whose project is blank but for fonts: what is drawn on it, as texts and as pixels. Our own model.

It knows cls, fill, cirs, pic and xstr. Where a text stood that something was drawn over, there is none any more. It shares no code with
drivers/; what each place is for is told to it from outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.panel import Screen
from simulator.tjc_panel import DONE, ESCAPE, INVALID, WOKE, TjcPanel, TjcProject, unescaped

if TYPE_CHECKING:
    from PIL.Image import Image

TOUCH_AT, TOUCH_ASLEEP = 0x67, 0x68
NO_PICTURE, NO_FONT, PARAMETERS = 0x04, 0x05, 0x1E
MARKS = 1000
"""Drawn things kept at most; those that are covered are forgotten at once."""


@dataclass(frozen=True, slots=True)
class TjcCanvas(TjcProject):
    """A blank project. `fonts`: heights, by their ids; Chinese characters are as wide, all others half as wide."""

    width: int = 800
    height: int = 480
    """As it hangs."""
    fonts: tuple[int, ...] = (24, 32, 48, 96)
    pictures: tuple[tuple[int, int], ...] = ()
    """Their ids and how large they are, square."""
    parts: Mapping[tuple[int, int, int], str] = field(default_factory=dict)
    """What stands where: by the colour of the ground (RGB565) and the left upper corner of a line its part. What is in none is body."""
    stroke_s: float = 0.0
    """How long each instruction holds what comes next."""
    design: str = "800x480"
    rotate: int = 0
    shows: tuple[tuple[str, int], ...] = ()
    """As the unit's configuration says them: also the pictures of signs."""
    font: Path | None = None
    """The file that draws the characters."""

    @classmethod
    def read(cls, path: Path) -> TjcCanvas:
        """From the table `panel.json` in that folder. Raises OSError, and ValueError, KeyError, TypeError for another."""
        table = json.loads((path / "panel.json").read_text(encoding="utf-8"))
        return cls(
            width=int(table["width"]),
            height=int(table["height"]),
            fonts=tuple(table["fonts"]),
            parts={(ground, x, y): str(part) for ground, x, y, part in table["parts"]},
            design=str(table["layout"]["design"]),
            rotate=int(table["layout"]["rotate"]),
            font=Path(table["font"]),
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was drawn. `text`: in which font; `kind`: fill, disc, picture, text."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    colour: int
    text: str = ""
    font: int = 0
    paper: int | None = None
    centred: bool = False

    def overlaps(self, other: Mark) -> bool:
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    def covers(self, other: Mark) -> bool:
        across = self.x <= other.x and other.x + other.width <= self.x + self.width
        return across and self.y <= other.y and other.y + other.height <= self.y + self.height


class TjcCanvasPanel(TjcPanel):
    """A far end of a line."""

    project: TjcCanvas

    def _restart(self) -> None:
        super()._restart()
        self._variables["sendxy"] = 0
        self._loaded()

    def _loaded(self) -> None:
        """The blank page as the project has it: white."""
        self.ground = 0xFFFF
        self.marks: list[Mark] = []

    def _wake(self) -> None:
        self._loaded()
        super()._wake()

    # --- what is to be seen, and touched

    def screen(self) -> Screen:
        """`page` is the colour of the ground in hexadecimal; clock, date and contact count as body."""
        with self._clockwork.lock:
            found: dict[str, list[str]] = {}
            for mark in sorted(self.marks, key=lambda each: (each.y, each.x)):
                if mark.kind == "text":
                    found.setdefault(self._part(mark), []).append(mark.text.rstrip(" "))
        body = [text for part in ("large", "aside", "body", "contact") for text in found.get(part, ())]
        title, footer = (" ".join(found.get(part, ())) for part in ("title", "footer"))
        return Screen(f"{self.ground:04X}", title, tuple(body), footer)

    def part(self, name: str) -> tuple[str, ...]:
        """The lines of a part."""
        with self._clockwork.lock:
            there = [mark for mark in self.marks if mark.kind == "text" and self._part(mark) == name]
        return tuple(mark.text for mark in sorted(there, key=lambda each: each.y))

    def _part(self, mark: Mark) -> str:
        """A single character in the middle of a box that is no line's is a sign or a key."""
        alone = mark.centred and len(mark.text) == 1 and mark.width < 4 * mark.height
        return "sign" if alone else self.project.parts.get((self.ground, mark.x, mark.y), "body")

    def touch(self, key: str) -> None:
        """A finger on the key, or on the line that begins with it. Raises LookupError where there is none."""
        with self._clockwork.lock:
            mark = next((mark for mark in self.marks if mark.text.split(" ")[:1] == [key]), None)
        if mark is None:
            raise LookupError(key)
        self.touch_at(mark.x + mark.width // 3, mark.y + mark.height // 2)

    def touch_at(self, x: int, y: int) -> None:
        """A finger there: press and release. It wakes a sleeping panel and does nothing else then."""
        with self._clockwork.lock:
            self._trace.add(self.name, "touched")
            asleep = self.asleep
            if asleep and self._variables["thup"]:
                self._wake()
                self._say(bytes((WOKE,)))
            for pressed in (1, 0) if self._variables["sendxy"] else ():
                code = TOUCH_ASLEEP if asleep else TOUCH_AT
                self._say(bytes((code, *x.to_bytes(2, "big"), *y.to_bytes(2, "big"), pressed)))
            if not asleep:
                self._stay_awake()

    # --- instructions

    def _carry_out(self, said: bytes, now: float) -> int:
        word, _, rest = said.partition(b" ")
        draw = self._instructions.get(word)
        if draw is None or self.asleep:
            return super()._carry_out(said, now)
        self._busy_until = now + self.project.stroke_s
        code = draw(rest)
        if code == DONE:
            self._look()
        return code

    @property
    def _instructions(self) -> Mapping[bytes, Callable[[bytes], int]]:
        return {b"cls": self._cls, b"fill": self._fill, b"cirs": self._disc, b"pic": self._picture, b"xstr": self._text}

    def _cls(self, rest: bytes) -> int:
        numbers = _numbers(rest, 1)
        if numbers is None:
            return PARAMETERS
        (self.ground,) = numbers
        self.marks.clear()
        return DONE

    def _fill(self, rest: bytes) -> int:
        numbers = _numbers(rest, 5)
        if numbers is None:
            return PARAMETERS
        x, y, width, height, colour = numbers
        return self._draw(Mark("fill", x, y, width, height, colour))

    def _disc(self, rest: bytes) -> int:
        numbers = _numbers(rest, 4)
        if numbers is None:
            return PARAMETERS
        x, y, radius, colour = numbers
        return self._draw(Mark("disc", x - radius, y - radius, 2 * radius + 1, 2 * radius + 1, colour))

    def _picture(self, rest: bytes) -> int:
        numbers = _numbers(rest, 3)
        if numbers is None:
            return PARAMETERS
        x, y, number = numbers
        side = dict(self.project.pictures).get(number)
        return NO_PICTURE if side is None else self._draw(Mark("picture", x, y, side, side, number))

    def _text(self, rest: bytes) -> int:
        """Solid ground alone (sta 1). Only the left and the middle are known."""
        *given, quoted = rest.split(b",", 10)
        numbers = _numbers(b",".join(given), 10)
        if numbers is None or not quoted.startswith(b'"') or numbers[9] != 1 or numbers[7] > 1:
            return PARAMETERS
        x, y, width, height, font, ink, paper, centred, *_ = numbers
        if font >= len(self.project.fonts):
            return NO_FONT
        raw = unescaped(quoted)
        if raw is None:
            return ESCAPE
        text = self._decoded(raw)
        mark = Mark("text", x, y, width, height, ink, text, font, paper, bool(centred))
        if self.project.fonts[font] > height or _columns(text) * self.project.fonts[font] > 2 * width:
            self.counts.text_faults.append(f"too large for its box: {text!r} in font {font}, {width}x{height}")
        return self._draw(mark)

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode(self.project.charset)
        except UnicodeDecodeError:
            self.counts.text_faults.append(raw.hex(" "))
            return raw.decode(self.project.charset, "replace")

    def _draw(self, mark: Mark) -> int:
        inside = mark.width and mark.height and mark.x + mark.width <= self.project.width
        if mark.x < 0 or mark.y < 0 or not inside or mark.y + mark.height > self.project.height:
            return INVALID
        self.marks = [
            each for each in self.marks if not mark.covers(each) and not (each.kind == "text" and mark.overlaps(each))
        ][-MARKS:]
        if mark.kind != "text" or mark.text.strip():
            self.marks.append(mark)
        elif mark.paper is not None:
            self.marks.append(Mark("fill", mark.x, mark.y, mark.width, mark.height, mark.paper))
        return DONE

    # --- pixels

    def pixels(self, font: Path | None = None) -> Image:
        """As somebody in front of it sees it; needs Pillow. `font`: a file that draws the characters, else the project's. Pictures are grey squares."""
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

        with self._clockwork.lock:
            ground, marks = self.ground, list(self.marks)
        image = Image.new("RGB", (self.project.width, self.project.height), _rgb(ground))
        draw = ImageDraw.Draw(image)
        for mark in marks:
            box = (mark.x, mark.y, mark.x + mark.width - 1, mark.y + mark.height - 1)
            if mark.kind == "disc":
                draw.ellipse(box, fill=_rgb(mark.colour))
            elif mark.kind == "picture":
                draw.rectangle(box, fill=(128, 128, 128))
            else:
                draw.rectangle(box, fill=_rgb(mark.colour if mark.paper is None else mark.paper))
            if mark.kind == "text":
                size = self.project.fonts[mark.font]
                face = ImageFont.truetype(str(font or self.project.font), round(size * 0.8))
                x = mark.x + (mark.width - _columns(mark.text) * size // 2) // 2 * mark.centred
                for char in mark.text:
                    cell = _columns(char) * size // 2
                    middle = (x + cell // 2, mark.y + mark.height // 2)
                    draw.text(middle, char, font=face, fill=_rgb(mark.colour), anchor="mm")
                    x += cell
        return image


def _columns(text: str) -> int:
    return sum(1 if ord(char) < 0x80 else 2 for char in text)


def _rgb(colour: int) -> tuple[int, int, int]:
    red, green, blue = colour >> 11, colour >> 5 & 63, colour & 31
    return red * 255 // 31, green * 255 // 63, blue * 255 // 31


def _numbers(given: bytes, wanted: int) -> tuple[int, ...] | None:
    parts = given.split(b",")
    if len(parts) != wanted or not all(part.isdigit() and len(part) <= 5 for part in parts):
        return None
    return tuple(map(int, parts))
