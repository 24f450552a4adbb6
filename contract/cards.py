"""The keyed hash that stands for a card in rosters. The card number itself never leaves the machine that saw it."""

from __future__ import annotations

import hashlib
import hmac


def pin_hash(pin_key: bytes, owner: str, pin: str) -> str:
    """First 16 bytes (32 hex digits) of HMAC-SHA256 over the room or, where a holder has none, the holder's id, then the PIN."""
    return hmac.digest(pin_key, (owner + pin).encode(), hashlib.sha256)[:16].hex()


def card_hash(card_key: bytes, card: str) -> str:
    """First 16 bytes (32 hex digits) of HMAC-SHA256 over the card's normal form: upper-case hex, no leading zeros."""
    return hmac.digest(card_key, card.encode(), hashlib.sha256)[:16].hex()
