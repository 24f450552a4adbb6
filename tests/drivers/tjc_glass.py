"""A TJC panel that is drawn on, in simulated time: what stands on its glass, by instructions as the instruction set has them."""

from __future__ import annotations

from drivers.display.design import LOOKS, SIZES, Form, drawing
from drivers.display.tjc_drawing import TjcDesigned, font_ids
from drivers.display.tjc_drawn import TjcDrawnPanel
from drivers.display.tjc_layout import TjcOptions
from drivers.reports import DrawPage
from panel.table import tjc_parts
from simulator.tjc_canvas import TjcCanvas
from tests.drivers.bus import Bus
from tests.drivers.tjc_bench import Panel

FORMS = [Form(*size, rotate, large) for size in SIZES for rotate in (0, 90) for large in (False, True)]
CASES = [(form, look) for form in FORMS for look in LOOKS]
COMMON = Form(800, 480)
Box = tuple[int, int, int, int]


class Glass(Panel):
    """`things` are what was drawn since the ground was, each with its box; what lies under another is gone."""

    def power_cycle(self) -> None:
        super().power_cycle()
        self.ground: int | None = None
        self.things: list[tuple[Box, str, str]] = []
        self.seen: list[tuple[str, str]] = []
        """Every (title, body) that stood."""

    def carry_out(self, said: bytes) -> bool:
        word, _, rest = said.partition(b" ")
        if word in self.lacks or any(said.startswith(lack) for lack in self.lacks):
            return False
        if word == b"cls":
            self.ground, self.things = int(rest), []
        elif word in (b"fill", b"cirs", b"pic", b"xstr"):
            self.draw(word.decode(), rest)
        else:
            return super().carry_out(said)
        self.seen.append((self.title, self.body))
        return True

    def draw(self, word: str, rest: bytes) -> None:
        *given, last = rest.split(b",", 10)
        numbers = [int(part) for part in given if part.isdigit()]
        if word == "xstr":
            assert last[:1] == last[-1:] == b'"'
            x, y, width, height, font = numbers[:5]
            raw = last[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
            self.put((x, y, width, height), f"font {font}", raw.decode("gbk"))
            return
        numbers.append(int(last))
        if word == "cirs":
            x, y, radius, _ = numbers
            self.put((x - radius, y - radius, 2 * radius, 2 * radius), word, "")
        else:
            x, y, *size = numbers[:-1]
            self.put((x, y, *size) if size else (x, y, 1, 1), word, "")  # type: ignore[arg-type]

    def put(self, box: Box, kind: str, text: str) -> None:
        self.things = [thing for thing in self.things if not (thing[2] and overlap(thing[0], box))]
        self.things.append((box, kind, text))

    @property
    def title(self) -> str:
        return next((text for box, _, text in self.things if text and box[:2] in self.titles), "")

    @property
    def body(self) -> str:
        lines = sorted((box[1], text) for box, _, text in self.things if text and self.of_body(box))
        return "\n".join(text for _, text in lines)

    def is_for(self, form: Form) -> Glass:
        """Titles and bodies are told apart by where the form has them on its notices and answers."""
        pictures = [drawing(form, look) for look in LOOKS]
        self.titles = {(place.x, place.y) for each in pictures for place in each.places if place.part == "title"}
        self.footers = {(place.x, place.y) for each in pictures for place in each.places if place.part == "footer"}
        self.bodies = [place for each in pictures for place in each.places if place.part == "body"]
        return self

    def of_body(self, box: Box) -> bool:
        within = [
            place
            for place in self.bodies
            if place.x == box[0] and place.width == box[2] and place.y <= box[1] < place.y + place.height
        ]
        return bool(within) and box[:2] not in self.titles | self.footers

    @property
    def written(self) -> list[str]:
        return [text for _, _, text in self.things if text]


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def bus_of(glass: Glass, baud: int = 115200, *, pictures: dict[str, int] | None = None, **options) -> Bus:
    glass.is_for(COMMON)
    layout = TjcDesigned("800x480", pictures=pictures or {})
    return Bus(TjcDrawnPanel([("panel", TjcOptions(layout=layout, **options))], baud), glass, baud)


def page(
    token: int,
    title: str = "请进 张桂英",
    body: tuple[str, ...] = ("欢迎回家", "垃圾请放3号点"),
    look: str = "yes",
    **further,
) -> DrawPage:
    name = {"idle": "idle", "no": "refused", "yes": "answer"}.get(look, "notice")
    given = {"large": "14:05", "aside": "11月24日 星期二", "contact": "王敏 5550 1234", **further}
    return DrawPage("panel", token, name, title, body, "14:05", look=look, **given)


def show(bus: Bus, token: int, **given) -> None:
    bus.session.order(page(token, **given), bus.now)


def drawn(bus: Bus) -> list[bytes]:
    """The drawing instructions said so far, in order."""
    said = [part for _, frame in bus.written for part in frame.split(b"\xff\xff\xff")]
    return [part for part in said if part.split(b" ")[0] in (b"cls", b"fill", b"cirs", b"pic", b"xstr")]


def canvas(form: Form = COMMON, **further) -> TjcCanvas:
    given = {
        "width": form.across,
        "height": form.down,
        "fonts": tuple(letters.size for letters in font_ids(form)),
        "parts": tjc_parts(form),
        "design": f"{form.width}x{form.height}",
        "rotate": form.rotate,
    }
    return TjcCanvas(**{**given, **further})
