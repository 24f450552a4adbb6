"""The envelope: what holds, and each way not to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.base64url import b64url, unb64url
from contract.commands import Reason
from contract.envelope import Refusal, key_ring, verify
from contract.messages import ROOT_KID, Kind, WorkingKey
from contract.parse import payload_of
from contract.strict_json import StrictJsonError, dumps, loads
from tests.contract import signing
from tests.contract.samples import SAMPLES, SITE

RING = signing.ring()
PAYLOAD = dumps(payload_of(SAMPLES[Kind.COMMAND], SITE))
GOOD = signing.seal(signing.header(Kind.COMMAND, "c1"), PAYLOAD, signing.COMMANDS)
GOOD_HEADER = {"alg": "EdDSA", "typ": "doorward-command", "kid": "c1"}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_holds_under_its_key(kind: Kind) -> None:
    token = signing.signed(SAMPLES[kind], SITE, kind)
    assert verify(token, kind, RING) == payload_of(SAMPLES[kind], SITE)


@pytest.mark.claim("F27")
@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("kid", [ROOT_KID, "c1", "n1"])
def test_a_key_signs_only_its_kinds(kind: Kind, kid: str) -> None:
    result = verify(signing.signed(SAMPLES[kind], SITE, kind, kid), kind, RING)
    if kid == signing.kid_for(kind):
        assert isinstance(result, dict)
    else:
        assert isinstance(result, Refusal)
        assert result.reason == Reason.WRONG_KEY


def test_a_message_of_one_kind_is_none_of_another() -> None:
    for kind in Kind:
        if kind is not Kind.COMMAND:
            assert isinstance(verify(GOOD, kind, RING), Refusal)


def sealed(header: object, payload: bytes = PAYLOAD) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return signing.seal(raw, payload, signing.COMMANDS)


HEAD, BODY, SIG = GOOD.split(b".")
STRAY = HEAD + b"." + BODY + b"." + SIG[:-1] + bytes([SIG[-1] + 1])
"""The last character of 64 bytes carries 2 bits; the next letter has other stray bits and the same bytes."""

REFUSED = {
    "too long": (GOOD + b"A" * 65536, Reason.TOO_LONG, "64 KiB"),
    "empty": (b"", Reason.BAD_SIGNATURE, "three parts"),
    "two parts": (HEAD + b"." + BODY, Reason.BAD_SIGNATURE, "three parts"),
    "four parts": (GOOD + b".A", Reason.BAD_SIGNATURE, "three parts"),
    "JSON serialisation": (b'{"protected":"","payload":"","signature":""}', Reason.BAD_SIGNATURE, "three parts"),
    "white space": (GOOD + b"\n", Reason.BAD_SIGNATURE, "base64url"),
    "padding": (HEAD + b"=." + BODY + b"." + SIG, Reason.BAD_SIGNATURE, "base64url"),
    "stray bits": (STRAY, Reason.BAD_SIGNATURE, "base64url"),
    "other alphabet": (HEAD + b"." + b"+/" + BODY + b"." + SIG, Reason.BAD_SIGNATURE, "base64url"),
    "empty signature": (HEAD + b"." + BODY + b".", Reason.BAD_SIGNATURE, "signature"),
    "short signature": (HEAD + b"." + BODY + b"." + SIG[:-6], Reason.BAD_SIGNATURE, "signature"),
    "alg none": (sealed(GOOD_HEADER | {"alg": "none"}), Reason.BAD_SIGNATURE, "alg"),
    "alg HS256": (sealed(GOOD_HEADER | {"alg": "HS256"}), Reason.BAD_SIGNATURE, "alg"),
    "alg Ed25519": (sealed(GOOD_HEADER | {"alg": "Ed25519"}), Reason.BAD_SIGNATURE, "alg"),
    "alg in small letters": (sealed(GOOD_HEADER | {"alg": "eddsa"}), Reason.BAD_SIGNATURE, "alg"),
    "typ of another kind": (sealed(GOOD_HEADER | {"typ": "doorward-notice"}), Reason.BAD_SIGNATURE, "typ"),
    "no typ": (sealed({"alg": "EdDSA", "kid": "c1"}), Reason.BAD_SIGNATURE, "exactly"),
    "crit": (sealed(GOOD_HEADER | {"crit": ["b64"]}), Reason.BAD_SIGNATURE, "nested"),
    "jwk": (sealed(GOOD_HEADER | {"jwk": {}}), Reason.BAD_SIGNATURE, "nested"),
    "twice kid": (sealed(b'{"alg":"EdDSA","typ":"doorward-command","kid":"n1","kid":"c1"}'), Reason.BAD_SIGNATURE, "duplicate"),
    "kid no text": (sealed(GOOD_HEADER | {"kid": 1}), Reason.BAD_SIGNATURE, "kid"),
    "kid null": (sealed(GOOD_HEADER | {"kid": None}), Reason.BAD_SIGNATURE, "kid"),
    "header no object": (sealed(["EdDSA"]), Reason.BAD_SIGNATURE, "object"),
    "header not UTF-8": (sealed(b'{"alg":"EdDSA\xff"}'), Reason.BAD_SIGNATURE, "UTF-8"),
    "header with BOM": (sealed(b"\xef\xbb\xbf" + signing.header(Kind.COMMAND, "c1")), Reason.BAD_SIGNATURE, "JSON"),
    "huge header": (sealed(GOOD_HEADER | {"kid": "c" * 600}), Reason.BAD_SIGNATURE, "header"),
    "unknown key": (sealed(GOOD_HEADER | {"kid": "c9"}), Reason.UNKNOWN_KEY, "no such key"),
    "kid with a NUL": (sealed(GOOD_HEADER | {"kid": "c1\x00"}), Reason.UNKNOWN_KEY, "no such key"),
    "key of another kind": (sealed(GOOD_HEADER | {"kid": "n1"}), Reason.WRONG_KEY, "may not sign"),
    "another's signature": (signing.seal(signing.header(Kind.COMMAND, "c1"), PAYLOAD, signing.NOTICES), Reason.BAD_SIGNATURE, "hold"),
    "payload no JSON": (sealed(GOOD_HEADER, b"open"), Reason.BAD_SIGNATURE, "payload"),
    "payload no object": (sealed(GOOD_HEADER, b"[]"), Reason.BAD_SIGNATURE, "object"),
    "payload not UTF-8": (sealed(GOOD_HEADER, b'{"a":"\xff"}'), Reason.BAD_SIGNATURE, "UTF-8"),
    "payload UTF-16": (sealed(GOOD_HEADER, '{"a":1}'.encode("utf-16")), Reason.BAD_SIGNATURE, "UTF-8"),
    "payload twice a key": (sealed(GOOD_HEADER, b'{"exp":1,"exp":9}'), Reason.BAD_SIGNATURE, "duplicate"),
    "payload twice a key, escaped": (sealed(GOOD_HEADER, b'{"exp":1,"\\u0065xp":9}'), Reason.BAD_SIGNATURE, "duplicate"),
    "payload NaN": (sealed(GOOD_HEADER, b'{"exp":NaN}'), Reason.BAD_SIGNATURE, "finite"),
    "payload Infinity": (sealed(GOOD_HEADER, b'{"exp":-Infinity}'), Reason.BAD_SIGNATURE, "finite"),
    "payload 1e999": (sealed(GOOD_HEADER, b'{"exp":1e999}'), Reason.BAD_SIGNATURE, "range"),
    "payload huge number": (sealed(GOOD_HEADER, b'{"exp":' + b"9" * 5000 + b"}"), Reason.BAD_SIGNATURE, "number"),
    "payload deep": (sealed(GOOD_HEADER, b'{"a":' + b"[" * 20 + b"]" * 20 + b"}"), Reason.BAD_SIGNATURE, "deep"),
    "payload very deep": (sealed(GOOD_HEADER, b'{"a":' + b"[" * 20000 + b"]" * 20000 + b"}"), Reason.BAD_SIGNATURE, "deep"),
    "payload lone surrogate": (sealed(GOOD_HEADER, b'{"a":"\\ud800"}'), Reason.BAD_SIGNATURE, "surrogate"),
    "payload with more behind": (sealed(GOOD_HEADER, b"{}{}"), Reason.BAD_SIGNATURE, "JSON"),
}  # fmt: skip


@pytest.mark.claim("F25")
@pytest.mark.parametrize("name", REFUSED)
def test_each_way_not_to_hold(name: str) -> None:
    token, reason, detail = REFUSED[name]
    refused = verify(token, Kind.COMMAND, RING)
    assert isinstance(refused, Refusal), refused
    assert refused.reason == reason
    assert detail in refused.detail
    assert refused.id is None


def test_the_good_one_differs_from_all_of_them() -> None:
    assert isinstance(verify(GOOD, Kind.COMMAND, RING), dict)


@given(st.binary(max_size=400))
def test_any_bytes_are_safe(token: bytes) -> None:
    for kind in Kind:
        assert isinstance(verify(token, kind, RING), Refusal)


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_any_signed_bytes_are_safe(header: bytes, payload: bytes) -> None:
    assert isinstance(verify(signing.seal(header, payload, signing.COMMANDS), Kind.COMMAND, RING), Refusal)
    result = verify(sealed(GOOD_HEADER, payload), Kind.COMMAND, RING)
    assert isinstance(result, Refusal) or json.loads(payload) == result


@given(st.binary(max_size=100))
def test_base64url_has_one_way_to_write_bytes(data: bytes) -> None:
    text = b64url(data).encode()
    assert unb64url(text) == data
    for other in (text + b"=", text + b" ", b" " + text, text + b"\n"):
        assert unb64url(other) is None


def test_no_working_key_takes_the_roots_place() -> None:
    usurper = WorkingKey(ROOT_KID, "ab" * 32, frozenset({Kind.COMMAND, Kind.KEYS}))
    greedy = WorkingKey("c1", "cd" * 32, frozenset({Kind.COMMAND, Kind.KEYS}))
    ring = key_ring(b"r" * 32, [usurper, greedy])
    assert ring[ROOT_KID].public == b"r" * 32
    assert ring[ROOT_KID].kinds == {Kind.KEYS}
    assert ring["c1"].kinds == {Kind.COMMAND}


def test_a_key_that_is_no_point_refuses() -> None:
    ring = key_ring(b"\xff" * 32, [WorkingKey("c1", "00" * 31 + "05", frozenset({Kind.COMMAND}))])
    assert isinstance(verify(GOOD, Kind.COMMAND, ring), Refusal)


@given(st.recursive(st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3), max_leaves=12))  # fmt: skip
def test_strict_json_reads_what_it_writes(value: object) -> None:
    assert loads(dumps(value), max_depth=20) == value


def test_depth_counts_objects_and_lists() -> None:
    assert loads(b'{"a":[{}]}', max_depth=3) == {"a": [{}]}
    with pytest.raises(StrictJsonError, match="deep"):
        loads(b'{"a":[{}]}', max_depth=2)
