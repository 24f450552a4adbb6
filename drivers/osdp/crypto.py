"""What OSDP does with AES-128 (IEC 60839-11-5, annex D): session keys, cryptograms, the rolling MAC, padding. Holds no conversation.

The only pure module that may ask for randomness: a guessable challenge would let a recorded session be played again.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK = 16
KEY_BYTES = 16
RANDOM_BYTES = 8
_PAD = 0x80
_PADDING = bytes((_PAD,)) + bytes(BLOCK - 1)

DEFAULT_KEY = bytes(range(0x30, 0x40))
"""SCBK-D: the key every reader leaves the factory with, and everybody knows."""
KNOWN_KEYS = frozenset(
    {
        bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"),  # the example of FIPS 197, copied into much firmware
        bytes.fromhex("603DEB1015CA71BE2B73AEF0857D7781"),  # half of its 256-bit example
    }
)
FEWEST_BYTES = 12
"""Distinct bytes in a key: a random one has fewer once in 100 million."""


def fresh(count: int) -> bytes:
    """Random bytes of the operating system."""
    return secrets.token_bytes(count)


def weakness(key: bytes) -> str | None:
    """Why `key` must not be used; None for a good one. Says nothing of the key itself."""
    if len(key) != KEY_BYTES:
        return f"must be {KEY_BYTES} bytes, that is {2 * KEY_BYTES} hex digits"
    if len({(after - before) & 0xFF for before, after in pairwise(key)}) == 1:
        return "counts up or repeats, as the key that readers leave the factory with does: anybody can guess it"
    if len(set(key)) < FEWEST_BYTES:
        return "repeats itself: it was not made at random"
    if key in KNOWN_KEYS:
        return "is a published example: everybody knows it"
    return None


class Aes:
    """One key, one block at a time: `encrypt` and `decrypt` are the cipher's own calls."""

    __slots__ = ("decrypt", "encrypt")

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(AES(key), ECB())  # noqa: S305  # single blocks: OSDP chains them itself, see below
        self.encrypt: Callable[[bytes], bytes] = cipher.encryptor().update
        self.decrypt: Callable[[bytes], bytes] = cipher.decryptor().update


class SessionKeys:
    """S-ENC, S-MAC1 and S-MAC2 of one session (D.4.1), from the base key and the controller's random number."""

    __slots__ = ("_enc", "_mac1", "_mac2")

    def __init__(self, base: bytes, random: bytes) -> None:
        aes = Aes(base)
        self._enc, self._mac1, self._mac2 = (
            Aes(aes.encrypt(bytes((0x01, which)) + random[:6] + bytes(8))) for which in (0x82, 0x01, 0x02)
        )

    def client_cryptogram(self, ours: bytes, theirs: bytes) -> bytes:
        """What the reader proves itself with."""
        return self._enc.encrypt(ours + theirs)

    def server_cryptogram(self, ours: bytes, theirs: bytes) -> bytes:
        """What we prove ourselves with."""
        return self._enc.encrypt(theirs + ours)

    def first_mac(self, server_cryptogram: bytes) -> bytes:
        """R-MAC_I: where the chain of MACs begins."""
        return self._mac2.encrypt(self._mac1.encrypt(server_cryptogram))

    def mac(self, data: bytes, before: bytes) -> bytes:
        """All 16 bytes over `data`, chained to the other side's last MAC `before` (D.5): CBC, the last block under S-MAC2."""
        data += _PADDING[: -len(data) % BLOCK]
        chained = before
        for at in range(0, len(data) - BLOCK, BLOCK):
            chained = self._mac1.encrypt(_mixed(data[at : at + BLOCK], chained))
        return self._mac2.encrypt(_mixed(data[-BLOCK:], chained))

    def seal(self, data: bytes, before: bytes) -> bytes:
        """Padded and encrypted (D.4.5); the chain begins with the other side's last MAC, inverted."""
        data += bytes((_PAD,)) + bytes(-(len(data) + 1) % BLOCK)
        chained = _inverted(before)
        sealed = bytearray()
        for at in range(0, len(data), BLOCK):
            chained = self._enc.encrypt(_mixed(data[at : at + BLOCK], chained))
            sealed += chained
        return bytes(sealed)

    def open(self, sealed: bytes, before: bytes) -> bytes | None:
        """The data of `seal`; None where it is no such thing."""
        if not sealed or len(sealed) % BLOCK:
            return None
        chained = _inverted(before)
        data = bytearray()
        for at in range(0, len(sealed), BLOCK):
            block = sealed[at : at + BLOCK]
            data += _mixed(self._enc.decrypt(block), chained)
            chained = block
        end = data.rfind(_PAD)
        if end < 0 or any(data[end + 1 :]):
            return None
        return bytes(data[:end])


def same(one: bytes, other: bytes) -> bool:
    """In a time that does not tell how much of it is the same."""
    return hmac.compare_digest(one, other)


def _mixed(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(BLOCK, "big")


def _inverted(block: bytes) -> bytes:
    return _mixed(block, b"\xff" * BLOCK)
