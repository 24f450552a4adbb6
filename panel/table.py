"""What the files of a panel do not tell of themselves, as data for whoever looks at one: which variables, or which lines on the glass, are of
which part of a page. Pure.
"""

from __future__ import annotations

from typing import Any

from drivers.display import design
from drivers.display.colours import rgb565
from drivers.display.design import LOOKS, Form, drawing
from drivers.display.tjc_drawing import font_ids

NAME = "panel.json"


def dwin_table(form: Form) -> dict[str, Any]:
    """`parts`: of each and each of its banks the first word and the one behind the last; `pages`: their looks by number; `layout`: for the
    unit's configuration.
    """
    places = design.variables(form)
    words = {"large": design.LARGE_WORDS} | dict.fromkeys(("title", "aside", "contact", "footer"), places.line_words)
    words["body"] = places.line_words * places.lines
    starts = {part: [getattr(places, part) + bank * places.words for bank in range(design.BANKS)] for part in words}
    parts = {part: [[start, start + words[part]] for start in found] for part, found in starts.items()}
    pages = {str(each.number): each.look for each in design.choices(form)}
    return {"parts": parts, "pages": pages, "layout": _layout(form) | {"large": str(form.large).lower()}}


def tjc_table(form: Form) -> dict[str, Any]:
    """`fonts`: their heights by their ids; `parts`: ground (RGB565), x and y of each line, and its part."""
    return {
        "width": form.across,
        "height": form.down,
        "fonts": [letters.size for letters in font_ids(form)],
        "parts": [[*where, part] for where, part in tjc_parts(form).items()],
        "layout": _layout(form),
    }


def _layout(form: Form) -> dict[str, Any]:
    return {"design": f"{form.width}x{form.height}", "rotate": form.rotate}


def tjc_parts(form: Form) -> dict[tuple[int, int, int], str]:
    """A page on which something is typed has the ground of the idle one, which goes first."""
    found: dict[tuple[int, int, int], str] = {}
    for picture in (drawing(form, look) for look in sorted(LOOKS, key=lambda look: look == "entry")):
        for place in picture.places:
            for size in place.sizes:
                for row in range(size.rows):
                    where = (rgb565(picture.ground), place.x, place.y + row * size.letters.pitch)
                    found.setdefault(where, place.part)
    return found
