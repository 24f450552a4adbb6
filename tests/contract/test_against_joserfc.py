"""Our strict verifier against a general JOSE library: ours accepts nothing that joserfc would not, and each refusal beyond it is on a list."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from contract.base64url import b64url
from contract.envelope import verify
from contract.messages import Kind
from contract.parse import payload_of
from contract.refusal import Refusal
from tests.contract import mutator, signing
from tests.contract.beyond_joserfc import BEYOND
from tests.contract.samples import SAMPLES, SITE

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
RING = signing.ring()
JOSE_KEYS = {
    kid: OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_key().public_bytes_raw())})
    for kid, key in signing.KEYS.items()
}


def key_of(guest: Any) -> OKPKey:
    return JOSE_KEYS[guest.headers()["kid"]]


def joserfc_payload(token: bytes) -> bytes | None:
    """What joserfc reads, EdDSA enabled explicitly; None for whatever it raises."""
    try:
        return jws.deserialize_compact(token, key_of, algorithms=["EdDSA"]).payload
    except Exception:  # noqa: BLE001
        return None


def compare(count: int, seed: int) -> tuple[Counter[str], float]:
    """Run `count` mutated envelopes past both. Returns what was refused beyond joserfc, and our seconds for one envelope."""
    draw = random.Random(seed)
    beyond: Counter[str] = Counter()
    accepted, spent = 0, 0.0
    for number in range(count):
        name, token = mutator.envelope(draw)
        started = time.perf_counter()
        ours = verify(token, mutator.KIND, RING)
        spent += time.perf_counter() - started
        theirs = joserfc_payload(token)
        where = f"seed {seed}, number {number}, {name}: {token[:200]!r}"
        if isinstance(ours, Refusal):
            if theirs is not None:
                assert ours.detail in BEYOND, f"{ours} {where}"
                beyond[ours.detail] += 1
        else:
            assert theirs is not None, where
            assert json.loads(theirs) == ours, where
            accepted += 1
    assert accepted > count // 100  # the untouched ones: the test has something to lose
    return beyond, spent / count


@pytest.mark.slow
@pytest.mark.claim("F25")
def test_10_000_mutated_envelopes(seed: int, record_property: pytest.RecordProperty) -> None:
    beyond, mean = compare(10_000, seed)
    assert beyond.keys() == BEYOND.keys()
    record_property(
        "figure",
        f"10,000: nothing accepted that joserfc refuses; {len(beyond)} listed classes beyond it; {mean * 1e6:.0f} µs each",
    )


@pytest.mark.soak
@pytest.mark.claim("F25")
def test_100_000_mutated_envelopes(seed: int, record_property: pytest.RecordProperty) -> None:
    beyond, mean = compare(100_000, seed)
    assert mean < 1e-3
    record_property(
        "figure",
        f"100,000: nothing accepted that joserfc refuses; {len(beyond)} listed classes beyond it; {mean * 1e6:.0f} µs each",
    )


def test_500_mutated_envelopes_always_the_same() -> None:
    compare(500, 20261124)


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_joserfc_signs_holds_here(kind: Kind) -> None:
    """As the centre signs: with joserfc."""
    kid = signing.kid_for(kind)
    private = OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": b64url(signing.KEYS[kid].public_key().public_bytes_raw()),
            "d": b64url(signing.KEYS[kid].private_bytes_raw()),
        }
    )
    payload = payload_of(SAMPLES[kind], SITE)
    header = {"alg": "EdDSA", "typ": f"doorward-{kind.value}", "kid": kid}
    token = jws.serialize_compact(header, json.dumps(payload), private, algorithms=["EdDSA"])
    assert verify(token.encode(), kind, RING) == payload
