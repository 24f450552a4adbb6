"""A page before real simulated hardware; what tells the panel something is the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.box import BoxSpec
from simulator.demo import panels
from simulator.demo.stage import Stage
from simulator.demo.web.app import Page
from simulator.demo.web.scene import WebScene
from simulator.demo.web.serving import Serving
from simulator.demo.words import EN
from tests.simulator.demo.web.asking import Asking


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
def drawn(tmp_path: Path) -> Iterator[Shown]:
    """Of a unit with a designed panel."""
    here, _ = panels.designed(BoxSpec(reader_form="osdp"), lambda _: None)
    with ExitStack() as stack:
        yield shown(tmp_path, here, stack)
