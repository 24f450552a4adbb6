"""RDM6300, ID-12 and ID-20: the data sheets' frames, held cards, noise, and the number that is printed on the card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader.card import from_decimal, from_facility, from_printed
from drivers.reader.rdm6300 import Frames, Rdm6300, Rdm6300Options
from drivers.reports import CardSeen, DeviceFoundReport, DeviceLostReport, OrderFailed, PlayTone, SetOutput
from tests.vectors import readers as vectors

FRAME = bytes.fromhex(vectors.RDM6300[0])
ID_12 = bytes.fromhex(vectors.ID_12[0])


def reader(**options) -> Rdm6300:
    made = Rdm6300([("card", Rdm6300Options(**options))], 9600)
    made.opened(0.0)
    made.facts()
    return made


def seen(session: Rdm6300) -> list[str]:
    return [fact.card for fact in session.facts() if isinstance(fact, CardSeen)]


def frame(number: int, *, long: bool = False) -> bytes:
    """Built here from the data sheet."""
    digits = number.to_bytes(5, "big")
    check = digits[0] ^ digits[1] ^ digits[2] ^ digits[3] ^ digits[4]
    return b"\x02" + (digits + bytes((check,))).hex().upper().encode() + (b"\r\n" if long else b"") + b"\x03"


@pytest.mark.parametrize(("sent", "card"), [(FRAME, vectors.RDM6300_CARD), (ID_12, vectors.ID_12_CARD)])
def test_the_data_sheets_cards(sent: bytes, card: str) -> None:
    session = reader()
    session.receive(sent, 1.0)
    assert seen(session) == [card]
    assert session.misread == 0


def test_the_number_is_the_one_printed_on_the_card() -> None:
    session = reader()
    session.receive(FRAME, 1.0)
    assert seen(session) == [from_decimal(vectors.RDM6300_DECIMAL)] == [from_printed(vectors.RDM6300_DECIMAL)]
    small = reader(bits=24)
    small.receive(FRAME, 1.0)
    assert seen(small) == [from_facility(f"{0x08:03},{0x6CED:05}")]
    whole = reader(bits=40)
    whole.receive(FRAME, 1.0)
    assert seen(whole) == ["62E3086CED"]


def test_a_held_card_counts_once_and_again_after_it_was_away() -> None:
    session = reader()
    for tick in range(40):
        session.receive(FRAME, 1.0 + tick * 0.065)
    assert seen(session) == [vectors.RDM6300_CARD]
    session.receive(FRAME, 1.0 + 39 * 0.065 + 1.4)
    assert seen(session) == []
    session.receive(FRAME, 1.0 + 39 * 0.065 + 1.4 + 1.6)
    session.receive(ID_12, 7.0)
    session.receive(FRAME, 7.1)
    assert seen(session) == [vectors.RDM6300_CARD, vectors.ID_12_CARD, vectors.RDM6300_CARD]


def test_half_a_frame_of_before_does_not_spoil_a_card() -> None:
    session = reader()
    session.receive(FRAME[:9], 1.0)
    session.receive(FRAME, 2.0)
    session.receive(FRAME[:9] + ID_12, 9.0)
    assert seen(session) == [vectors.RDM6300_CARD, vectors.ID_12_CARD]


@given(st.integers(0, 13), st.integers(0, 7))
def test_one_flipped_bit_is_no_card(place: int, bit: int) -> None:
    flipped = bytearray(FRAME)
    flipped[place] ^= 1 << bit
    digits = flipped[1:13].upper() == FRAME[1:13].upper()
    session = reader()
    session.receive(bytes(flipped), 1.0)
    assert seen(session) == ([vectors.RDM6300_CARD] if digits and flipped[0] == 2 and flipped[13] == 3 else [])
    session.receive(ID_12, 1.1)
    assert seen(session) == [vectors.ID_12_CARD]


@given(st.lists(st.tuples(st.integers(0, (1 << 40) - 1), st.booleans()), max_size=6), st.data())
def test_whole_byte_by_byte_and_any_split_are_the_same(cards: list[tuple[int, bool]], data: st.DataObject) -> None:
    stream = b"".join(frame(number, long=long) for number, long in cards)
    expected = [number for number, _ in cards]
    assert Frames().add(stream) == expected
    single, split, at, got = Frames(), Frames(), 0, []
    assert [card for byte in stream for card in single.add(bytes((byte,)))] == expected
    while at < len(stream):
        size = data.draw(st.integers(1, 20))
        got += split.add(stream[at : at + size])
        at += size
    assert got == expected


@given(st.binary(max_size=400) | st.text("\x02\x03\r\n0123456789AF", max_size=400).map(str.encode))
def test_any_bytes_are_safe_bounded_and_cost_one_card_at_most(noise: bytes) -> None:
    frames = Frames()
    frames.add(noise)
    assert len(frames) <= 16
    assert frames.add(FRAME + ID_12)[-1] == 0x0462001FE9


def test_life_and_orders() -> None:
    session = Rdm6300([("card", Rdm6300Options())], 9600)
    session.opened(0.0)
    session.order(PlayTone("card", "yes"), 0.1)
    session.order(SetOutput("card", 1, True, 4, 9.0), 0.1)
    assert session.send(0.2) is None
    assert session.wait(0.2) == float("inf")
    session.closed(1.0, "unplugged")
    session.closed(2.0, "still")
    assert [type(fact) for fact in session.facts()] == [DeviceFoundReport, OrderFailed, DeviceLostReport]
    assert session.pending() == 0


def test_options_are_checked() -> None:
    assert [key for key, _ in Rdm6300Options(bits=26, repeat_s=0).check()] == ["bits", "repeat_s"]
