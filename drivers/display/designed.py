"""The layout of a panel with designed pages in the configuration, and a page as the texts of its places. What both kinds of panel share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from contract.frozen import frozen
from drivers.display.design import LOOKS, Drawing, Form, Place, Size, drawing, form_of
from drivers.reports import DrawPage

PLAIN_KEYS = ("columns", "rows", "charset", "fonts")
"""Options of a panel without designed pages; the design knows them."""
_LOOK_OF = {"idle": "idle", "answer": "yes", "refused": "no", "alarm": "emergency"}
"""By the name of the page, where an order says no look."""


@frozen
class DesignedLayout:
    """`design`: the size of the panel, as its maker states it; `rotate`: how it hangs, in degrees clockwise; `large`: its large letters.
    `verify` false: a DWIN panel is not asked whether its files fit, for it does not load their initial values.
    """

    design: str
    rotate: int = 0
    large: bool = False
    verify: bool = True

    def check(self) -> list[tuple[str, str]]:
        """The key that is wrong, and why."""
        try:
            form_of(self.design)
        except ValueError as error:
            return [("layout.design", str(error))]
        try:
            form_of(self.design, self.rotate)
        except ValueError as error:
            return [("layout.rotate", str(error))]
        return []

    @property
    def form(self) -> Form:
        """Raises ValueError where `check` finds a fault."""
        return form_of(self.design, self.rotate, large=self.large)


def check_designed(
    options: Any, layout: DesignedLayout, given_by: tuple[str, ...] = PLAIN_KEYS
) -> list[tuple[str, str]]:
    """Faults of the layout, and of options that have no place beside it: those that are not as they are where nobody says them."""
    faults = layout.check()
    for each in fields(options):
        usual = each.default if each.default_factory is MISSING else each.default_factory()
        if each.name in given_by and getattr(options, each.name) != usual:
            faults.append((each.name, "has no place beside layout.design, which knows it: delete it"))
    return faults


@frozen
class Filled:
    """A place with what stands in it: at most `size.rows` lines, none where it is empty. `index`: which of its sizes that is."""

    place: Place
    index: int
    lines: tuple[str, ...]

    @property
    def size(self) -> Size:
        return self.place.sizes[self.index]


def look_of(page: DrawPage) -> str:
    """Which picture; an order without a look gets that of its page's name."""
    return page.look if page.look in LOOKS else _LOOK_OF.get(page.page, "policy")


def form_for(page: DrawPage, form: Form) -> Form:
    """The form that the page is drawn in, of a display that can change its letters."""
    return replace(form, large=form.large or page.enlarged)


def drawing_of(page: DrawPage, form: Form) -> Drawing:
    return drawing(form, look_of(page))


def filled(page: DrawPage, form: Form) -> tuple[Filled, ...]:
    """Every place of the page's picture, in the design's order. Lines that no place has room for are left out."""
    sizes = dict(page.sizes)
    found = []
    for place in drawing_of(page, form).places:
        index = min(max(0, sizes.get(place.part, 0)), len(place.sizes) - 1)
        lines = _texts(page)[place.part][: place.sizes[index].rows]
        found.append(Filled(place, index, lines))
    return tuple(found)


def chosen(page: DrawPage, form: Form) -> Mapping[str, int]:
    """By part, which of its sizes it has, where that is not the first."""
    return {each.place.part: each.index for each in filled(page, form) if each.index}


def _texts(page: DrawPage) -> Mapping[str, tuple[str, ...]]:
    single = {
        "large": page.large,
        "title": page.title,
        "aside": page.aside,
        "contact": page.contact,
        "footer": page.footer,
    }
    return {part: (text,) if text else () for part, text in single.items()} | {"body": page.body}
