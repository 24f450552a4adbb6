"""Facts on their way up: lines, the chain, batches, alarms. The chain is worked out here a second time, from hashlib alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import chain
from contract.bounds import parse_rfc3339, rfc3339
from contract.chain import Batch, FactLine, Gap, Header
from contract.commands import Reason
from contract.refusal import Refusal
from tests.contract.signing import private_key

SITE, UNIT, EPOCH = "badahu", "b12-u2", "e1"
PRIVATE = private_key(9)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
START = chain.chain_start(SITE, UNIT, EPOCH)


def lines(count: int, first: int = 1) -> list[bytes]:
    return [
        chain.line(n, 1.7e9 + n, "synced", 3, 10.5 + n, "door.opened", {"door": "main", "detail": "推"})
        for n in range(first, first + count)
    ]


def sealed(body: list[bytes], first: int, last: int, prev: bytes, head: bytes) -> bytes:
    return chain.build_batch(PRIVATE, SITE, Header(UNIT, EPOCH, "b1", first, last, prev.hex(), head.hex()), body)


def whole(count: int) -> bytes:
    h = START
    for one in lines(count):
        h = hashlib.sha256(h + one).digest()
    return sealed(lines(count), 1, count, START, h)


def opened(data: bytes) -> tuple[FactLine | Gap, ...] | Refusal:
    batch = chain.parse_batch(data)
    return batch if isinstance(batch, Refusal) else chain.open_batch(batch, SITE, PUBLIC)


def test_a_lines_bytes() -> None:
    made = chain.line(
        7, 1795505754.1234, "synced", 12, 8.25, "access.granted", {"door": "main", "by": "h1", "via": "card"}
    )
    assert made == (
        b'{"seq":7,"at":"2026-11-24T07:35:54.123Z","clock":"synced","boot":12,"mono":8.25,'
        b'"kind":"access.granted","door":"main","by":"h1","via":"card"}'
    )
    assert chain.parse_line(made) == FactLine(
        7, 1795505754.123, "synced", 12, 8.25, "access.granted", {"door": "main", "by": "h1", "via": "card"}
    )
    with pytest.raises(ValueError):
        chain.line(7, 1.0, "synced", 1, 1.0, "x", {"seq": 8})
    with pytest.raises(ValueError):
        chain.line(7, 1.0, "synced", 1, 1.0, "x", {"value": float("nan")})


@given(st.floats(0, 2.5e11))
def test_times_keep_their_millisecond(utc: float) -> None:
    text = rfc3339(utc)
    assert abs(parse_rfc3339(text) - utc) <= 0.0006
    assert rfc3339(parse_rfc3339(text)) == text


def test_no_time_is_too_odd_to_be_told() -> None:
    assert {rfc3339(utc)[:4] for utc in (-1e300, float("-inf"), float("nan"), 0.0)} == {"1970"}
    assert {rfc3339(utc)[:4] for utc in (1e12, 1.797e308, float("inf"))} == {"9999"}


@pytest.mark.parametrize("text", ["", "2026-11-24", "2026-11-24T07:35:54Z", "2026-13-24T07:35:54.000Z", "2026-11-24T07:35:54.000+08:00", "２026-11-24T07:35:54.000Z"])  # fmt: skip
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


@given(st.binary(max_size=200))
def test_any_bytes_as_a_line_are_safe(data: bytes) -> None:
    with pytest.raises(ValueError):
        chain.parse_line(data)


@given(st.binary(max_size=300))
def test_any_bytes_as_a_batch_or_an_alarm_are_safe(data: bytes) -> None:
    assert isinstance(chain.parse_batch(data), Refusal)
    assert isinstance(chain.parse_alarm(data), Refusal)
    header = whole(0).split(b"\n")[0]
    assert isinstance(opened(header + b"\n" + data), Refusal) or not data


def test_the_chain_begins_as_the_contract_says() -> None:
    assert hashlib.sha256(b"doorward-epoch-1|badahu|b12-u2|e1||").digest() == START
    following = chain.chain_start(SITE, UNIT, "e2", EPOCH, "ab" * 32)
    assert following == hashlib.sha256(b"doorward-epoch-1|badahu|b12-u2|e2|e1|" + b"ab" * 32).digest()


def test_the_signature_is_over_what_the_contract_says() -> None:
    header = json.loads(whole(2).split(b"\n")[0])
    text = "|".join(["doorward-facts-1", SITE, UNIT, EPOCH, "b1", "1", "2", header["prev"], header["head"]])
    import base64

    signature = base64.urlsafe_b64decode(header["sig"] + "==")
    PRIVATE.public_key().verify(signature, text.encode())
    assert list(header) == ["v", "unit", "epoch", "batch", "first", "last", "prev", "head", "sig"]


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_a_batch_there_and_back(count: int) -> None:
    result = opened(whole(count))
    assert isinstance(result, tuple)
    assert [fact.seq for fact in result if isinstance(fact, FactLine)] == list(range(1, count + 1))
    assert opened(whole(count) + (b"\n" if count else b"")) == result
    batch = chain.parse_batch(whole(count))
    assert isinstance(batch, Batch)
    assert batch.lines == tuple(lines(count))
    assert chain.check_batch(batch, SITE, PUBLIC) is None


def test_a_gap_stands_for_what_was_dropped() -> None:
    h4 = START
    for one in lines(4):
        h4 = chain.next_hash(h4, one)
    h6 = h4
    for one in lines(2, 5):
        h6 = chain.next_hash(h6, one)
    gap = chain.gap_line(1, 4, h4.hex())
    assert gap == b'{"gap":[1,4],"h":"' + h4.hex().encode() + b'"}'
    result = opened(sealed([gap, *lines(2, 5)], 1, 6, START, h6))
    assert result == (Gap(1, 4, h4.hex()), *(chain.parse_line(one) for one in lines(2, 5)))
    assert isinstance(opened(sealed([chain.gap_line(1, 3, h4.hex()), *lines(2, 5)], 1, 6, START, h6)), Refusal)
    assert isinstance(opened(sealed([chain.gap_line(1, 4, "ab" * 32), *lines(2, 5)], 1, 6, START, h6)), Refusal)
    assert isinstance(opened(sealed([chain.gap_line(1, 6, h6.hex())], 1, 6, START, h6)), tuple)


@pytest.mark.parametrize("gap", [b'{"gap":[1,4]}', b'{"gap":[4,1],"h":"' + b"ab" * 32 + b'"}', b'{"gap":5,"h":""}', b'{"gap":[1],"h":"' + b"ab" * 32 + b'"}', b'{"gap":[1,true],"h":"' + b"ab" * 32 + b'"}'])  # fmt: skip
def test_what_is_no_gap(gap: bytes) -> None:
    with pytest.raises(ValueError):
        chain.parse_line(gap)


def test_no_byte_of_a_batch_can_be_changed() -> None:
    data = whole(3)
    for place in range(len(data)):
        for bit in (1, 32):
            broken = bytearray(data)
            broken[place] ^= bit
            assert isinstance(opened(bytes(broken)), Refusal), place


@pytest.mark.parametrize("change", ["drop first", "drop last", "swap", "twice", "other site", "other key", "renumber"])
def test_nobody_drops_invents_or_reorders(change: str) -> None:
    header, *body = whole(4).split(b"\n")
    site, public = SITE, PUBLIC
    match change:
        case "drop first":
            body = body[1:]
        case "drop last":
            body = body[:-1]
        case "swap":
            body[1], body[2] = body[2], body[1]
        case "twice":
            body.insert(1, body[1])
        case "other site":
            site = "elsewhere"
        case "other key":
            public = private_key(8).public_key().public_bytes_raw()
        case "renumber":
            header = header.replace(b'"first":1', b'"first":2').replace(b'"last":4', b'"last":5')
    batch = chain.parse_batch(b"\n".join([header, *body]))
    assert isinstance(batch, Batch)
    assert isinstance(chain.open_batch(batch, site, public), Refusal)


def test_bounds() -> None:
    with pytest.raises(ValueError):
        chain.build_batch(PRIVATE, SITE, Header(UNIT, EPOCH, "b", 1, 501, "", ""), [b"x"] * 501)
    with pytest.raises(ValueError):
        chain.build_batch(PRIVATE, SITE, Header(UNIT, EPOCH, "b", 1, 1, "", ""), [b"x" * (chain.MAX_BATCH_BYTES + 1)])
    longest = Header("u" * 48, "e" * 48, "b" * 48, 2**53 - 500, 2**53 - 1, "ab" * 32, "ab" * 32)
    full = chain.build_batch(PRIVATE, SITE, longest, [b"x" * 122] * 499 + [b"x" * (chain.MAX_BATCH_BYTES - 499 * 122)])
    assert len(full) <= 64 * 1024
    too_long = chain.parse_batch(b"x" * (64 * 1024 + 1))
    assert isinstance(too_long, Refusal)
    assert too_long.reason == Reason.TOO_LONG
    assert isinstance(chain.parse_batch(whole(1) + b"\n{}" * 500), Refusal)


def test_alarms() -> None:
    urgent = chain.line(9, 1.7e9, "synced", 3, 1.0, "door.forced", {"door": "main"})
    data = chain.build_alarm(PRIVATE, SITE, UNIT, EPOCH, 9, urgent)
    alarm = chain.parse_alarm(data)
    assert not isinstance(alarm, Refusal)
    assert chain.check_alarm(alarm, SITE, PUBLIC) == chain.parse_line(urgent)
    assert alarm.line == urgent
    for wrong in (
        replace(alarm, seq=10),
        replace(alarm, unit="b13"),
        replace(alarm, epoch="e2"),
        replace(alarm, line=urgent.replace(b"main", b"rear")),
        replace(alarm, sig=bytes(64)),
    ):
        assert isinstance(chain.check_alarm(wrong, SITE, PUBLIC), Refusal)
    assert isinstance(chain.check_alarm(alarm, "elsewhere", PUBLIC), Refusal)
    mislabelled = chain.parse_alarm(chain.build_alarm(PRIVATE, SITE, UNIT, EPOCH, 8, urgent))
    assert isinstance(chain.check_alarm(mislabelled, SITE, PUBLIC), Refusal)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(lambda k: k not in ("seq", "at", "clock", "boot", "mono", "kind", "gap")),
                       st.one_of(st.integers(1 - 2**53, 2**53 - 1), st.booleans(), st.none(), st.text(st.characters(codec="utf-8"))), max_size=5),
       st.floats(0, 1e9), st.integers(1, 2**53 - 1))  # fmt: skip
def test_any_fact_there_and_back(data: dict[str, object], mono: float, seq: int) -> None:
    made = chain.line(seq, 1.7e9, "floor", 1, mono, "x.y", data)
    assert b"\n" not in made
    read = chain.parse_line(made)
    assert isinstance(read, FactLine)
    assert (read.seq, read.data) == (seq, data)
    assert abs(read.mono - mono) <= 0.0006
