"""What a driver would tell the panel, in bytes on its line."""

from __future__ import annotations

import os

from simulator.dwin_panel import DwinPanel
from tests.simulator.demo.web.conftest import Shown
from tests.waiting import eventually

PAGE_SET = 0x0084


def send(shown: Shown, data: bytes) -> None:
    """As a driver does: into the pty of the display's line. Until the panel has it."""
    counts = shown.stage.box.panel.counts
    frames = counts.frames
    with os.fdopen(os.open(shown.stage.box.screen.link, os.O_WRONLY | os.O_NOCTTY), "wb", buffering=0) as port:
        port.write(data)
        eventually(lambda: counts.frames > frames, every_s=0.001)


def turned(page: int) -> bytes:
    """A DWIN panel is told to turn to a page."""
    body = bytes([0x82]) + PAGE_SET.to_bytes(2, "big") + b"\x5a\x01" + page.to_bytes(2, "big")
    return b"\x5a\xa5" + bytes([len(body)]) + body


def panel_of(shown: Shown) -> DwinPanel:
    panel = shown.stage.box.panel
    assert isinstance(panel, DwinPanel)
    return panel


def another_page(panel: DwinPanel) -> int:
    """A green one and a red one in turn."""
    assert panel.project is not None
    name = "no" if panel.page == "yes" else "yes"
    return next(number for number, each in panel.project.pages.items() if each == name)
