"""Acknowledges messages in the order they came, as MQTT asks (MQTT-4.6.0-2) and some brokers insist on. Dies with its connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE_S = 5.0
"""Later messages wait no longer than this for one that is not done (a full disk): better out of order than no command at all."""


@dataclass(slots=True)
class _Arrived:
    mid: int
    qos: int
    since: float
    done: bool


class Acks:
    """`send(mid, qos)` must not block. Arrivals come on the link's thread, `done` on the loop's."""

    def __init__(self, send: Callable[[int, int], object]) -> None:
        self._mutex = threading.Lock()
        self._send = send
        self._arrived: dict[int, _Arrived] = {}
        self._numbers = 0

    def arrived(self, token: int, mid: int, qos: int, now: float) -> int:
        """A message came; `token` 0: it is done already. Returns how many are not acknowledged."""
        with self._mutex:
            self._numbers -= 1
            self._arrived[token or self._numbers] = _Arrived(mid, qos, now, not token)
            self._flush(now)
            return len(self._arrived)

    def done(self, token: int, now: float) -> None:
        """What AckMessage says. A token of another connection, or named twice, is nothing."""
        with self._mutex:
            arrived = self._arrived.get(token)
            if arrived is not None:
                arrived.done = True
                self._flush(now)

    def turn(self, now: float) -> None:
        """To be called now and then, for those whose patience ends."""
        with self._mutex:
            self._flush(now)

    def _flush(self, now: float) -> None:
        for token, arrived in list(self._arrived.items()):
            if arrived.done:
                del self._arrived[token]
                self._send(arrived.mid, arrived.qos)
            elif now - arrived.since < PATIENCE_S:
                return
