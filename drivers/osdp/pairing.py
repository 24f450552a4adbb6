"""The provisioning window of one reader: which base keys may be tried, and for how long. Speaks to nobody.

Only while it is open may the key that everybody knows be used: ten minutes at most, for one session, whose only purpose is KEYSET.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.osdp import crypto
from drivers.reports import PairReader

WINDOW_S = 600.0
AGAIN_S = 0.25
"""Between tries while the window is open."""
PROOFS = 4
"""Handshakes with the new key before the old one counts as still in force."""


@dataclass(slots=True)
class Pairing:
    """`base` is tried at the next handshake. After KEYSET was said (`given`) only the new key is: it must be proven."""

    order: int
    key: bytes = field(repr=False)
    ends: float
    own: bytes | None = field(repr=False)
    given: bool = False
    told: set[str] = field(default_factory=set)
    """Steps (facts.PairingStep) that came about."""
    used: bool = False
    """A session under the default key stood once: there is no second one."""
    tries: int = 0

    @property
    def base(self) -> bytes:
        if self.given:
            return self.key
        if self.used or (self.own is not None and self.tries % 2 == 0):
            return self.own or crypto.DEFAULT_KEY
        return crypto.DEFAULT_KEY

    @property
    def over(self) -> bool:
        """Nothing is left to try."""
        return (self.used and not self.given) or (self.given and self.tries >= PROOFS)


def open_window(order: PairReader, now: float, own: bytes | None) -> Pairing | None:
    """None where the key is weak or the time has passed."""
    if crypto.weakness(order.key) is not None or order.not_after <= now:
        return None
    return Pairing(order.order, order.key, min(order.not_after, now + WINDOW_S), own)
