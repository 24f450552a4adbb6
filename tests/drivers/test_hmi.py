"""USART HMI: the vendors' vectors, escapes byte by byte, and a parser that any bytes leave unharmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.display import hmi
from drivers.display.texts import encode
from tests.vectors import hmi as vectors


@pytest.mark.parametrize(
    ("built", "vector"),
    [
        (hmi.set_text("t0.txt", encode(vectors.TEXT, "utf-8", 20)), vectors.TEXT_UTF8),
        (hmi.set_text("t0.txt", encode(vectors.TEXT, "gbk", 20)), vectors.TEXT_GBK),
        (hmi.switch_page("1"), vectors.PAGE_1),
        (hmi.set_number("bkcmd", 3), vectors.BKCMD_3),
        (hmi.get("sys2"), vectors.GET_SYS2),
        (hmi.instruction("connect"), vectors.CONNECT),
        (hmi.sound_buzzer(0.6), vectors.BEEP),
    ],
)
def test_instructions_are_the_published_bytes(built: bytes, vector: tuple[str, str]) -> None:
    assert built == bytes.fromhex(vector[0])


@pytest.mark.parametrize(("text", "escaped", "source"), vectors.ESCAPED)
def test_quote_and_backslash_are_escaped_byte_by_byte(text: str, escaped: str, source: str) -> None:
    assert hmi.quoted(text.encode("gbk")) == bytes.fromhex(escaped)


def test_a_firmware_that_knows_characters_gets_no_backslash_within_one() -> None:
    assert hmi.quoted('誠"\\'.encode("gbk"), by_bytes=False) == bytes.fromhex("D5 5C 5C 22 5C 5C")


def unescaped(data: bytes) -> bytes:
    """As a panel takes it, byte by byte."""
    out, at = bytearray(), 0
    while at < len(data):
        at += data[at] == 0x5C
        out.append(data[at])
        at += 1
    return bytes(out)


@given(st.text(max_size=60), st.sampled_from(["gbk", "utf-8", "gb2312", "ascii"]))
def test_what_is_escaped_is_read_again_and_never_ends_the_text(text: str, charset: str) -> None:
    coded = encode(text, charset, 200)
    escaped = hmi.quoted(coded)
    assert unescaped(escaped) == coded
    assert hmi.END not in escaped
    assert b"\xff" not in escaped
    at = 0
    while at < len(escaped):
        assert escaped[at] != 0x22
        at += 2 if escaped[at] == 0x5C else 1


@given(st.text(max_size=60), st.integers(0, 40), st.sampled_from(["gbk", "utf-8"]))
def test_text_is_cut_to_the_columns_at_whole_characters(text: str, columns: int, charset: str) -> None:
    coded = encode(text, charset, columns)
    coded.decode(charset)
    assert len(coded) <= (columns if charset == "gbk" else 4 * columns)


@pytest.mark.parametrize(
    ("text", "columns", "kept"),
    [
        ("今日a", 5, "今日a"),
        ("今日a", 4, "今日"),
        ("“停”", 5, "“停"),
        ("—·é", 4, "—·"),
        ("ab\U0001f6b0", 4, "ab\U0001f6b0"),
    ],
)
def test_in_utf_8_columns_are_cells_not_bytes(text: str, columns: int, kept: str) -> None:
    assert encode(text, "utf-8", columns).decode() == kept


@pytest.mark.parametrize(("sent", "meant", "source"), vectors.RETURNS)
def test_returns_of_the_panel(sent: str, meant: str, source: str) -> None:
    returns = hmi.Returns()
    assert [repr(found) for found in returns.add(bytes.fromhex(sent))] == [meant]
    assert len(returns) == 0


def test_the_answer_to_connect_names_the_model() -> None:
    (found,) = hmi.Returns().add(bytes.fromhex(vectors.COMOK[0]))
    assert isinstance(found, hmi.Connected)
    assert found.model == "NX4832T035_011R"
    assert hmi.Connected(b"comok").model == "unknown model"


def sent(found: hmi.Return) -> bytes:
    """The bytes of a return, built here from the vendors' table."""
    match found:
        case hmi.Done():
            body = b"\x01"
        case hmi.Refused():
            body = bytes((found.code,))
        case hmi.Number():
            body = b"\x71" + found.value.to_bytes(4, "little", signed=True)
        case hmi.String():
            body = b"\x70" + found.text
        case hmi.Touched():
            body = bytes((0x65, found.page, found.component, found.pressed))
        case hmi.TouchedAt():
            body = (
                bytes((0x68 if found.asleep else 0x67,)) + found.x.to_bytes(2, "big") + found.y.to_bytes(2, "big")
            ) + bytes((found.pressed,))
        case hmi.PageShown():
            body = bytes((0x66, found.page))
        case hmi.Connected():
            body = found.text
        case hmi.PanelStarted():
            body = b"\0\0\0"
        case _:
            codes = {hmi.Overflowed: 0x24, hmi.Slept: 0x86, hmi.Woke: 0x87, hmi.Ready: 0x88}
            body = bytes((codes[type(found)],))
    return body + b"\xff\xff\xff"


BYTE = st.integers(0, 255)
RETURN = st.one_of(
    st.sampled_from([hmi.Done(), hmi.Overflowed(), hmi.Slept(), hmi.Woke(), hmi.Ready(), hmi.PanelStarted()]),
    st.builds(hmi.Refused, st.sampled_from(sorted(hmi.REFUSALS))),
    st.builds(hmi.Number, st.integers(-(1 << 31), (1 << 31) - 1) | st.sampled_from([-1, -256, 0xFFFFFF])),
    st.builds(hmi.String, st.text("今日停水 ab12", max_size=20).map(lambda text: text.encode("gbk"))),
    st.builds(hmi.Touched, BYTE, BYTE, st.booleans()),
    st.builds(hmi.TouchedAt, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.booleans(), st.booleans()),
    st.builds(hmi.PageShown, BYTE),
    st.just(hmi.Connected(b"comok 1,101-0,TJC4832T035_011R,52,61488,D264B8204F0E1828,16777216")),
)


def in_pieces(stream: bytes, data: st.DataObject) -> list[hmi.Return]:
    split, at, got = hmi.Returns(), 0, []
    while at < len(stream):
        size = data.draw(st.integers(1, 9))
        got += split.add(stream[at : at + size])
        at += size
    return got


@given(st.lists(RETURN, max_size=8), st.data())
def test_whole_byte_by_byte_and_any_split_are_the_same(expected: list[hmi.Return], data: st.DataObject) -> None:
    stream = b"".join(map(sent, expected))
    assert hmi.Returns().add(stream) == expected
    single = hmi.Returns()
    assert [found for byte in stream for found in single.add(bytes((byte,)))] == expected
    assert in_pieces(stream, data) == expected


@given(
    st.lists(
        st.binary(max_size=6) | RETURN.map(sent) | st.sampled_from([b"p", b"c", b"co", b"q", b"\0\0"]), max_size=12
    ),
    st.data(),
)
def test_noise_is_read_alike_in_any_portions(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = hmi.Returns().add(stream)
    single = hmi.Returns()
    assert [found for byte in stream for found in single.add(bytes((byte,)))] == whole
    assert in_pieces(stream, data) == whole


@given(st.binary(max_size=2000))
def test_any_bytes_are_safe_bounded_and_passed(noise: bytes) -> None:
    returns = hmi.Returns()
    returns.add(noise)
    assert len(returns) <= hmi.MAX_RETURN
    heard = returns.add(sent(hmi.Done()) * 3)
    assert heard[-1] == hmi.Done()
    assert len(returns) == 0
    assert returns.add(sent(hmi.Number(-1))) == [hmi.Number(-1)]


@pytest.mark.parametrize("begun", [b"p", b"pabc", b"c", b"como", b"q", b"\0", b"\0\0", b"e\1", b"\x1a", b"p" * 600])
def test_the_second_return_after_a_broken_one_is_found(begun: bytes) -> None:
    returns = hmi.Returns()
    returns.add(begun)
    heard = returns.add(sent(hmi.Done()) + sent(hmi.Refused(0x1A)) + sent(hmi.Done()))
    assert heard[-2:] == [hmi.Refused(0x1A), hmi.Done()]
