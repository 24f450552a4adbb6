"""The keyed hash that stands for a card in rosters. The card number itself never leaves the machine that saw it."""

from __future__ import annotations

import hashlib
import hmac


def card_hash(card_key: bytes, card: str) -> str:
    """First 16 bytes (32 hex digits) of HMAC-SHA256 over the card's normal form: upper-case hex, no leading zeros."""
    return hmac.digest(card_key, card.encode(), hashlib.sha256)[:16].hex()
