"""Sealing: the RFC's vectors byte for byte, another implementation both ways, and no byte that may be changed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from contract.hpke import OVERHEAD_BYTES, SealError, seal, unseal
from tests.vectors import hpke as vector

KEY = X25519PrivateKey.from_private_bytes(vector.PRIVATE)
INFO = b"doorward-secrets-1|badahu|b12-u2"


def test_the_rfcs_vector_seals_byte_for_byte() -> None:
    ephemeral = X25519PrivateKey.from_private_bytes(vector.EPHEMERAL_PRIVATE)
    sealed = seal(vector.PUBLIC, vector.INFO, vector.TEXT, vector.AAD, ephemeral)
    assert sealed == vector.ENC + vector.CIPHERTEXT


def test_the_rfcs_vector_opens() -> None:
    assert unseal(KEY, vector.INFO, vector.ENC + vector.CIPHERTEXT, vector.AAD) == vector.TEXT


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_another_implementation_opens_ours_and_we_open_its(text: bytes, info: bytes) -> None:
    theirs = pytest.importorskip("cryptography.hazmat.primitives.hpke", reason="from cryptography 47 on")
    suite = theirs.Suite(theirs.KEM.X25519, theirs.KDF.HKDF_SHA256, theirs.AEAD.CHACHA20_POLY1305)
    assert suite.decrypt(seal(vector.PUBLIC, info, text), KEY, info) == text
    assert unseal(KEY, info, suite.encrypt(text, X25519PublicKey.from_public_bytes(vector.PUBLIC), info)) == text


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_there_and_back(text: bytes, aad: bytes) -> None:
    sealed = seal(vector.PUBLIC, INFO, text, aad)
    assert len(sealed) == len(text) + OVERHEAD_BYTES
    assert unseal(KEY, INFO, sealed, aad) == text
    assert seal(vector.PUBLIC, INFO, text, aad) != sealed, "each under a key of its own"


def test_any_changed_byte_and_any_other_purpose_is_refused() -> None:
    sealed = seal(vector.PUBLIC, INFO, b"card keys", b"one")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealError):
            unseal(KEY, INFO, bytes(changed), b"one")
    for key, info, aad in (
        (X25519PrivateKey.generate(), INFO, b"one"),
        (KEY, INFO + b"x", b"one"),
        (KEY, INFO, b"two"),
    ):
        with pytest.raises(SealError):
            unseal(key, info, sealed, aad)


@given(st.binary(max_size=200))
def test_any_bytes_are_safe(sealed: bytes) -> None:
    with pytest.raises(SealError):
        unseal(KEY, INFO, sealed)


def test_points_of_low_order_are_refused() -> None:
    """RFC 7748, section 6.1: their exchange is zero whatever the key."""
    for point in (bytes(32), bytes([1]) + bytes(31)):
        with pytest.raises(SealError):
            unseal(KEY, INFO, point + bytes(60))
        with pytest.raises(ValueError, match=r".*"):
            seal(point, INFO, b"text")
