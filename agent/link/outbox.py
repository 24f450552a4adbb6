"""The window of messages the broker has not acknowledged yet, and what waits behind it. Lives and dies with one connection."""

from __future__ import annotations

import threading
from collections import deque

from agent.link.translate import OutboundMessage

WINDOW = 100
"""More in flight makes paho slower: it scans its table at each acknowledgement (measured)."""
WAITING = 512
"""Behind the window; the core bounds its batches, so this many means the line stands still. Facts come again from the journal."""


class Outbox:
    """Offered to by the loop's thread, acknowledged on the link's. No call blocks: the lock is never held while publishing."""

    def __init__(self, window: int = WINDOW) -> None:
        self._mutex = threading.Lock()
        self._window = window
        self._in_flight = 0
        self._waiting: deque[OutboundMessage] = deque()
        self._batches: dict[int, str | None] = {}
        self._early: set[int] = set()
        self._sent: dict[int, OutboundMessage] = {}
        self.dropped = 0

    def narrow(self, window: int) -> None:
        """The broker takes no more than this at once (MQTT 5 Receive Maximum)."""
        with self._mutex:
            self._window = max(1, min(self._window, window))

    def offer(self, out: OutboundMessage) -> bool:
        """Whether to publish it now; otherwise it waits (or, with too many waiting, is dropped and counted)."""
        with self._mutex:
            if self._in_flight < self._window and not self._waiting:
                self._in_flight += 1
                return True
            if len(self._waiting) >= WAITING and not out.ahead:
                self.dropped += 1
            elif out.ahead:
                self._waiting.appendleft(out)
            else:
                self._waiting.append(out)
            while len(self._waiting) > WAITING:
                self._waiting.pop()
                self.dropped += 1
            return False

    @property
    def oldest(self) -> OutboundMessage | None:
        """What the broker should have acknowledged first of all that it has not."""
        with self._mutex:
            return next(iter(self._sent.values()), None)

    def sent(self, mid: int, out: OutboundMessage) -> str | None:
        """It went out as `mid`. Returns its batch where its acknowledgement was even faster than this call."""
        with self._mutex:
            if mid in self._early:
                self._early.discard(mid)
                return out.batch
            self._batches[mid] = out.batch
            self._sent[mid] = out
            return None

    def acknowledged(self, mid: int) -> tuple[str | None, OutboundMessage | None]:
        """The batch that the broker now has, if `mid` was one, and what to publish next."""
        with self._mutex:
            if mid not in self._batches:
                self._early.add(mid)
            batch = self._batches.pop(mid, None)
            self._sent.pop(mid, None)
            if self._waiting and self._in_flight <= self._window:
                return batch, self._waiting.popleft()
            self._in_flight = max(0, self._in_flight - 1)
            return batch, None
