"""Presence, status, replies, enrolment, digest, card hashes."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import codec, strict_json
from contract.bounds import MAX_CLOCK_UTC, MAX_UTC
from contract.cards import card_hash
from contract.commands import Reason
from contract.digest import digest
from contract.enrolment import Enrolment, build_enrolment, check_enrol, enrol_message, parse_enrolment
from contract.messages import ROOT_KID, Keys, Kind
from contract.plain import (
    Presence,
    Reply,
    ReplyState,
    build_presence,
    build_will,
    parse_presence,
    parse_reply,
    parse_status,
    parse_unit_presence,
)
from contract.refusal import Refusal
from contract.replies import build_reply, check_reply
from tests.contract.samples import SAMPLES
from tests.contract.signing import ROOT_PUBLIC, WORKING, private_key

TOKEN = bytes(range(32))
PUBLIC = private_key(9).public_key().public_bytes_raw()
ENROLMENT = Enrolment(
    "badahu", "b12-u2", "mqtts://broker.example.cn:8883", "pass word", ROOT_PUBLIC.hex(), WORKING,
    {"k1": "ab" * 32}, {"p1": "cd" * 32}, TOKEN.hex(), "-----BEGIN CERTIFICATE-----\n",
)  # fmt: skip


def test_card_hash_is_the_contracts() -> None:
    key = bytes(32)
    assert card_hash(key, "BC614E") == hmac.new(key, b"BC614E", hashlib.sha256).hexdigest()[:32]


def test_digest_is_over_sorted_lines() -> None:
    entries = [("notice", "yard/y07", "n2", 1), ("settings", "site/badahu", "", 4), ("notice", "yard/y07", "n1", 3)]
    text = "site/badahu|settings||4\nyard/y07|notice|n1|3\nyard/y07|notice|n2|1\n"
    assert digest(entries) == digest(reversed(entries)) == hashlib.sha256(text.encode()).hexdigest()
    assert digest([*entries, entries[0]]) == digest(entries)
    assert digest([]) == hashlib.sha256(b"").hexdigest()
    assert digest([("notice", "yard/y07", "n1", 10)]) != digest([("notice", "yard/y07", "n1", 1)])


def test_presence_there_and_back() -> None:
    assert parse_presence(build_presence(True, 1.5)) == Presence(True, 1.5)
    assert parse_presence(b'{"online":false}') == Presence(False, 0.0)
    assert parse_presence(build_presence(True, 1.5, "s1")) == Presence(True, 1.5, "s1")
    assert build_presence(True, 1.5) == b'{"online":true,"since":1.5}', "as versions before wrote it"


def test_status_and_will() -> None:
    status = parse_unit_presence(build_will("s1"))
    assert not isinstance(status, Refusal)
    assert (status.state, status.session) == ("offline", "s1")
    for wrong in (b'{"state":"asleep","session":"s1"}', b'{"state":"online"}', b"[]"):
        assert isinstance(parse_unit_presence(wrong), Refusal)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("c1", ReplyState.DONE, 1.5, None, "main"),
        Reply("c1", ReplyState.REFUSED, 1.5, "expired"),
        Reply("c1", ReplyState.DONE, 1.5, None, "main", sealed=bytes(90)),
    ],
)
def test_replies_there_and_back(reply: Reply) -> None:
    read = parse_reply(build_reply(private_key(9), "badahu", "b12-u2", reply))
    assert isinstance(read, Reply)
    assert dataclasses.replace(read, sig=b"") == reply
    assert check_reply(read, "badahu", "b12-u2", PUBLIC) is None


def test_a_reply_is_of_one_unit_and_says_one_thing() -> None:
    said = Reply("c1", ReplyState.REFUSED, 1.5, "device", "main", "the fire input is active")
    read = parse_reply(build_reply(private_key(9), "badahu", "b12-u2", said))
    assert isinstance(read, Reply)
    others = [
        {"id": "c2"},
        {"state": ReplyState.DONE},
        {"at_utc": 1.501},
        {"reason": None},
        {"reason": "device|main"},
        {"reason": "device|main", "door": None},
        {"door": "back"},
        {"door": None},
        {"detail": None},
        {"detail": "the fire input is active."},
        {"sealed": bytes(48)},
    ]
    for changed in others:
        assert isinstance(check_reply(dataclasses.replace(read, **changed), "badahu", "b12-u2", PUBLIC), Refusal)
    for site, unit, public in (
        ("other", "b12-u2", PUBLIC),
        ("badahu", "b12-u3", PUBLIC),
        ("badahu", "b12-u2", ROOT_PUBLIC),
    ):
        assert isinstance(check_reply(read, site, unit, public), Refusal)
    unsigned = json.dumps({"id": "c1", "state": "done", "at": "2026-11-24T07:35:54.123Z"}).encode()
    assert parse_reply(unsigned) == Refusal(Reason.MALFORMED, "sig: missing")


@pytest.mark.claim("F57")
def test_the_card_in_a_reply_is_the_one_that_its_unit_sent() -> None:
    said = Reply("c1", ReplyState.DONE, 1.5, None, "main", sealed=bytes(90))
    read = parse_reply(build_reply(private_key(9), "badahu", "b12-u2", said))
    assert isinstance(read, Reply)
    assert check_reply(read, "badahu", "b12-u2", PUBLIC) is None
    for other in (None, b"x", bytes(89), bytes(91)):
        changed = dataclasses.replace(read, sealed=other)
        assert isinstance(check_reply(changed, "badahu", "b12-u2", PUBLIC), Refusal)


@given(st.binary(max_size=200))
def test_any_bytes_are_safe(data: bytes) -> None:
    for parse in (parse_presence, parse_unit_presence, parse_status, parse_reply):
        assert isinstance(parse(data), Refusal)
    assert isinstance(check_enrol(data, "badahu", "b12-u2", TOKEN), Refusal)
    with pytest.raises(ValueError):
        parse_enrolment(data)


def test_too_long_is_said() -> None:
    for parse in (parse_presence, parse_unit_presence, parse_status, parse_reply):
        assert parse(b" " * 65537).reason == Reason.TOO_LONG
    assert check_enrol(b" " * 65537, "badahu", "b12-u2", TOKEN).reason == Reason.TOO_LONG


def test_enrolment_there_and_back() -> None:
    assert parse_enrolment(build_enrolment(ENROLMENT)) == ENROLMENT
    ring = ENROLMENT.key_ring()
    assert ring[ROOT_KID].kinds == {Kind.KEYS}
    assert ring["c1"].kinds == WORKING[0].kinds


def test_an_enrolment_shows_no_secret() -> None:
    shown = repr(ENROLMENT)
    for secret in ("pass word", "ab" * 32, "cd" * 32, TOKEN.hex()):
        assert secret not in shown


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "doorward-enrolment-2"),
        ("site", "Badahu"),
        ("unit", ...),
        ("broker", "http://broker"),
        ("password", ""),
        ("root_key", "ab"),
        ("working_keys", [{"kid": "c1"}]),
        ("card_keys", {}),
        ("card_keys", {"k1": "short"}),
        ("card_keys", {"K 1": "ab" * 32}),
        ("pin_keys", []),
        ("token", "zz" * 32),
        ("ca", 5),
    ],
)
def test_a_faulty_enrolment_names_the_key_and_quotes_nothing(key: str, value: Any) -> None:
    wire = json.loads(build_enrolment(ENROLMENT)) | {key: value}
    data = json.dumps({name: one for name, one in wire.items() if one is not ...}).encode()
    with pytest.raises(ValueError) as caught:
        parse_enrolment(data)
    words = str(caught.value)
    assert key in words or "kid" in words or "public" in words or "k1" in words.lower() or "kinds" in words
    assert "short" not in words
    assert "zz" not in words


def test_the_token_proves_the_key() -> None:
    data = enrol_message("badahu", "b12-u2", PUBLIC, TOKEN)
    assert check_enrol(data, "badahu", "b12-u2", TOKEN) == PUBLIC
    assert check_enrol(data, "badahu", "b12-u2", bytes(32)).reason == Reason.BAD_SIGNATURE
    assert check_enrol(data, "other", "b12-u2", TOKEN).reason == Reason.BAD_SIGNATURE
    assert check_enrol(data, "badahu", "b13", TOKEN).reason == Reason.NOT_MINE
    other = data.replace(PUBLIC.hex().encode(), private_key(8).public_key().public_bytes_raw().hex().encode())
    assert check_enrol(other, "badahu", "b12-u2", TOKEN).reason == Reason.BAD_SIGNATURE
    assert check_enrol(b"{}", "badahu", "b12-u2", TOKEN).reason == Reason.MALFORMED


@pytest.mark.parametrize("number", [2**53 - 1, 1 - 2**53, 0])
def test_whole_numbers_come_as_they_were(number: int) -> None:
    assert strict_json.loads(str(number).encode()) == number


def test_what_a_clock_said_lies_before_the_year_2200() -> None:
    """Near the calendar's end a clock that runs on would leave it, and no time zone is known there."""
    keys = codec.write(SAMPLES[Kind.KEYS])
    assert codec.read(Keys, keys | {"iat": MAX_CLOCK_UTC}).iat == MAX_CLOCK_UTC
    for odd in (MAX_CLOCK_UTC + 1.0, MAX_UTC, -1.0):
        with pytest.raises(codec.FieldError, match="iat"):
            codec.read(Keys, keys | {"iat": odd})


@pytest.mark.claim("F25")
@pytest.mark.parametrize("text", [str(2**53), str(-(2**53)), "9" * 17, "1" + "0" * 400, "-1" + "0" * 400, "1" * 5000])
def test_whole_numbers_are_bounded(text: str) -> None:
    """`until - now` with one of four hundred digits is an OverflowError: no arithmetic of ours shall meet it."""
    with pytest.raises(strict_json.StrictJsonError, match="range"):
        strict_json.loads(b'{"until":' + text.encode() + b"}")
