"""Base64url without padding, and only in the one way to write given bytes (RFC 7515, appendix C; RFC 4648, 3.5)."""

from __future__ import annotations

import base64
import binascii
import re

_ALPHABET = re.compile(rb"[A-Za-z0-9_-]*")


def b64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: bytes) -> bytes | None:
    """None unless `text` is the one way to write its bytes: right alphabet, no padding, no stray bits, no white space."""
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        return None
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if b64url(data).encode() == text else None
