"""The number of a card that is to be enrolled, sealed on its reader's port's thread to the desk that asked for it. No number goes further in than here."""

from __future__ import annotations

import logging
import secrets
import threading

from agent.core.effects import ExpectCard
from agent.core.events.door import CardSealed
from contract.card_reading import ReadOff, seal_card

log = logging.getLogger("devices")


class CardSealer:
    """What is expected comes on the loop's thread, cards on the ports' threads."""

    def __init__(self, site: str, unit: str) -> None:
        self._site = site
        self._unit = unit
        self._lock = threading.Lock()
        self._expected: dict[str, ExpectCard] = {}

    def expect(self, order: ExpectCard) -> None:
        with self._lock:
            if order.command:
                self._expected[order.reader] = order
            else:
                self._expected.pop(order.reader, None)

    def sealed(self, reader: str, card: str, now_mono: float) -> CardSealed | None:
        """None where none is waited for there."""
        with self._lock:
            order = self._expected.get(reader)
        if order is None or now_mono >= order.until_mono:
            return None
        read = ReadOff(card, f"{secrets.randbelow(100):02}")
        try:
            made = seal_card(order.seal_to, self._site, self._unit, order.command, read)
        except ValueError:
            log.warning("%s: the key to seal a card to is none", reader)
            return None
        return CardSealed(order.command, made, read.check)
