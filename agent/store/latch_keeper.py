"""The fire latch on its way to the disk, on a thread of its own: no commit is waited for, however slow the disk is (rule D1)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent import limits
from agent.core.effects import SaveLatch
from agent.core.events import Event
from agent.core.events.store import LatchSaved
from agent.store import latch
from agent.store.faults import StorageMode, mode_of
from agent.store.folder import Ballast

log = logging.getLogger("store")

RETRY_S = 0.5
"""Between two tries while the disk refuses it."""


class LatchKeeper:
    """Called on the main thread; the thread `latch` writes. Only the newest order counts: one that waits is replaced by the next.

    `latch_read` waits until the start has read the latch, with a limit of its own: what it has not read yet is not written over.
    """

    def __init__(
        self, folder: Path, ballast: Ballast, post: Callable[[Event], None], latch_read: Callable[[], object]
    ) -> None:
        self._folder = folder
        self._ballast = ballast
        self._post = post
        self._latch_read = latch_read
        self._changed = threading.Condition()
        self._order: SaveLatch | None = None  # the newest, until it is on disk
        self._since = 0.0  # when it came, or when the disk took the one before
        self._closed = False
        self._reported = False  # as not saved
        self._thread = threading.Thread(target=self._run, name="latch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, order: SaveLatch) -> None:
        with self._changed:
            if self._order is None:
                self._since = time.monotonic()
            self._order = order
            self._changed.notify()

    def look(self, mono: float) -> None:
        """Says LatchSaved(saved=False) once the disk has taken none for `limits.STORE_HUNG_S`, though it gives no error."""
        with self._changed:
            if self._order is not None and mono - self._since >= limits.STORE_HUNG_S:
                self._report("the disk does not answer")

    def close(self) -> None:
        """One more try for what waits, then the thread ends."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def ended(self, within_s: float = 0.0) -> bool:
        """After `close`: nothing is written any more."""
        if self._thread.is_alive():
            self._thread.join(within_s)
        return not self._thread.is_alive()

    def unsaved(self) -> bool:
        """The files are not as ordered last."""
        return self._order is not None

    # --- the thread

    def _run(self) -> None:
        self._wait(None)
        if self._order is not None:
            self._latch_read()
        refused: SaveLatch | None = None
        while True:
            order, last = self._wait(refused)
            refused = None if order is None or self._save(order) else order
            if last:
                return

    def _wait(self, refused: SaveLatch | None) -> tuple[SaveLatch | None, bool]:
        """What to write, once there is something that was not refused just now; and whether it is the last."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._order not in (None, refused), None if refused is None else RETRY_S
            )
            return self._order, self._closed

    def _save(self, order: SaveLatch) -> bool:
        try:
            self._write(order)
        except OSError as error:
            with self._changed:
                self._report(error.strerror or str(error))
            return False
        with self._changed:
            self._since = time.monotonic()
            if self._order is order:
                self._order = None
                self._report_saved()
        return True

    def _write(self, order: SaveLatch) -> None:
        """Raises OSError. A full disk gets the ballast back."""
        try:
            latch.write(self._folder, order.doors)
        except OSError as error:
            if mode_of(error, self._folder) is not StorageMode.FULL or not self._ballast.give_back():
                raise
            latch.write(self._folder, order.doors)

    def _report(self, why: str) -> None:
        if not self._reported:
            self._reported = True
            log.error("the fire latch cannot be saved: %s", why)
            self._post(LatchSaved(saved=False, detail=why))

    def _report_saved(self) -> None:
        if self._reported:
            self._reported = False
            log.warning("the fire latch is saved")
            self._post(LatchSaved(saved=True))
