"""Looks at one panel and keeps its newest picture as a PNG. Whoever is shown it, and however slowly, the panel waits for nobody."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from simulator.demo.acting import AtDoor
from simulator.tjc_panel import TjcPanel

LEAST_S = 0.03
"""Between two pictures: what a panel draws meanwhile comes with the next one."""
_LEVEL = 3
"""Of compression: the quickest for pages of few colours."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`number` grows with each picture that differs from the one before; `seen_mono`: when the panel changed to it."""

    number: int
    png: bytes
    size: tuple[int, int]
    seen_mono: float


class Eyes:
    """A thread of its own draws. `changed` is called on it after each new frame; a panel without pixels has none."""

    def __init__(self, door: AtDoor, changed: Callable[[], None]) -> None:
        self.frame: Frame | None = None
        self._door = door
        self._changed = changed
        self._wake = threading.Event()
        self._since = time.monotonic()
        self._running = True
        self._pixels = b""
        self._thread = threading.Thread(target=self._run, name="panel's eyes", daemon=True)

    def __enter__(self) -> Self:
        """It listens ahead of its first picture: what changes while that is drawn is drawn after it."""
        self._door.box.panel.listener = self._look
        self._draw()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.box.panel.listener = None
        self._running = False
        self._wake.set()
        self._thread.join(5.0)

    def _look(self) -> None:
        """On the panel's own thread."""
        if not self._wake.is_set():
            self._since = time.monotonic()
            self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if not self._running:
                return
            began = time.monotonic()
            self._wake.clear()
            if self._draw():
                self._changed()
            time.sleep(max(0.0, began + LEAST_S - time.monotonic()))

    def _draw(self) -> bool:
        """Whether it looks different now."""
        since, image = self._since, self._door.pixels()
        if image is None:
            return True  # a plain one: its words may have changed
        if self.dark:
            image = image.point([0] * 256 * len(image.getbands()))
        pixels = image.tobytes()
        if pixels == self._pixels:
            return False
        target = io.BytesIO()
        image.save(target, "PNG", compress_level=_LEVEL)
        number = 1 if self.frame is None else self.frame.number + 1
        self._pixels, self.frame = pixels, Frame(number, target.getvalue(), image.size, since)
        return True

    @property
    def dark(self) -> bool:
        """Without supply, with a broken light, or asleep."""
        panel = self._door.box.panel
        return panel.dark or (isinstance(panel, TjcPanel) and panel.asleep)
