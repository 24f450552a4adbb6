"""Ed25519 by libsodium, which looks at a signature in half the time: for the many batches of a street.

What it takes, the library of all other places takes too, so that nothing is in the books that an auditor would refuse. It refuses
besides keys of small order, which no unit makes.
"""

from __future__ import annotations

from nacl.bindings import crypto_sign_BYTES, crypto_sign_open, crypto_sign_PUBLICKEYBYTES
from nacl.exceptions import CryptoError


def holds(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether this signature (64 bytes) over `data` holds. False too for a key that is none."""
    if len(public) != crypto_sign_PUBLICKEYBYTES or len(signature) != crypto_sign_BYTES:
        return False
    try:
        crypto_sign_open(signature + data, public)
    except CryptoError:
        return False
    return True
