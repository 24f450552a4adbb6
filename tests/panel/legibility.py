"""How high and how clear the texts of a panel are, from what is drawn: writes the tables of docs/panel.md. `python -m tests.panel.legibility`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from drivers.display import design
from drivers.display.design import SIZES, Form, Letters, scale
from panel.dwin.fonts import _latin, _Pen
from panel.letters import find
from panel.pictures import background
from tests.panel.building import bits
from tests.panel.test_pictures import contrast

PAGE = Path(__file__).parents[2] / "docs" / "panel.md"
GLASS = (
    ("4.3 inch", (480, 272), 53.86),
    ("7 inch", (800, 480), 85.92),
    ("7 inch", (1024, 600), 85.92),
    ("10.1 inch", (1024, 600), 125.28),
)
"""Panels, and the height of their picture in mm as makers of such displays state it."""
MADE = {size: height for _, size, height in GLASS}
"""Of 1024×600 the larger one."""
ARC = 20
"""Minutes of arc: what ISO 9241-3 prefers begins there."""


def drawn_pixels(letters: Letters) -> int:
    """From the upper to the lower edge of a full character, or of a digit."""
    if letters.charset == "ascii":
        rows = bits(_latin(find(), "8", letters.size // 2), letters.size // 2, letters.size)
    else:
        rows = bits(_Pen(find(), letters.size).glyph("国"), letters.size, letters.size)
    inked = [y for y, row in enumerate(rows) if "#" in row]
    return inked[-1] - inked[0] + 1


def drawn_mm(form: Form, letters: Letters, height: float | None = None) -> float:
    return drawn_pixels(letters) * (height or MADE[form.width, form.height]) / form.height


def distance_m(height_mm: float) -> float:
    """From so far it is seen under `ARC`."""
    return height_mm / 1000 / math.tan(math.radians(ARC / 60))


def heights() -> str:
    """Of every panel, in both sizes of letters; how far off its text is easy to read."""
    lines = [
        "| panel | small | text | short text | title | clock | text read from | short text from |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for large in (False, True):
        for inch, size, tall in GLASS:
            form = Form(*size, large=large)
            letters = scale(form)
            parts = (letters.caption, letters.body[-1], letters.body[0], letters.head, Letters(letters.clock, "ascii"))
            found = [drawn_mm(form, each, tall) for each in parts]
            name = f"{inch}, {size[0]}×{size[1]}{', large' if large else ''}"
            told = [name, *(f"{each:.1f}" for each in found), *(f"{distance_m(found[n]):.1f} m" for n in (1, 2))]
            lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines)


def least_contrast(look: str) -> tuple[float, float]:
    """Of title and text, over all panels; of the least of all others."""
    found: dict[str, list[float]] = {}
    for form in (Form(*size) for size in SIZES):
        picture = background(form, look, find())
        for place in design.drawing(form, look).places:
            ground = picture.getpixel((place.x, place.y))
            assert isinstance(ground, tuple)
            ink = (place.ink >> 16, place.ink >> 8 & 0xFF, place.ink & 0xFF)
            found.setdefault(place.part, []).append(contrast(ink, (ground[0], ground[1], ground[2])))
    return min(found["title"]), min(min(each) for part, each in found.items() if part != "title")


def contrasts() -> str:
    lines = ["| page | title | all else |", "|---|---|---|"]
    for look in design.LOOKS:
        title, rest = least_contrast(look)
        lines.append(f"| {look} | {title:.1f} | {rest:.1f} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"heights": heights, "contrasts": contrasts}


def filled(page: str) -> str:
    """The page with its tables as they are now."""
    for name, table in TABLES.items():
        before, _, rest = page.partition(f"<!-- {name} -->")
        _, _, after = rest.partition("<!-- end -->")
        page = f"{before}<!-- {name} -->\n\n{table()}\n\n<!-- end -->{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
