"""docs/contract.md: its worked example holds, worked out from hashlib and Ed25519 alone, and its lists are those of the code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import get_args

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contract import chain, codec, topics
from contract.commands import Mode, Order, Reason
from contract.digest import digest
from contract.enrolment import check_enrol
from contract.envelope import PublicKey, verify
from contract.facts import ALARMS, Denial, Via
from contract.messages import Category, Kind, Role, Secrets
from contract.parse import parse
from contract.plain import Reply, ReplyState, parse_reply
from contract.refusal import Refusal
from contract.replies import check_reply
from contract.scopes import LEVELS, Scope
from contract.sealing import check_seal, open_secrets, sealing_key

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
EXAMPLE = PAGE.split("## Worked example")[1]
UNIT, CENTRE = (Ed25519PrivateKey.from_private_bytes(bytes(range(start, start + 32))) for start in (0, 32))
TOKEN, CARD_KEY = bytes(range(64, 96)), bytes(range(32))


def named(name: str) -> str:
    """The value beside a name in the example."""
    found = re.search(rf"^{re.escape(name)} +([0-9a-f]+)$", EXAMPLE, re.MULTILINE)
    assert found, name
    return found[1]


def lines(start: str) -> list[str]:
    return [line for line in EXAMPLE.splitlines() if line.startswith(start)]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_keys_and_card() -> None:
    assert named("unit's public key") == UNIT.public_key().public_bytes_raw().hex()
    assert named("public key of c1") == CENTRE.public_key().public_bytes_raw().hex()
    assert named("card BC614E") == hmac.digest(CARD_KEY, b"BC614E", hashlib.sha256).hex()[:32]


def test_the_chain() -> None:
    h = sha(b"doorward-epoch-1|badahu|b12-u2|e7f3||")
    assert named("h(0)") == h.hex()
    for number, line in enumerate(lines('{"seq"')[:2], 1):
        fact = chain.parse_line(line.encode())
        assert isinstance(fact, chain.FactLine)
        assert (fact.seq, fact.fact is None) == (number, False), "as its kind declares it"
        h = sha(h + line.encode())
        assert named(f"h({number})") == h.hex()


def test_the_batch() -> None:
    header, *body = EXAMPLE[EXAMPLE.index('{"v":1') :].split("\n```")[0].split("\n")
    assert body == lines('{"seq"')[:2]
    value = json.loads(header)
    assert (value["prev"], value["head"]) == (named("h(0)"), named("h(2)"))
    text = f"doorward-facts-1|badahu|b12-u2|e7f3|b1|1|2|{value['prev']}|{value['head']}"
    UNIT.public_key().verify(unbase64(value["sig"]), text.encode())
    with pytest.raises(InvalidSignature):
        UNIT.public_key().verify(unbase64(value["sig"]), text.replace("badahu", "other").encode())
    batch = chain.parse_batch("\n".join([header, *body]).encode())
    assert not isinstance(batch, Refusal)
    assert chain.check_batch(batch, "badahu", UNIT.public_key().public_bytes_raw()) is None


def test_the_alarm() -> None:
    value = json.loads(lines('{"unit":"b12-u2","epoch"')[0])
    inner = sha(value["line"].encode()).hex()
    text = f"doorward-alarm-1|badahu|b12-u2|e7f3|3|{inner}"
    UNIT.public_key().verify(unbase64(value["sig"]), text.encode())
    alarm = chain.parse_alarm(json.dumps(value).encode())
    assert not isinstance(alarm, Refusal)
    assert not isinstance(chain.check_alarm(alarm, "badahu", UNIT.public_key().public_bytes_raw()), Refusal)


def test_the_command() -> None:
    token = lines("eyJ")[0]
    head, body, signature = token.split(".")
    assert unbase64(head).decode() == lines('{"alg"')[0]
    assert unbase64(body).decode() == lines('{"site"')[0]
    CENTRE.public_key().verify(unbase64(signature), f"{head}.{body}".encode())
    ring = {"c1": PublicKey("c1", CENTRE.public_key().public_bytes_raw(), frozenset({Kind.COMMAND}))}
    payload = verify(token.encode(), Kind.COMMAND, ring)
    assert payload == json.loads(lines('{"site"')[0])
    down = topics.parse_down("doorward/1/badahu/down/unit/b12-u2/command")
    assert down is not None
    assert not isinstance(parse(Kind.COMMAND, "badahu", down, payload), Refusal)


def test_the_reply() -> None:
    data = lines('{"id":"c-01"')[0]
    value = json.loads(data)
    text = "|".join(value[name] for name in ("id", "state", "at", "reason", "door"))
    said = f"doorward-reply-1|badahu|b12-u2|{text}|{sha(value['detail'].encode()).hex()}"
    UNIT.public_key().verify(unbase64(value["sig"]), said.encode())
    reply = parse_reply(data.encode())
    assert isinstance(reply, Reply)
    assert check_reply(reply, "badahu", "b12-u2", UNIT.public_key().public_bytes_raw()) is None


def test_the_digest() -> None:
    assert named("digest") == sha(b"site/badahu|settings||4\nyard/y07|notice|n-0417|3\n").hex()
    assert named("digest") == digest([("notice", "yard/y07", "n-0417", 3), ("settings", "site/badahu", "", 4)])


def test_the_enrol_message() -> None:
    data = lines('{"unit":"b12-u2","public"')[0]
    public = UNIT.public_key().public_bytes_raw()
    text = f"doorward-enrol-1|badahu|b12-u2|{public.hex()}".encode()
    assert json.loads(data)["hmac"] == hmac.digest(TOKEN, text, hashlib.sha256).hex()
    assert check_enrol(data.encode(), "badahu", "b12-u2", TOKEN) == public


def test_the_sealing_key() -> None:
    data = lines('{"unit":"b12-u2","public"')[1]
    value = json.loads(data)
    derived = HKDF(SHA256(), 32, None, b"doorward-sealing-1|badahu|b12-u2").derive(bytes(range(32)))
    public = X25519PrivateKey.from_private_bytes(derived).public_key().public_bytes_raw()
    assert value["public"] == public.hex()
    UNIT.public_key().verify(unbase64(value["sig"]), f"doorward-sealing-1|badahu|b12-u2|{public.hex()}".encode())
    assert check_seal(data.encode(), "badahu", "b12-u2", UNIT.public_key().public_bytes_raw()) == public


def test_the_sealed_secrets() -> None:
    """Opened and sealed again with the primitives alone, step by step as RFC 9180 has them."""
    inside, sealed = lines('{"card_keys"')[0], EXAMPLE.rstrip().removesuffix("```").rstrip().splitlines()[-1]
    ephemeral = X25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
    enc = ephemeral.public_key().public_bytes_raw()
    public = bytes.fromhex(json.loads(lines('{"unit":"b12-u2","public"')[1])["public"])
    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\x01\0\x03"

    def extract(suite: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + keying, hashlib.sha256)

    def expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
        text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
        return hmac.digest(secret, text + b"\1", hashlib.sha256)[:length]

    exchanged = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    shared = expand(kem, extract(kem, b"", b"eae_prk", exchanged), b"shared_secret", enc + public, 32)
    info = extract(suite, b"", b"info_hash", b"doorward-secrets-1|badahu|b12-u2|5")
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + info
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    assert unbase64(sealed) == enc + ChaCha20Poly1305(key).encrypt(nonce, inside.encode(), b"")
    message = Secrets(Scope("unit", "b12-u2"), 5, 1.0, "b12-u2", unbase64(sealed))
    opened = open_secrets(sealing_key(UNIT, "badahu", "b12-u2"), "badahu", message)
    assert codec.write(opened) == json.loads(inside)


@pytest.mark.parametrize(
    "words",
    [
        Kind,
        LEVELS,
        Reason,
        Category,
        Role,
        Mode,
        ReplyState,
        Via,
        Denial,
        topics.LEAVES,
        sorted(ALARMS),
        [each.TAG for each in get_args(Order)],
    ],
)
def test_every_word_of_the_code_is_on_the_page(words: list[str]) -> None:
    page = re.sub(r"`up/<unit>/(\w+)`", r"`\1`", PAGE)
    page = re.sub(r"^### (\w+)", r"`\1`", page, flags=re.MULTILINE)
    assert [word for word in words if f"`{word}`" not in page] == []
