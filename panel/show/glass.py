"""A simulated panel with the unit's own driver at it, in simulated time: an order goes in, the pixels come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.words import _
from drivers.display.design import Form
from drivers.registry import DRIVERS
from drivers.reports import DeviceLostReport, DrawPage, PageReport
from panel import kept
from panel.errors import CHECK_FAILED, PanelError
from panel.letters import Face
from simulator.clockwork import Clockwork
from simulator.dwin_panel import DwinPanel, Layout
from simulator.dwin_set.project import DwinProject
from simulator.tjc_canvas import TjcCanvas, TjcCanvasPanel
from simulator.trace import Trace

if TYPE_CHECKING:
    from PIL.Image import Image

_BAUD = 115200
_TURN_S = 0.005
"""From a frame to its answer."""
_LIMIT_S = 60.0
"""For one page; more than any takes at 9600 baud."""


class _Answers:
    """The line back from the panel."""

    def __init__(self) -> None:
        self.said = b""

    def send(self, data: bytes) -> None:
        self.said += data

    def taken(self) -> bytes:
        said, self.said = self.said, b""
        return said


class Glass:
    """`show` as often as there is something to see."""

    def __init__(self, panel: DwinPanel | TjcCanvasPanel, driver: str, options: Any) -> None:
        self.panel = panel
        self._answers = _Answers()
        panel.connect(self._answers)
        self._session = DRIVERS[driver].session([("panel", options)], _BAUD)
        self._tokens = count(1)
        self._now = 1000.0
        self._session.opened(self._now)

    def show(self, order: DrawPage) -> Image:
        """Raises PanelError where it cannot be drawn, or not as it is meant."""
        order = replace(order, device="panel", token=next(self._tokens))
        self._session.order(order, self._now)
        self._until_drawn(order.token)
        faults = list(self.panel.counts.text_faults)
        if isinstance(self.panel, DwinPanel):
            faults += self.panel.drawn().faults
        if faults:
            raise PanelError(*faults, code=CHECK_FAILED)
        return self.panel.pixels()

    def _until_drawn(self, token: int) -> None:
        end = self._now + _LIMIT_S
        while self._now < end:
            frame = self._session.send(self._now)
            if self._is_told(token):
                return
            if frame is not None:
                self.panel.heard(frame, self._now)
                self._now += _TURN_S
            if said := self._answers.taken():
                self._session.receive(said, self._now)
            elif frame is None:
                self._now += max(_TURN_S, self._session.wait(self._now))
        raise PanelError(_("the driver did not get the page drawn"), code=CHECK_FAILED)

    def _is_told(self, token: int) -> bool:
        drawn = False
        for fact in self._session.facts():
            if isinstance(fact, DeviceLostReport):
                raise PanelError(fact.detail, code=CHECK_FAILED)
            drawn = drawn or (isinstance(fact, PageReport) and fact.token == token)
        return drawn


@contextmanager
def glass(driver: str, options: Any, face: Face) -> Iterator[Glass]:
    """Of a device with designed pages. Its files are built where the user's cache has none."""
    form: Form = options.form
    with Clockwork() as clockwork:
        yield Glass(_panel(driver, options, form, face, clockwork), driver, options)


def _panel(driver: str, options: Any, form: Form, face: Face, clockwork: Clockwork) -> DwinPanel | TjcCanvasPanel:
    trace = Trace()
    if driver == "tjc":
        canvas = replace(TjcCanvas.read(kept.tjc(form, face)), charset=options.charset)
        return TjcCanvasPanel(clockwork, canvas, trace)
    project = DwinProject.read(kept.dwin(form, face))
    return DwinPanel(clockwork, Layout(), trace, crc=options.crc, project=project)


def numbered(out: Path, count: int) -> list[Path]:
    """One picture by its own name, several with their numbers."""
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, count + 1)]
