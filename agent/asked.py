"""A question to something that may never answer (a disk, mostly), on a thread of its own: who asks decides how long to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from agent.errors import DoorwardError

T = TypeVar("T")


class Asked(Generic[T]):
    """Asked at once. `late(answer)` is called, on that thread, where the answer came after somebody had given up waiting for it."""

    def __init__(self, name: str, call: Callable[[], T], late: Callable[[T], object] | None = None) -> None:
        self._call = call
        self._late = late
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._given_up = False
        self._answer: list[T] = []
        self.failed: DoorwardError | OSError | None = None
        """What the call raised."""
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def wait(self, limit_s: float) -> bool:
        """True when it has answered (or failed) within `limit_s`; after a False, `late` is told."""
        if self._done.wait(limit_s):
            return True
        with self._lock:
            self._given_up = not self._done.is_set()
            return not self._given_up

    @property
    def answered(self) -> bool:
        return self._done.is_set()

    def answer(self, otherwise: T) -> T:
        """What it said; `otherwise` as long as it has not, or where it failed."""
        return self._answer[0] if self._answer else otherwise

    def _run(self) -> None:
        try:
            self._answer.append(self._call())
        except (DoorwardError, OSError) as error:
            self.failed = error
        finally:  # a fault of ours too: nobody waits for an answer that cannot come
            with self._lock:
                self._done.set()
                late = self._late if self._given_up else None
        if late is not None and self._answer:
            late(self._answer[0])
