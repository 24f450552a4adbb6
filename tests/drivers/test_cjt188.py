"""CJ/T 188 against frames that others published: asked as they ask, read as they read, and nothing made of what does not hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoding import IN, OUT
from drivers.meter import cjt188, inquiry
from drivers.meter.decoding import CjtDecoder
from drivers.probing import Sighting
from simulator.clockwork import Clockwork
from simulator.trace import Trace
from simulator.water_meter import WaterMeter
from tests.vectors.cjt188 import ADDRESS, ASKS, MISPRINTED, TELLS

MINE = "78330123456789"


def meter(count: int = 12_345) -> WaterMeter:
    made = WaterMeter(Clockwork(), MINE, Trace())
    made.count = count
    return made


@pytest.mark.parametrize(("frame", "address", "source"), ASKS)
def test_asks_as_others_do(frame: str, address: str, source: str) -> None:
    wanted = bytes.fromhex(frame).lstrip(b"\xfe")
    order = next(each for each in cjt188.COUNT_ORDERS if each == wanted[11:13])
    made = cjt188.count_request(cjt188.wire_address(address), order).frame.lstrip(b"\xfe")
    assert made[:13] == wanted[:13], source
    assert (made[13] - wanted[13]) % 256 == (made[14] - wanted[14]) % 256, (
        "the serial number may differ, and the sum by it"
    )
    assert made[15] == wanted[15]


@pytest.mark.parametrize(("frame", "address", "litres", "source"), TELLS)
def test_reads_what_meters_said(frame: str, address: str, litres: int, source: str) -> None:
    for asked in (address, "any"):
        reply = cjt188.find_reply(cjt188.count_request(cjt188.wire_address(asked)), bytes.fromhex(frame))
        assert reply is not None, source
        assert reply.centilitres is not None
        assert (reply.address, reply.centilitres // 100, reply.step) == (address, litres, 10)
    other = cjt188.count_request(cjt188.wire_address("99999999999999"))
    assert cjt188.find_reply(other, bytes.fromhex(frame)) is None


def test_nothing_is_made_of_a_wrong_sum_an_echo_or_another_answer() -> None:
    request = cjt188.count_request(cjt188.ANYBODY)
    assert cjt188.find_reply(request, bytes.fromhex(MISPRINTED)) is None
    assert cjt188.find_reply(request, request.frame) is None
    assert cjt188.find_reply(request, bytes.fromhex(ADDRESS[1])) is None


@pytest.mark.claim("F34")
@given(st.sampled_from(TELLS), st.integers(0, 400), st.integers(1, 255))
def test_one_broken_byte_is_never_another_count(told: tuple[str, str, int, str], place: int, flip: int) -> None:
    frame = bytearray.fromhex(told[0])
    place %= len(frame)
    frame[place] ^= flip
    reply = cjt188.find_reply(cjt188.count_request(cjt188.ANYBODY), frame)
    assert reply is None or reply.centilitres == told[2] * 100, "only what stands before the frame may be broken"


@given(st.binary(max_size=200))
def test_noise_is_no_answer_and_hides_none(noise: bytes) -> None:
    frame = meter().answer(cjt188.count_request(cjt188.ANYBODY).frame)
    reply = cjt188.find_reply(cjt188.count_request(cjt188.ANYBODY), noise.replace(b"\x68", b"\x00") + frame)
    assert reply is not None
    assert (reply.address, reply.centilitres) == (MINE, 12_345_000)


def test_litres_digits_that_are_none_and_units_of_no_water() -> None:
    far = meter(250)
    request = cjt188.count_request(cjt188.wire_address(MINE))
    far.unit = 0x29
    assert cjt188.find_reply(request, far.answer(request.frame)) == cjt188.CountReply(MINE, 0x10, 250, 1)
    far.unit = 0x05
    reply = cjt188.find_reply(request, far.answer(request.frame))
    assert reply is not None, "kWh"
    assert reply.centilitres is None
    bad = bytearray.fromhex(TELLS[1][0])
    bad[bad.index(0x23)] = 0x2A
    bad[-2] = (bad[-2] + 7) % 256
    reply = cjt188.find_reply(cjt188.count_request(cjt188.ANYBODY), bad)
    assert reply is not None
    assert reply.centilitres is None


def test_the_probe_asks_in_both_orders_and_tells_no_count() -> None:
    far = meter()
    far.wants = (bytes.fromhex("1f90"),)
    first, second = inquiry.questions((1, 2, 3))
    assert far.answer(first.frame) == b""
    seen = second.read(far.answer(second.frame))
    assert isinstance(seen, Sighting)
    assert (seen.driver, seen.options, seen.parity) == ("meter", {"protocol": "cjt188", "address": MINE}, "even")
    assert "12345" not in f"{seen.detail} {seen.note}"
    assert second.read(second.frame) is None, "the adapter's echo"
    assert {question.frame[-7] for question in (first, second)} == {0x01}, "reads only"


def test_in_words_nobodys_count_and_no_whole_address() -> None:
    decoder = CjtDecoder()
    seen = [
        each
        for text in (ASKS[0][0], TELLS[0][0], ASKS[1][0], *ADDRESS[:2])
        for each in decoder.add(bytes.fromhex(text))
    ]
    assert [(each.way, each.text) for each in seen] == [
        (OUT, "meter …3344: read"),
        (IN, "meter …3344: read, answered (22 bytes)"),
        (OUT, "any meter: read"),
        (OUT, "any meter: read the address"),
        (IN, "meter …6789: read the address, answered (3 bytes)"),
    ]
    assert all(each.raw is None for each in seen)
