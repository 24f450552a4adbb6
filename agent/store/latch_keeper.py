"""The fire latch on its way to the disk, on a thread of its own: no commit is waited for, however slow the disk is (rule D1). Lockdowns likewise, on another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent import limits
from agent.core.effects import SaveLatch, SaveLockdown
from agent.core.events import Event
from agent.core.events.store import LatchSaved
from agent.store import latch, lockdown
from agent.store.faults import StorageMode, mode_of
from agent.store.folder import Ballast

log = logging.getLogger("store")

RETRY_S = 0.5
"""Between two tries while the disk refuses it."""

Saving = SaveLatch | SaveLockdown


class LatchKeeper:
    """Called on the main thread; the thread `latch` writes, or one of another `name`. Only the newest order counts: one that waits is replaced by the next.

    `latch_read` waits until the start has read the latch, with a limit of its own: what it has not read yet is not written over.
    """

    def __init__(
        self,
        folder: Path,
        ballast: Ballast,
        post: Callable[[Event], None],
        latch_read: Callable[[], object],
        name: str = "latch",
    ) -> None:
        self._words = "the fire latch" if name == "latch" else "the lockdown file"
        self._folder = folder
        self._ballast = ballast
        self._post = post
        self._latch_read = latch_read
        self._changed = threading.Condition()
        self._order: Saving | None = None  # the newest, until it is on disk
        self._since = 0.0  # when it came, or when the disk took the one before
        self._closed = False
        self._reported = False  # as not saved
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, order: Saving) -> None:
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
        refused: Saving | None = None
        while True:
            order, last = self._wait(refused)
            refused = None if order is None or self._save(order) else order
            if last:
                return

    def _wait(self, refused: Saving | None) -> tuple[Saving | None, bool]:
        """What to write, once there is something that was not refused just now; and whether it is the last."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._order not in (None, refused), None if refused is None else RETRY_S
            )
            return self._order, self._closed

    def _save(self, order: Saving) -> bool:
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

    def _write(self, order: Saving) -> None:
        """Raises OSError. A full disk gets the ballast back."""
        try:
            _put(self._folder, order)
        except OSError as error:
            if mode_of(error, self._folder) is not StorageMode.FULL or not self._ballast.give_back():
                raise
            _put(self._folder, order)

    def _report(self, why: str) -> None:
        if not self._reported:
            self._reported = True
            log.error("%s cannot be saved: %s", self._words, why)
            self._tell(LatchSaved(saved=False, detail=why))

    def _report_saved(self) -> None:
        if self._reported:
            self._reported = False
            log.warning("%s is saved", self._words)
            self._tell(LatchSaved(saved=True))

    def _tell(self, event: LatchSaved) -> None:
        """Of the fire latch alone: what a lockdown is, the journal has too."""
        if self._thread.name == "latch":
            self._post(event)


def _put(folder: Path, order: Saving) -> None:
    match order:
        case SaveLatch(doors):
            latch.write(folder, doors)
        case SaveLockdown(kept):
            lockdown.write(folder, kept)
