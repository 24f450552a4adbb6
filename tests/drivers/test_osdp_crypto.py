"""Session keys, cryptograms and MACs, against the simulator's, which were written from the same page by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp import crypto
from simulator import osdp_secure
from tests.drivers.osdp_line import KEY
from tests.vectors import osdp

OURS, THEIRS = bytes(range(8)), bytes(range(8, 16))
blocks = st.binary(min_size=16, max_size=16)


def test_the_handshake_of_the_standard() -> None:
    ours, theirs = bytes.fromhex(osdp.CONTROLLER_RANDOM), bytes.fromhex(osdp.READER_RANDOM)
    keys = crypto.SessionKeys(crypto.DEFAULT_KEY, ours)
    assert keys.client_cryptogram(ours, theirs) == bytes.fromhex(osdp.CLIENT_CRYPTOGRAM)
    assert keys.server_cryptogram(ours, theirs) == bytes.fromhex(osdp.SERVER_CRYPTOGRAM)
    assert keys.first_mac(bytes.fromhex(osdp.SERVER_CRYPTOGRAM)) == bytes.fromhex(osdp.FIRST_MAC)


@given(blocks, st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_both_sides_come_to_the_same(base: bytes, ours: bytes, theirs: bytes) -> None:
    keys, reader = crypto.SessionKeys(base, ours), osdp_secure.ReaderSession(base, ours, theirs)
    assert keys.client_cryptogram(ours, theirs) == reader.cryptogram
    server = keys.server_cryptogram(ours, theirs)
    assert reader.prove(server) == keys.first_mac(server)
    assert reader.prove(server[::-1]) is None or server == server[::-1]


@given(st.binary(min_size=1, max_size=70), blocks)
def test_macs_of_both_sides_are_the_same(data: bytes, before: bytes) -> None:
    keys, reader = crypto.SessionKeys(KEY, OURS), osdp_secure.ReaderSession(KEY, OURS, THEIRS)
    assert keys.mac(data, before) == reader.mac(data, before)


@given(st.binary(max_size=70), blocks)
def test_what_is_sealed_opens(data: bytes, before: bytes) -> None:
    keys, reader = crypto.SessionKeys(KEY, OURS), osdp_secure.ReaderSession(KEY, OURS, THEIRS)
    sealed = keys.seal(data, before)
    assert len(sealed) == len(data) // 16 * 16 + 16
    assert keys.open(sealed, before) == data
    reader.command_mac = before
    assert reader.encrypt(data) == sealed


@given(st.binary(max_size=70), blocks)
def test_any_bytes_are_safe_to_open(sealed: bytes, before: bytes) -> None:
    opened = crypto.SessionKeys(KEY, OURS).open(sealed, before)
    assert opened is None or len(opened) < len(sealed)


@pytest.mark.parametrize(
    "key",
    [
        "303132333435363738393A3B3C3D3E3F",  # SCBK-D
        "3132333435363738393A3B3C3D3E3F40",
        "000102030405060708090A0B0C0D0E0F",
        "0F0E0D0C0B0A09080706050403020100",
        "00112233445566778899AABBCCDDEEFF",
        "00" * 16,
        "A5" * 16,
        "0123456789ABCDEF0123456789ABCDEF",
        "2B7E151628AED2A6ABF7158809CF4F3C",
        "8A1F33C7E05B9D4268F70E91BC25A6",
        "8A1F33C7E05B9D4268F70E91BC25A6D3FF",
        "",
    ],
)
@pytest.mark.claim("F38")
def test_weak_keys_are_refused(key: str) -> None:
    fault = crypto.weakness(bytes.fromhex(key))
    assert fault is not None
    assert not key or key[:8] not in fault


def test_random_keys_are_taken() -> None:
    refused = sum(crypto.weakness(crypto.fresh(16)) is not None for _ in range(2000))
    assert refused <= 2, "about one in 70,000 has fewer than 12 different bytes (measured)"
    assert len({crypto.fresh(8) for _ in range(1000)}) == 1000
