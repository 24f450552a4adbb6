"""Sealing to one unit: hybrid public key encryption, RFC 9180, in base mode with one suite: X25519, HKDF-SHA256, ChaCha20-Poly1305.

Only what the contract needs: one message under a fresh ephemeral key, `enc` (32 bytes) before the ciphertext. Anybody can seal to a public key, so
who sealed is for the signature around it to say. The primitives are `cryptography`'s.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
OVERHEAD_BYTES = 32 + 16
"""By which a sealed text is longer: the ephemeral public key, and the tag."""

_VERSION = b"HPKE-v1"
_KEM = b"KEM" + (0x0020).to_bytes(2, "big")
_SUITE = b"HPKE" + b"".join(each.to_bytes(2, "big") for each in (0x0020, 0x0001, 0x0003))
"""Section 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305."""
_BASE = b"\x00"
_NONCE_BYTES = 12


class SealError(ValueError):
    """It cannot be opened: sealed to another key, for another purpose, or changed since."""


def seal(public: bytes, info: bytes, text: bytes, aad: bytes = b"", ephemeral: X25519PrivateKey | None = None) -> bytes:
    """`text` for the holder of the private key of `public` (32 bytes) alone. `info` names the purpose; opening needs the same `info` and `aad`.

    `ephemeral` is fresh each time, and given only to check published vectors. Raises ValueError for a public key that is none.
    """
    ephemeral = ephemeral or X25519PrivateKey.generate()
    enc = ephemeral.public_key().public_bytes_raw()
    shared = _shared(ephemeral.exchange(X25519PublicKey.from_public_bytes(public)), enc, public)
    key, nonce = _schedule(shared, info)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, text, aad)


def unseal(private: X25519PrivateKey, info: bytes, sealed: bytes, aad: bytes = b"") -> bytes:
    """The text that was sealed to this key. Raises SealError, whatever the bytes."""
    if len(sealed) < OVERHEAD_BYTES:
        raise SealError("too short to be sealed")
    enc, ciphertext = sealed[:KEY_BYTES], sealed[KEY_BYTES:]
    try:
        exchanged = private.exchange(X25519PublicKey.from_public_bytes(enc))
        key, nonce = _schedule(_shared(exchanged, enc, private.public_key().public_bytes_raw()), info)
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)
    except (InvalidTag, ValueError):
        raise SealError("sealed to another key, or changed since") from None


def _shared(exchanged: bytes, enc: bytes, public: bytes) -> bytes:
    """Section 4.1: the key encapsulated by `enc` for `public`."""
    secret = _extract(_KEM, b"", b"eae_prk", exchanged)
    return _expand(_KEM, secret, b"shared_secret", enc + public, KEY_BYTES)


def _schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Section 5.1, mode base: the key and the nonce of the first message."""
    context = _BASE + _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
    secret = _extract(_SUITE, shared, b"secret", b"")
    return _expand(_SUITE, secret, b"key", context, KEY_BYTES), _expand(
        _SUITE, secret, b"base_nonce", context, _NONCE_BYTES
    )


def _extract(suite: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
    """LabeledExtract, section 4."""
    return hmac.digest(salt or bytes(KEY_BYTES), _VERSION + suite + label + keying, hashlib.sha256)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand, section 4."""
    labelled = length.to_bytes(2, "big") + _VERSION + suite + label + info
    return HKDFExpand(SHA256(), length, labelled).derive(secret)
