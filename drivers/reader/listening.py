"""What the readers have in common that only send: their life as a session, and a card that is held counts once. Sans-IO."""

from __future__ import annotations

import math

from drivers.reports import (
    UNKNOWN,
    AnsweredOrder,
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    Fact,
    KeyReport,
    Order,
    OrderFailed,
)

STALE_S = 0.5
"""The beginning of a message that never ended: noise, which must not spoil the next card."""


class Listening:
    """The part of a `drivers.session.Session` that does not depend on the bytes. `forget` drops what was received in part."""

    unasked = True

    def __init__(self, device: str, repeat_s: float = 0.0) -> None:
        self.device = device
        self.misread = 0
        """Messages that were none of the device's; never told, they may be half a card's number."""
        self._repeat_s = repeat_s
        self._last_card = ""
        self._last_seen = -math.inf
        self._lost = False
        self._facts: list[Fact] = []

    def opened(self, now: float) -> None:
        self._lost = False
        self.forget()
        detail = "listening; a reader that only sends cannot be asked whether it is there"
        self._facts.append(DeviceFoundReport(self.device, detail))

    def closed(self, now: float, why: str) -> None:
        self.forget()
        if not self._lost:
            self._lost = True
            self._facts.append(DeviceLostReport(self.device, "port", why))

    def order(self, order: Order, now: float) -> None:
        if isinstance(order, AnsweredOrder):
            self._facts.append(OrderFailed(order.device, order.order, "refused"))

    def send(self, now: float) -> bytes | None:
        return None

    def wait(self, now: float) -> float:
        return math.inf

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return 0

    def forget(self) -> None:
        """Nothing was received in part."""

    def card(self, card: str, now: float, not_before: float = UNKNOWN) -> None:
        """A card's normal form: told unless it is the one that was there `repeat_s` ago, be that one too old or not."""
        held = card == self._last_card and now - self._last_seen < self._repeat_s
        self._last_card, self._last_seen = card, now
        if not held:
            self._facts.append(CardSeen(self.device, card, now, not_before))

    def key(self, key: str, now: float, not_before: float = UNKNOWN) -> None:
        self._facts.append(KeyReport(self.device, key, now, not_before))
