"""A page before real simulated hardware; what tells the panel something is the test."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from simulator.box import BoxSpec
from simulator.broker import free_port
from simulator.demo import panels
from simulator.demo.stage import NEXT, UNIT, Pace, Stage
from simulator.demo.web.app import Page
from simulator.demo.web.play import TURN_S, playing
from simulator.demo.web.scene import WebScene
from simulator.demo.web.serving import Serving
from simulator.demo.words import EN
from simulator.tjc_canvas import TjcCanvas
from tests.simulator.demo.web.asking import Asking
from tests.waiting import eventually

UNHURRIED = Pace(15.0, 2.0)
"""A busy machine's browser takes its time from the card to the push."""


@dataclass(frozen=True)
class Shown:
    stage: Stage
    scene: WebScene
    browser: Asking


def shown(folder: Path, mix: BoxSpec, stack: ExitStack, console: str | None = None) -> Shown:
    stage = stack.enter_context(Stage(folder / "demo", None, mix))
    scene = stack.enter_context(WebScene(stage, [stage.entrance], EN))
    serving = stack.enter_context(Serving(0))
    page = Page(scene, None, None if console is None else lambda: console)
    stack.enter_context(serving.of(page.app()))
    stack.enter_context(closing(scene.changes))
    return Shown(stage, scene, Asking(serving.port))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Shown]:
    """Of a unit with a plain panel, a reader with keys and no agent."""
    with ExitStack() as stack:
        yield shown(tmp_path, BoxSpec(reader_form="osdp"), stack)


@pytest.fixture
def framing(tmp_path: Path) -> Iterator[Shown]:
    """The same, with a console beside it."""
    with ExitStack() as stack:
        yield shown(tmp_path, BoxSpec(reader_form="osdp"), stack, "http://127.0.0.1:8080/sign-in?token=x")


@pytest.fixture
def canvas(tmp_path: Path) -> Iterator[Shown]:
    """Of a unit with a panel that is drawn on, of which no files are built."""
    with ExitStack() as stack:
        yield shown(tmp_path, BoxSpec(panel=TjcCanvas(), reader_form="rdm6300"), stack)


@pytest.fixture
def drawn(tmp_path: Path) -> Iterator[Shown]:
    """Of a unit with a designed panel."""
    here, _ = panels.designed(BoxSpec(reader_form="osdp"), lambda _: None)
    with ExitStack() as stack:
        yield shown(tmp_path, here, stack)


class Demo:
    """All of it at work, as `doorward demo` plays it."""

    def __init__(self, stage: Stage, scene: WebScene, browser: Asking) -> None:
        self.stage, self.scene, self.browser = stage, scene, browser

    def panel_shows(self, text: str, unit: str = UNIT, limit_s: float = 15.0) -> None:
        """The page's words and its picture: the one that the panel draws, to the pixel."""
        eventually(lambda: text in "".join(self.browser.state(unit)["text"]), limit_s)
        door = self.scene.places[unit].hands.door

        def drawn() -> bytes:
            image = door.pixels()
            assert image is not None
            return image.convert("RGB").tobytes()

        eventually(lambda: pixels(self.browser.picture(unit)) == drawn())

    def rests(self) -> None:
        """Nobody is at either door any more: who was let in has gone through."""
        for unit in (UNIT, NEXT):
            if self.browser.state(unit)["lock"] == "unlocked":
                self.browser.do("push", unit)
            eventually(lambda unit=unit: self.browser.state(unit)["lock"] == "locked", 20.0)
        self.panel_shows("网格员")


def pixels(png: bytes) -> bytes:
    return Image.open(io.BytesIO(png)).convert("RGB").tobytes()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("web")
    here, there = panels.designed(BoxSpec(reader_form="osdp"), lambda _: None)
    over = threading.Event()
    with (
        Serving(0) as serving,
        Stage(folder, None, here, next_door=there, pace=UNHURRIED) as stage,
        playing(stage, serving, free_port()) as scene,
    ):

        def take_turns() -> None:
            while not over.wait(TURN_S):
                scene.turn()

        turns = threading.Thread(target=take_turns, name="turns")
        turns.start()
        try:
            yield Demo(stage, scene, Asking(serving.port))
        finally:
            over.set()
            turns.join(10.0)
