"""Readers that send lines: ends, gaps, lengths, noise, and a card held to the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader.line import LineOptions, LineReader
from drivers.reports import CardSeen, DeviceFoundReport, DeviceLostReport, OrderFailed, PlayTone, SetOutput
from tests.vectors import cards
from tests.vectors import readers as vectors


def reader(**options) -> LineReader:
    made = LineReader([("card", LineOptions(**options))], 9600)
    made.opened(0.0)
    made.facts()
    return made


def seen(session: LineReader) -> list[str]:
    return [fact.card for fact in session.facts() if isinstance(fact, CardSeen)]


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, cards.DECIMAL + "\r\n"),
        ({"end": "cr"}, cards.DECIMAL + "\r"),
        ({"radix": "facility"}, cards.FACILITY + "\n"),
        ({"radix": "hex", "end": "etx", "pattern": r"\x02([0-9A-F]+)"}, "\x02" + cards.HEX + "\x03"),
        ({"radix": "wiegand", "pattern": "[01]+"}, cards.WIEGAND_26 + "\r\n"),
        ({"radix": "hex", "pattern": "UID=(?P<card>[0-9A-F]{8}) *"}, f"UID={cards.HEX} \r\n"),
    ],
)
def test_forms_of_lines(options: dict, sent: str) -> None:
    if options.get("end") == "etx":
        options = {**options, "pattern": r"\x02(?P<card>[0-9A-F]+)"}
    session = reader(**options)
    session.receive(sent.encode(), 1.0)
    assert seen(session) == [cards.NORMAL]


def test_end_by_gap() -> None:
    session = reader(end="none")
    session.receive(b"00123", 1.0)
    session.receive(b"45678", 1.03)
    assert session.wait(1.03) == pytest.approx(0.05)
    assert session.send(1.07) is None
    assert seen(session) == []
    session.send(1.081)
    assert seen(session) == [cards.NORMAL]


def test_held_card_counts_once_and_again_after_silence() -> None:
    session = reader()
    for tick in range(40):
        session.receive(b"0012345678\r\n", 1.0 + tick * 0.065)
    assert seen(session) == [cards.NORMAL]
    session.receive(b"0012345678\r\n", 1.0 + 39 * 0.065 + 1.4)
    assert seen(session) == []
    session.receive(b"0012345678\r\n", 1.0 + 39 * 0.065 + 1.4 + 1.6)
    assert seen(session) == [cards.NORMAL]
    session.receive(b"17\r\n", 10.0)
    session.receive(b"0012345678\r\n", 10.1)
    assert seen(session) == ["11", cards.NORMAL]


def test_too_long_is_no_card_and_the_next_is() -> None:
    session = reader(max_length=12)
    session.receive(b"9" * 5000 + b"\r\n0012345678\r\n", 1.0)
    assert seen(session) == [cards.NORMAL]
    assert session.misread == 1


def test_old_noise_does_not_spoil_a_card() -> None:
    session = reader()
    session.receive(b"\xff\x00#", 1.0)
    session.receive(b"0012345678\r\n", 2.0)
    assert seen(session) == [cards.NORMAL]


@given(
    st.lists(st.sampled_from([b"0012345678\r\n", b"17\n", b"x17\n", b"9" * 70 + b"\n", b"\xff", b"\r"]), max_size=8),
    st.data(),
)
def test_whole_byte_by_byte_and_any_split_are_the_same(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(messages)
    whole, single, split = reader(repeat_s=0), reader(repeat_s=0), reader(repeat_s=0)
    whole.receive(stream, 1.0)
    for byte in stream:
        single.receive(bytes((byte,)), 1.0)
    at = 0
    while at < len(stream):
        size = data.draw(st.integers(1, 12))
        split.receive(stream[at : at + size], 1.0)
        at += size
    expected = seen(whole)
    assert expected == seen(single) == seen(split)


@given(st.lists(st.tuples(st.binary(max_size=200), st.floats(0, 1)), max_size=10), st.sampled_from(["line", "none"]))
def test_any_bytes_are_safe_bounded_and_passed(portions: list[tuple[bytes, float]], end: str) -> None:
    session = reader(end=end)
    now = 1.0
    for portion, pause in portions:
        now += pause
        session.receive(portion, now)
        assert len(session._buffer) <= 64
    session.facts()
    session.receive(b"\r\n", now)
    session.send(now + 0.2)
    session.facts()
    session.receive(b"42\r\n", now + 2.0)
    session.send(now + 2.2)
    assert seen(session) == ["2A"]


def test_life_and_orders() -> None:
    session = LineReader([("card", LineOptions())], 9600)
    session.opened(0.0)
    session.order(PlayTone("card", "yes"), 0.1)
    session.order(SetOutput("card", 1, True, 4, 9.0), 0.1)
    session.closed(1.0, "unplugged")
    session.closed(2.0, "still")
    assert [type(fact) for fact in session.facts()] == [DeviceFoundReport, OrderFailed, DeviceLostReport]
    assert session.pending() == 0


def test_options_are_checked() -> None:
    bad = LineOptions(pattern="(", radix="octal", end="never", gap_ms=-1, max_length=0, repeat_s=99)
    assert [key for key, _ in bad.check()] == ["pattern", "radix", "end", "gap_ms", "max_length", "repeat_s"]
    assert LineOptions().check() == []


@pytest.mark.parametrize(("options", "end"), [({"end": "cr"}, b"\r"), ({"end": "tab"}, b"\t"), ({"end": "none"}, b"")])
def test_a_qr_scanner_sends_text_that_ends_in_a_suffix_or_a_gap(options: dict, end: bytes) -> None:
    session = reader(radix="text", max_length=512, **options)
    session.receive(vectors.QR.encode() + end, 1.0)
    session.send(1.06)
    assert seen(session) == [vectors.QR_CARD]


def test_a_number_in_a_qr_code_s_text() -> None:
    session = reader(
        end="cr", max_length=512, radix="decimal", pattern=r"https://visit\.example\.cn/\?c=(?P<card>[0-9]{8})"
    )
    session.receive(vectors.QR.encode() + b"\rhttps://evil.example.cn/?c=20417735\r", 1.0)
    assert seen(session) == [f"{20417735:X}"]
    assert session.misread == 1


@pytest.mark.parametrize("text", ["停水", "a" * 512, "x", "名 字"])
def test_qr_text_of_any_length_and_script(text: str) -> None:
    session = reader(radix="text", max_length=512, end="cr")
    session.receive(text.encode()[:512] + b"\r", 1.0)
    assert len(seen(session)) == 1


@pytest.mark.parametrize("sent", [b"a" * 513, b"a\x00b", b"a\x1b[2J", b"\xff\xfe", "a\u202eb".encode(), b"  "])
def test_what_is_too_long_or_not_printable_is_no_code(sent: bytes) -> None:
    session = reader(radix="text", max_length=512, end="cr")
    session.receive(sent + b"\r17\r", 1.0)
    assert session.misread == 1
    assert len(seen(session)) == 1
