"""A second library that looks at signatures takes nothing that the first one refuses."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre import sodium
from contract.envelope import signed

SMALL_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
)
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group: a signature plus a multiple of it is another one of the same, and refused."""


@pytest.mark.parametrize("size", [0, 1, 63, 600, 65_000])
def test_what_a_unit_signs_holds_in_both(size: int) -> None:
    private = Ed25519PrivateKey.generate()
    public, data = private.public_key().public_bytes_raw(), bytes(range(256)) * 300
    signature = private.sign(data[:size])
    assert sodium.holds(public, signature, data[:size])
    assert signed(public, signature, data[:size])
    assert not sodium.holds(public, signature, data[: size + 1])


def test_flipped_bits_hold_in_neither() -> None:
    private, dice = Ed25519PrivateKey.generate(), random.Random(5)
    public, data = private.public_key().public_bytes_raw(), b"a batch of facts"
    sound = public + private.sign(data) + data
    for bit in range(8 * len(sound)):
        spoilt = bytearray(sound)
        spoilt[bit // 8] ^= 1 << bit % 8
        if dice.random() < 0.1:
            spoilt[dice.randrange(len(spoilt))] ^= 0xFF
        at = bytes(spoilt[:32]), bytes(spoilt[32:96]), bytes(spoilt[96:])
        if at[0] + at[1] + at[2] != sound:
            assert not sodium.holds(*at), bit


def test_a_signature_with_a_larger_number_of_the_same_holds_in_neither() -> None:
    private = Ed25519PrivateKey.generate()
    public, data = private.public_key().public_bytes_raw(), b"a batch of facts"
    signature = private.sign(data)
    larger = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not sodium.holds(public, signature[:32] + larger, data)
    assert not signed(public, signature[:32] + larger, data)


@pytest.mark.parametrize("public", SMALL_ORDER, ids=lambda key: key.hex()[:8])
def test_a_key_of_small_order_signs_nothing(public: bytes) -> None:
    for first in SMALL_ORDER:
        assert not sodium.holds(public, first + bytes(32), b"anything")


@pytest.mark.parametrize(("key", "signature"), [(0, 64), (31, 64), (33, 64), (32, 0), (32, 63), (32, 65)])
def test_wrong_lengths_are_no_signature(key: int, signature: int) -> None:
    assert not sodium.holds(bytes(key), bytes(signature), b"anything")
