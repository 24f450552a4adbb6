"""Notices as panels draw them, before they are put up: for a program that asks line by line and gets pictures back.

What is drawn is a panel without files of its own, whose pages are the same design: the lines break where they break on all of them.
"""

from __future__ import annotations

import io
import os
import resource
import select
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from agent.config.plan import designed
from agent.core import pages
from agent.core.controller import initial
from agent.core.plan import UnitPlan
from agent.core.state import State
from agent.devices import draw_order
from agent.locale import load
from contract import codec
from contract.codec import FieldError
from contract.messages import Notice
from contract.strict_json import dumps, load_object
from drivers.display.design import Form, form_of
from drivers.display.tjc_drawing import TjcDesigned
from drivers.display.tjc_layout import TjcOptions
from panel.cli import PanelCommand
from panel.errors import PanelError
from panel.letters import Face, find
from panel.show.glass import Glass, glass

if TYPE_CHECKING:
    from PIL.Image import Image

_DRIVER = "tjc"
_DISPLAY = "panel"
MOST_FORMS = 4
"""Panels kept standing at a time."""
MEMORY = 384 * 1024 * 1024
"""Bytes of data: whatever a text does to it, the machine keeps its memory. 40 MB are used."""
COLOURS = 48
IDLE_S = 300.0
"""Nobody asked for so long: whoever asks next starts another."""
_PLAN = UnitPlan(
    site="", unit="", name="", scopes=(), timezone="UTC", language="", doors=(), displays=(), inputs=(), catalogues={}, version=""
)  # fmt: skip


class Panels:
    """Simulated panels, one of each form that was asked for, drawn on one after another."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._catalogues = load()
        self._standing: dict[Form, tuple[Glass, ExitStack]] = {}

    def draw(self, form: Form, language: str, notice: Notice, most: int) -> tuple[int, list[bytes]]:
        """How many pages it has, and the first of them as PNG. Raises PanelError where it cannot be drawn."""
        display = designed(_DISPLAY, form, enlarges=False)
        made = pages.of_notice(self._state(language), display, notice)
        glassed = self._glass(form)
        return len(made), [_png(glassed.show(draw_order(_DISPLAY, 0, page))) for page in made[:most]]

    def close(self) -> None:
        for _glass, stack in self._standing.values():
            stack.close()
        self._standing.clear()

    def _state(self, language: str) -> State:
        return initial(replace(_PLAN, language=language, catalogues=self._catalogues))

    def _glass(self, form: Form) -> Glass:
        standing = self._standing.pop(form, None)
        if standing is None:
            while len(self._standing) >= MOST_FORMS:
                _oldest, stack = self._standing.pop(next(iter(self._standing)))
                stack.close()
            stack = ExitStack()
            options = _options(form)
            standing = stack.enter_context(glass(_DRIVER, options, self._face)), stack
        self._standing[form] = standing
        return standing[0]


def _png(image: Image) -> bytes:
    """Of so many colours as can be told apart there: a third of the bytes."""
    into = io.BytesIO()
    image.convert("RGB").quantize(COLOURS).save(into, "PNG", optimize=True)
    return into.getvalue()


def _options(form: Form) -> TjcOptions:
    return TjcOptions(layout=TjcDesigned(f"{form.width}x{form.height}", form.rotate, form.large))


@click.command("notices", cls=PanelCommand, hidden=True)
def notices() -> None:
    """Draw notices that a program asks for on standard input, one a line, until that ends."""
    answer(sys.stdin.buffer, sys.stdout.buffer)


def answer(asked: BinaryIO, told: BinaryIO) -> None:
    """Until nobody asks any more, for so long. Each answer is a line of JSON, and the pictures whose lengths it tells behind it."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with TemporaryDirectory(prefix="doorward-panels-") as cache:
        os.environ["XDG_CACHE_HOME"] = (
            cache  # a service's user has no home, and what is kept for these panels is a small file
        )
        _answer(asked, told)


def _answer(asked: BinaryIO, told: BinaryIO) -> None:
    panels = Panels(find())
    try:
        while select.select([asked], [], [], IDLE_S)[0] and (line := asked.readline()):
            pictures: list[bytes] = []
            try:
                count, pictures = _drawn(panels, load_object(line))
                said: dict[str, Any] = {"pages": count, "pictures": [len(each) for each in pictures]}
            except (PanelError, FieldError, ValueError, KeyError, TypeError, MemoryError) as error:
                said = {"fault": str(error)}
            told.write(dumps(said) + b"\n" + b"".join(pictures))
            told.flush()
    finally:
        panels.close()


def _drawn(panels: Panels, asked: Mapping[str, Any]) -> tuple[int, list[bytes]]:
    form = form_of(asked["size"], asked["rotate"], large=asked["large"])
    notice = codec.read(Notice, asked["notice"])
    return panels.draw(form, asked["language"], notice, asked["most"])
