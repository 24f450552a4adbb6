"""A second general JOSE library, of other authors, reads what ours does: the form of our messages is the standard's, not one library's."""

from __future__ import annotations

import json
import random

import pytest
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from contract.base64url import b64url
from contract.envelope import verify
from contract.messages import Kind
from contract.parse import payload_of
from contract.refusal import Refusal
from tests.contract import mutator, signing
from tests.contract.samples import SAMPLES, SITE

RING = signing.ring()
KEYS = {
    kid: JWK(kty="OKP", crv="Ed25519", x=b64url(key.public_key().public_bytes_raw()))
    for kid, key in signing.KEYS.items()
}


def read(token: bytes) -> bytes:
    """The payload; raises for whatever jwcrypto refuses."""
    found = JWS()
    found.allowed_algs = ["EdDSA"]
    found.deserialize(token.decode("ascii"))
    found.verify(KEYS[found.jose_header["kid"]])
    payload: bytes = found.payload
    return payload


@pytest.mark.parametrize("kind", SAMPLES)
def test_it_reads_each_kind_of_message_as_it_is_signed(kind: Kind) -> None:
    payload = payload_of(SAMPLES[kind], SITE)
    assert json.loads(read(signing.sign(kind, payload))) == payload


def test_it_refuses_a_message_with_one_bit_changed() -> None:
    token = bytearray(signing.sign(Kind.NOTICE, payload_of(SAMPLES[Kind.NOTICE], SITE)))
    dot = token.index(b".") + 20
    token[dot] ^= 1
    with pytest.raises(JWException):
        read(bytes(token))


def test_it_reads_whatever_ours_accepts_of_2_000_mutated_envelopes(seed: int) -> None:
    draw = random.Random(seed)
    accepted = 0
    for number in range(2_000):
        name, token = mutator.envelope(draw)
        ours = verify(token, mutator.KIND, RING)
        if not isinstance(ours, Refusal):
            assert json.loads(read(token)) == ours, f"seed {seed}, number {number}, {name}: {token[:200]!r}"
            accepted += 1
    assert accepted > 20


def test_what_it_signs_holds_here() -> None:
    for kind, message in SAMPLES.items():
        kid = signing.kid_for(kind)
        made = JWS(json.dumps(payload := payload_of(message, SITE)))
        made.allowed_algs = ["EdDSA"]
        private = JWK(**KEYS[kid].export(as_dict=True), d=b64url(signing.KEYS[kid].private_bytes_raw()))
        made.add_signature(private, protected=json.dumps({"alg": "EdDSA", "typ": f"doorward-{kind.value}", "kid": kid}))
        assert verify(made.serialize(compact=True).encode(), kind, RING) == payload
