"""Displays with designed pages, as setup asks for them and names what they need. Opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.commissioning.answers import spoken, yes_or_no
from agent.commissioning.interview import choice
from agent.words import _
from contract.frozen import frozen
from drivers.display.design import ROTATIONS, SIZES, Form
from drivers.display.tjc_inquiry import size_of
from drivers.probing import Sighting
from drivers.registry import DRIVERS

OWN = "own"
USUAL = "800x480"
_SIZES = tuple(f"{width}x{height}" for width, height in SIZES)


@frozen
class Wanted:
    """The files that a display still needs."""

    device: str
    form: Form

    @property
    def folder(self) -> str:
        """Another for each kind of files."""
        return self.form.identity.lower().replace(" ", "-")

    def arguments(self, language: str, out: str) -> list[str]:
        """Of `doorward panel`."""
        form = self.form
        turned = ["--rotate", str(form.rotate), "--cfg", "T5LCFG.CFG"] if form.rotate else []
        large = ["--large"] if form.large else []
        spoken = ["--language", language] if language != "zh-CN" else []
        return ["build", "dwin", "--size", f"{form.width}x{form.height}", *turned, *large, *spoken, out]


def asked(ask: Callable[..., Any], name: str, sighting: Sighting) -> dict[str, object] | None:
    """The layout of a display whose pages are designed; None for one with a project of its own."""
    size = ask(
        f"{name}.design",
        _("Display {name}: its size in pixels ({sizes}), or {own} for pages drawn by somebody else").format(
            name=name, sizes=", ".join(_SIZES), own=spoken(OWN)
        ),
        choice(*_SIZES, OWN),
        _told(sighting) or USUAL,
    )
    if size == OWN:
        return None
    rotate = ask(
        f"{name}.rotate",
        _("Display {name}: how does it hang? Degrees clockwise: {degrees}").format(
            name=name, degrees=", ".join(map(str, ROTATIONS))
        ),
        choice(*map(str, ROTATIONS)),
        "0",
    )
    layout: dict[str, object] = {"design": size, "rotate": int(rotate)}
    if not DRIVERS[sighting.driver].enlarges:
        question = _("Display {name}: letters one size larger, and so fewer lines? yes or no").format(name=name)
        layout["large"] = ask(f"{name}.large", question, yes_or_no, "no")
    return layout


def _told(sighting: Sighting) -> str:
    model = sighting.detail.partition(", model ")[2]
    return size_of(model)
