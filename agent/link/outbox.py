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
        self._early: set[int] = set()
        self._sent: dict[int, OutboundMessage] = {}

    def narrow(self, window: int) -> None:
        """The broker takes no more than this at once (MQTT 5 Receive Maximum)."""
        with self._mutex:
            self._window = max(1, min(self._window, window))

    def offer(self, out: OutboundMessage) -> bool:
        """Whether to publish it now; otherwise it waits (or, with too many waiting, the last of them is dropped)."""
        with self._mutex:
            if self._in_flight < self._window and not self._waiting:
                self._in_flight += 1
                return True
            if out.ahead:
                self._waiting.appendleft(out)
            else:
                self._waiting.append(out)
            if len(self._waiting) > WAITING:
                self._waiting.pop()
            return False

    @property
    def oldest(self) -> OutboundMessage | None:
        """What the broker should have acknowledged first of all that it has not."""
        with self._mutex:
            return next(iter(self._sent.values()), None)

    def sent(self, mid: int, out: OutboundMessage) -> None:
        """It went out as `mid`. Its acknowledgement may have been even faster than this call."""
        with self._mutex:
            if mid in self._early:
                self._early.discard(mid)
            else:
                self._sent[mid] = out

    def acknowledged(self, mid: int) -> OutboundMessage | None:
        """The broker has `mid`. Returns what to publish next."""
        with self._mutex:
            if self._sent.pop(mid, None) is None:
                self._early.add(mid)
            if self._waiting and self._in_flight <= self._window:
                return self._waiting.popleft()
            self._in_flight = max(0, self._in_flight - 1)
            return None
