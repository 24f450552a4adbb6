"""A built DWIN panel in simulated time: the variables its files begin with, and what a resident reads on the page that shows."""

from __future__ import annotations

from drivers.display.design import IDENTITY_VP, KEY_VP, Form, choices, drawing, variables
from drivers.display.designed import DesignedLayout
from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.reports import DrawPage
from tests.drivers.bus import Bus
from tests.drivers.dwin_bench import Panel

FORMS = tuple(
    Form(width, height, rotate, large)
    for width, height in ((480, 272), (800, 480), (1024, 600))
    for rotate in (0, 90)
    for large in (False, True)
)
USUAL = Form(800, 480)


def written(text: str) -> bytes:
    return text.encode("ascii") + b"\xff\xff"


class Built(Panel):
    """`identity` is what its files tell of themselves, by default those of `form`."""

    def __init__(self, form: Form = USUAL, *, crc: bool = False, identity: bytes | None = None) -> None:
        super().__init__(crc)
        self.form = form
        self.identity = written(form.identity) if identity is None else identity
        self.power_cycle()

    def power_cycle(self) -> None:
        super().power_cycle()
        for at in range(0, len(self.identity), 2):
            self.memory[IDENTITY_VP + at // 2] = self.identity[at : at + 2].ljust(2, b"\xff")

    def upload(self, key: str) -> bytes:
        """What it says when that key is touched."""
        return self.frame(b"\x83" + KEY_VP.to_bytes(2, "big") + b"\x01\x00" + key.encode())

    def seen(self) -> dict[str, tuple[str, ...]]:
        """Every part of the page that shows, with its lines, empty ones at the end left out."""
        choice = choices(self.form)[self.page]
        bank, words = choice.bank * variables(self.form).words, variables(self.form).line_words
        found = {}
        for place in drawing(self.form, choice.look).places:
            lines = [
                self.text(place.vp + bank + n * words)
                for n in range(place.sizes[dict(choice.sizes).get(place.part, 0)].rows)
            ]
            while lines and not lines[-1]:
                lines.pop()
            found[place.part] = tuple(lines)
        return found


def built_bus(panel: Built, form: Form | None = None, baud: int = 115200) -> Bus:
    """`form`: of the configuration, by default that of the panel's files."""
    form = form or panel.form
    layout = DesignedLayout(f"{form.width}x{form.height}", form.rotate, form.large)
    return Bus(DwinPanel([("panel", DwinOptions(layout=layout, crc=panel.crc))], baud), panel, baud)


def full(form: Form, look: str, token: int) -> DrawPage:
    """A page with something in every place, as much as fits, each text with the token."""
    parts = {place.part: place.sizes[0] for place in drawing(form, look).places}

    def line(part: str, n: int) -> str:
        size = parts[part]
        plain = size.letters.charset == "ascii"
        return ("0" * 20 if plain else f"{token}:{n}" + "满" * 60)[
            : min(12, size.columns) if plain else size.columns // 2
        ]

    body = tuple(line("body", n) for n in range(parts["body"].rows))
    single = {part: line(part, 0) for part in ("large", "aside", "contact", "title", "footer") if part in parts}
    return DrawPage("panel", token, "notice", body=body, look=look, **{"title": "", "footer": "", **single})
