"""What a start asks of the state folder, each question on a thread of its own: a disk that hangs holds up none of them, nor the door (D4)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from agent import limits
from agent.asked import Asked
from agent.crashes import Crashes
from agent.devicekeys import secure_readers
from agent.errors import DoorwardError
from agent.store import latch, lockdown
from agent.store.folder import FolderLock

log = logging.getLogger("app")

_NOTHING = latch.LatchState(frozenset(), sure=False)
_NO_LOCKDOWN = lockdown.LockdownState((), known=False)


class StateFolder:
    """Asks at once. `late` hears what is latched where that comes after `wait` has given up, on another thread; `late_lockdown` which doors are locked down."""

    def __init__(
        self,
        folder: Path,
        crashes: Crashes,
        late: Callable[[latch.LatchState], None],
        late_lockdown: Callable[[lockdown.LockdownState], object] = bool,
    ) -> None:
        self._folder = folder
        self._until = time.monotonic() + limits.START_WAIT_S
        self._latch = Asked("state-latch", self._take, late)  # before anything else
        self._lockdown = Asked("state-lockdown", lambda: lockdown.read(folder), late_lockdown)
        self._aside = crashes.aside
        self._crashes = Asked("state-crashes", lambda: _remember(crashes))
        self._readers = Asked("state-readers", lambda: secure_readers(folder))
        self._learnt = True

    def _take(self) -> latch.LatchState:
        """The folder's lock, held until the process ends; then the latch."""
        self._lock = FolderLock(self._folder)
        return latch.begin(self._folder)

    def wait(self) -> latch.LatchState:
        """What is latched, as far as the folder says so within `START_WAIT_S`. Raises FolderInUseError."""
        answered = [
            asked.wait(max(0.0, self._until - time.monotonic()))
            for asked in (self._latch, self._lockdown, self._crashes, self._readers)
        ]
        self._learnt = self._readers.answered
        if not all(answered):
            log.error("the state folder does not answer: the door is served without it")
        self.check()
        return self._latch.answer(_NOTHING)

    def check(self) -> None:
        """Raises FolderInUseError as soon as it is known that another agent holds the folder."""
        if isinstance(self._latch.failed, DoorwardError):
            raise self._latch.failed

    def latch_read(self) -> bool:
        """Waits until the latch is read, `STORE_HUNG_S` at most: for who writes it next."""
        return self._latch.wait(limits.STORE_HUNG_S)

    @property
    def lockdown(self) -> lockdown.LockdownState:
        """Which doors were locked down when the agent ended, as far as it was said in time."""
        return self._lockdown.answer(_NO_LOCKDOWN)

    def lockdown_read(self) -> bool:
        """As `latch_read`."""
        return self._lockdown.wait(limits.STORE_HUNG_S)

    @property
    def in_use(self) -> bool:
        return isinstance(self._latch.failed, DoorwardError)

    def secure_readers(self, all_readers: frozenset[str]) -> frozenset[str]:
        """Those that have spoken securely. While that is not known, all: none may then begin to speak in the clear."""
        return self._readers.answer(all_readers)

    def aside(self) -> frozenset[str]:
        """Names of messages that were in hand at a crash. For those who wait for the same disk anyway."""
        self._crashes.wait(limits.STORE_HUNG_S)
        return self._aside.names

    def learnt(self) -> bool:
        """True once, when `secure_readers` has become known after `wait`."""
        news = not self._learnt and self._readers.answered
        self._learnt |= news
        return news


def _remember(crashes: Crashes) -> None:
    crashes.load()
    crashes.watch_signals()
