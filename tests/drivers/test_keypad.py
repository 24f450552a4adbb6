"""Serial keypads: makes, own codes, bounce; and readers whose keypad shares their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader.keypad import Keypad, KeypadOptions
from drivers.reader.line import LineOptions, LineReader
from drivers.reports import CardSeen, DeviceFoundReport, DeviceLostReport, KeyReport
from tests.vectors import cards
from tests.vectors import readers as vectors


def keypad(**options) -> Keypad:
    made = Keypad([("keys", KeypadOptions(**options))], 9600)
    made.opened(0.0)
    made.facts()
    return made


def typed(session: Keypad | LineReader) -> str:
    return "".join(fact.key for fact in session.facts() if isinstance(fact, KeyReport))


@pytest.mark.parametrize(
    ("codes", "vector"),
    [("ascii", vectors.ASCII_KEYS), ("wiegand4", vectors.WIEGAND4_KEYS), ("wiegand8", vectors.WIEGAND8_KEYS)],
)
def test_makes_of_keypads(codes: str, vector: tuple[str, str, str]) -> None:
    session = keypad(codes=codes)
    for place, byte in enumerate(bytes.fromhex(vector[0])):
        session.receive(bytes((byte,)), 1.0 + place * 0.3)
    assert typed(session) == vector[1]
    assert session.misread == 0


def test_own_codes_add_to_a_make_and_change_it() -> None:
    session = keypad(keys={"E": "#", "0x1B": "*", "0": "1"})
    session.receive(b"2E\x1b0Z", 1.0)
    assert typed(session) == "2#*1"
    assert session.misread == 1


def test_a_key_that_bounces_is_one_and_one_struck_twice_is_two() -> None:
    session = keypad()
    for at in (1.0, 1.01, 1.03, 1.25, 1.5):
        session.receive(b"7", at)
    assert typed(session) == "777"


def test_no_key_is_ever_in_a_repr() -> None:
    session = keypad()
    session.receive(b"9", 1.0)
    (fact,) = session.facts()
    assert repr(fact) == "KeyPressed(device='keys', at=1.0)"


@given(st.binary(max_size=300), st.sampled_from(["ascii", "wiegand4", "wiegand8"]), st.data())
def test_any_bytes_are_safe_and_alike_in_any_portions(stream: bytes, codes: str, data: st.DataObject) -> None:
    whole, split, at = keypad(codes=codes, bounce_ms=0), keypad(codes=codes, bounce_ms=0), 0
    whole.receive(stream, 1.0)
    while at < len(stream):
        size = data.draw(st.integers(1, 20))
        split.receive(stream[at : at + size], 1.0)
        at += size
    keys = typed(whole)
    assert keys == typed(split)
    assert len(keys) + whole.misread == len(stream)


def test_life() -> None:
    session = Keypad([("keys", KeypadOptions())], 9600)
    session.opened(0.0)
    session.closed(1.0, "unplugged")
    session.closed(2.0, "still")
    assert [type(fact) for fact in session.facts()] == [DeviceFoundReport, DeviceLostReport]


def test_options_are_checked() -> None:
    bad = KeypadOptions(codes="morse", keys={"ab": "1", "0x1G": "1", "x": "A", "Y": "12"}, bounce_ms=501)
    assert [key for key, _ in bad.check()] == ["codes", "keys.ab", "keys.0x1G", "keys.x", "keys.Y", "bounce_ms"]


def reader(**options) -> LineReader:
    made = LineReader([("card", LineOptions(keys=True, **options))], 9600)
    made.opened(0.0)
    made.facts()
    return made


def test_a_reader_with_a_keypad_sends_cards_as_lines_and_keys_alone() -> None:
    session = reader()
    for place, key in enumerate(b"20*#"):
        session.receive(bytes((key,)), 1.0 + place * 0.3)
        assert session.wait(1.0 + place * 0.3) == pytest.approx(0.04)
        session.send(1.05 + place * 0.3)
    session.receive(cards.DECIMAL[:1].encode(), 5.0)
    session.send(5.001)
    session.receive(cards.DECIMAL[1:].encode() + b"\r\n", 5.002)
    facts = session.facts()
    assert [fact.key for fact in facts if isinstance(fact, KeyReport)] == list("20*#")
    assert [fact.card for fact in facts if isinstance(fact, CardSeen)] == [cards.NORMAL]


def test_without_a_keypad_a_lone_digit_is_none() -> None:
    session = LineReader([("card", LineOptions(end="none"))], 9600)
    session.receive(b"7", 1.0)
    session.send(1.2)
    facts = session.facts()
    assert [type(fact) for fact in facts] == [CardSeen]
