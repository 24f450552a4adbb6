"""The store as the rest of the agent sees it: orders in, outcomes posted. The databases belong to its thread (work.py), the fire latch to another (latch_keeper.py).

Light on purpose: SQLite's libraries are loaded on that thread, so that the door is ready before them (80 ms on a fast machine).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from agent import limits
from agent.core import effects
from agent.core.events import Event
from agent.core.events.store import StoreHangs
from agent.store.folder import Ballast, FolderLock
from agent.store.latch_keeper import LatchKeeper
from agent.store.waiting import OrderLanes, StoreCounts

if TYPE_CHECKING:
    from agent.store.work import Work

Order = (
    effects.SaveLatch
    | effects.SaveLockdown
    | effects.AppendFacts
    | effects.LoadBatch
    | effects.ConfirmFacts
    | effects.SaveState
    | effects.DropNotices
    | effects.ForgetNotices
    | effects.AllowCardKeys
    | effects.KeepSecrets
    | effects.EraseHolder
    | effects.Purge
)

_LOOK_S = 0.05

BALLAST_BYTES = 8 * 1024 * 1024


class Store:
    """Made on the main thread, which also calls `order`, `start` and `stop`; outcomes are posted from the threads `store` and `latch`.

    At start, in this order: SecretsLoaded where rosters need it, HoldersReplaced, then StoreOpened or StoreFailed, then StateLoaded, then CacheReset
    where the cache was damaged. Later outcomes as each effect says; HistoryDiffers also when a damaged journal was rebuilt while running.
    """

    def __init__(
        self,
        folder: Path,
        site: str,
        unit: str,
        post: Callable[[Event], None],
        *,
        retention_days: float,
        journal_mb: int,
        scopes: Collection[str] | None = None,
        utc: Callable[[], float] = time.time,
        ballast_bytes: int = BALLAST_BYTES,
        locked: bool = False,
        aside: Callable[[], Collection[str]] = tuple,
        card_keys: Collection[str] | None = None,
        latch_read: Callable[[], object] = bool,
        lockdown_read: Callable[[], object] = bool,
    ) -> None:
        """Takes the folder's lock at once (raises FolderInUseError), unless the caller holds it (`locked`).

        `scopes`: the unit's, as `level/id`; rosters of others are dropped at start. `utc`: the agent's own clock; called on the store's thread.
        `card_keys`: ids of those of the enrolment; a roster hashed with another waits until AllowCardKeys names it (None: none waits).
        `aside` gives the names of messages that were in hand at a crash; at start they leave the cache, unread. Called on the store's thread; may wait.
        `latch_read` waits, for a while, until the start has read the fire latch. Called on the latch's thread.
        `lockdown_read` likewise.
        """
        self.counts = StoreCounts()
        self._lock = None if locked else FolderLock(folder)
        self._post = post
        self._hangs = False
        self._waiting: OrderLanes[object] = OrderLanes()
        ballast = Ballast(folder, ballast_bytes)
        self._latch = LatchKeeper(folder, ballast, post, latch_read)
        self._lockdown = LatchKeeper(folder, ballast, post, lockdown_read, "lockdown")
        self._work: Work | None = None

        def run() -> None:
            from agent.store import work  # noqa: PLC0415
            from agent.store.opening import Terms  # noqa: PLC0415  # see the module's opening lines

            terms = Terms(site, unit, journal_mb, retention_days)
            self._work = work.Work(
                folder, terms, self._waiting, post, utc, ballast, scopes, self.counts, aside, card_keys
            )
            self._work.run()

        self._thread = threading.Thread(target=run, name="store", daemon=True)

    def start(self) -> None:
        self._latch.start()
        self._lockdown.start()
        self._thread.start()

    @property
    def in_hand(self) -> tuple[str, ...]:
        """Names of what of the cache was being read when the thread died."""
        return () if self._work is None else self._work.in_hand

    def order(self, effect: Order) -> None:
        """Never blocks, never fails."""
        if isinstance(effect, effects.SaveLatch):
            self._latch.put(effect)
        elif isinstance(effect, effects.SaveLockdown):
            self._lockdown.put(effect)
        elif isinstance(effect, effects.AppendFacts):
            self._waiting.put_record(effect)
        else:
            self._waiting.put(effect)

    def look(self, mono: float) -> None:
        """Called once a second or so: says StoreHangs when one call to the disk has gone on for `limits.STORE_HUNG_S`, and when it came back.

        Says LatchSaved(saved=False) of a fire latch that has waited so long.
        """
        self._latch.look(mono)
        self._lockdown.look(mono)
        hangs = self._thread.is_alive() and self._waiting.silent_s(mono) >= limits.STORE_HUNG_S
        if hangs is not self._hangs:
            self._hangs = hangs
            self._post(StoreHangs(hangs))

    def unsaved(self) -> int:
        """Facts that are not on disk."""
        return self._waiting.unsaved()

    def latch_unsaved(self) -> bool:
        """The fire latch is not on disk as it was ordered last."""
        return self._latch.unsaved()

    def stop(self, limit_s: float) -> bool:
        """Write what waits, end. False where that goes on for twice `limit_s`, or one call to the disk for `limit_s` and no fire latch waits; the folder stays locked then."""
        self._waiting.close()
        self._latch.close()
        self._lockdown.close()
        end = time.monotonic() + 2 * limit_s
        while self._thread.is_alive() or not self._latch.ended() or not self._lockdown.ended():
            now = time.monotonic()
            if now >= end or (self._latch.ended() and self._waiting.silent_s(now) >= limit_s):
                return False
            self._thread.join(_LOOK_S)
            self._latch.ended(_LOOK_S)
            self._lockdown.ended(_LOOK_S)
        if self._lock is not None:
            self._lock.release()
        return True
