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

from contract import chain, topics
from contract.digest import digest
from contract.enrolment import check_enrol
from contract.envelope import Key, verify
from contract.facts import ALARMS, Denial, Via
from contract.messages import LEVELS, Category, Kind, Mode, Order, Reason, Role
from contract.parse import parse
from contract.plain import ReplyState
from contract.refusal import Refusal

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
    ring = {"c1": Key("c1", CENTRE.public_key().public_bytes_raw(), frozenset({Kind.COMMAND}))}
    payload = verify(token.encode(), Kind.COMMAND, ring)
    assert payload == json.loads(lines('{"site"')[0])
    down = topics.parse_down("doorward/1/badahu/down/unit/b12-u2/command")
    assert down is not None
    assert not isinstance(parse(Kind.COMMAND, "badahu", down, payload), Refusal)


def test_the_digest() -> None:
    assert named("digest") == sha(b"site/badahu|settings||4\nyard/y07|notice|n-0417|3\n").hex()
    assert named("digest") == digest([("notice", "yard/y07", "n-0417", 3), ("settings", "site/badahu", "", 4)])


def test_the_enrol_message() -> None:
    data = lines('{"unit":"b12-u2","public"')[0]
    public = UNIT.public_key().public_bytes_raw()
    text = f"doorward-enrol-1|badahu|b12-u2|{public.hex()}".encode()
    assert json.loads(data)["hmac"] == hmac.digest(TOKEN, text, hashlib.sha256).hex()
    assert check_enrol(data.encode(), "badahu", "b12-u2", TOKEN) == public


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
