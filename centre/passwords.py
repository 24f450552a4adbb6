"""Passwords as mosquitto keeps them: `$7$<iterations>$<salt>$<hash>`, PBKDF2 with SHA-512 (mosquitto_passwd(1))."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

ITERATIONS = 101
"""mosquitto's own default. More would only slow the broker: our passwords are 192 random bits, nobody guesses those."""
SALT_BYTES = 12
HASH_BYTES = 64


def hashed(password: str, salt: bytes | None = None) -> str:
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, HASH_BYTES)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def holds(password: str, kept: str) -> bool:
    """Whether `kept` is this password's, as `hashed` writes it."""
    parts = kept.split("$")
    try:
        return len(parts) == 5 and hmac.compare_digest(hashed(password, base64.b64decode(parts[3])), kept)
    except ValueError:
        return False
