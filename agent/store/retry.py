"""Work on the journal, tried again for as long as the disk does not take it: what went wrong is sorted, mended where that can be, told, and waited for.

Used by the store's thread only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from agent.core.events import Event
from agent.core.events import store as events
from agent.store.faults import STORAGE_ERRORS, StorageMode, mode_of
from agent.store.folder import Ballast
from agent.store.waiting import OrderLanes

log = logging.getLogger("store")

BACKOFF_S = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Waits before each next try while writing fails. The first is at once, on a connection opened anew."""


class Retry:
    """`waiting` is told of each try. `rebuild` sets a damaged file aside, `close` ends the connection: both are tried like the work itself.

    `failing`: why writing fails, None while it works; `due_mono`: when it is tried next.
    """

    def __init__(
        self,
        folder: Path,
        waiting: OrderLanes[object],
        ballast: Ballast,
        post: Callable[[Event], None],
        *,
        rebuild: Callable[[], None],
        close: Callable[[], None],
    ) -> None:
        self.failing: StorageMode | None = None
        self.due_mono = 0.0
        self._folder = folder
        self._waiting = waiting
        self._ballast = ballast
        self._post = post
        self._rebuild = rebuild
        self._close = close
        self._tries = 0

    @property
    def due(self) -> bool:
        """Whether to write now: it works, or it is time to try again."""
        return self.failing is None or time.monotonic() >= self.due_mono

    def run(self, work: Callable[[], object]) -> None:
        """Do `work`; where storage fails, sort the fault out and try again as long as that changed something."""
        for _ in range(4):
            self._waiting.beat()
            try:
                work()
            except STORAGE_ERRORS as error:
                if not self._mend(error):
                    return
            else:
                return

    def _mend(self, error: Exception) -> bool:
        """True where trying again at once makes sense."""
        mode = mode_of(error, self._folder)
        error.__traceback__ = None  # its frames hold cursors, which keep the file locked after the connection is closed
        log.warning("journal: %s (%s)", mode.value, error)
        if mode is StorageMode.DAMAGED:
            try:
                self._rebuild()
            except STORAGE_ERRORS as again:
                error, mode = again, mode_of(again, self._folder)
                mode = StorageMode.FAILED if mode is StorageMode.DAMAGED else mode
            else:
                return True
        if mode is StorageMode.FULL and self._ballast.give_back():
            log.warning("journal: the disk is full; the room kept for that is given back")
            return True
        if mode is StorageMode.FAILED:
            self._close()  # after a failed sync the pages of this file handle cannot be trusted
        self._fail(mode, error)
        return False

    def _fail(self, mode: StorageMode, error: Exception) -> None:
        if self.failing is None:
            self._post(events.StoreFailed(mode.value, f"{type(error).__name__}: {error}"))
            self._tries = 0
        self.failing = mode
        self.due_mono = time.monotonic() + BACKOFF_S[min(self._tries, len(BACKOFF_S) - 1)]
        self._tries += 1
