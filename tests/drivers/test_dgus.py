"""DGUS II frames: the vendor's vectors, libdgus' encoder byte for byte, and a parser that any bytes leave unharmed."""

from __future__ import annotations

import pytest
from dgus.display.communication import protocol as libdgus
from hypothesis import given
from hypothesis import strategies as st

from drivers.display import dgus
from drivers.display.texts import encode
from tests.drivers.bus import closed
from tests.vectors import dgus as vectors

TEXT = bytes.fromhex(vectors.TEXT_GBK) + dgus.TEXT_END


@pytest.mark.parametrize(
    ("built", "vector"),
    [
        (dgus.write_vp(0x1000, TEXT), vectors.TEXT_TO_1000),
        (dgus.write_vp(0x1000, TEXT, crc=True), vectors.TEXT_TO_1000_CRC),
        (dgus.switch_page(1), vectors.PAGE_1),
        (dgus.switch_page(1, crc=True), vectors.PAGE_1_CRC),
        (dgus.read_vp(0x0014, 1), vectors.READ_PAGE),
        (dgus.read_vp(0x0014, 1, crc=True), vectors.READ_PAGE_CRC),
        (dgus.read_vp(dgus.VP_VERSION, 1), vectors.READ_VERSION),
        (dgus.sound_buzzer(1.0), vectors.BUZZER_1_S),
    ],
)
def test_frames_are_the_published_bytes(built: bytes, vector: tuple[str, str]) -> None:
    assert built == bytes.fromhex(vector[0])


def test_text_is_gbk() -> None:
    assert encode(vectors.TEXT, "gbk", 20) == bytes.fromhex(vectors.TEXT_GBK)


@given(st.integers(0, 0xFFFF), st.binary(max_size=dgus.MAX_DATA))
def test_writes_equal_libdgus(vp: int, data: bytes) -> None:
    assert dgus.write_vp(vp, data) == bytes(libdgus.build_write_vp(vp, data))


@given(st.integers(0, 0xFFFF), st.integers(1, 0x7C))
def test_reads_and_pages_equal_libdgus(vp: int, words: int) -> None:
    assert dgus.read_vp(vp, words) == bytes(libdgus.build_read_vp(vp, words))
    assert dgus.switch_page(vp) == bytes(libdgus.build_mask_switch_request(vp))


def words(vp: int, data: bytes, crc: bool = False) -> bytes:
    body = b"\x83" + vp.to_bytes(2, "big") + bytes((len(data) // 2,)) + data
    body = closed(body) if crc else body
    return b"\x5a\xa5" + bytes((len(body),)) + body


def ack(crc: bool = False) -> bytes:
    body = closed(b"\x82OK") if crc else b"\x82OK"
    return b"\x5a\xa5" + bytes((len(body),)) + body


def test_answers_of_the_panel() -> None:
    answers = dgus.AnswerDecoder(crc=False)
    assert answers.add(bytes.fromhex(vectors.ACK[0])) == [dgus.Acknowledged()]
    assert answers.add(bytes.fromhex(vectors.TOUCH[0])) == [dgus.Words(0x1100, b"\0\1")]


ANSWERS = st.lists(
    st.one_of(
        st.just(dgus.Acknowledged()),
        st.builds(
            dgus.Words, st.integers(0, 0xFFFF), st.lists(st.binary(min_size=2, max_size=2), max_size=8).map(b"".join)
        ),
    ),
    max_size=6,
)


@given(ANSWERS, st.booleans(), st.data())
def test_whole_byte_by_byte_and_any_split_are_the_same(expected: list, crc: bool, data: st.DataObject) -> None:
    stream = b"".join(ack(crc) if isinstance(a, dgus.Acknowledged) else words(a.vp, a.data, crc) for a in expected)
    assert dgus.AnswerDecoder(crc=crc).add(stream) == expected
    single = dgus.AnswerDecoder(crc=crc)
    assert [answer for byte in stream for answer in single.add(bytes((byte,)))] == expected
    split, at, got = dgus.AnswerDecoder(crc=crc), 0, []
    while at < len(stream):
        size = data.draw(st.integers(1, 9))
        got += split.add(stream[at : at + size])
        at += size
    assert got == expected


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_safe_bounded_and_passed(noise: bytes, crc: bool) -> None:
    answers = dgus.AnswerDecoder(crc=crc)
    answers.add(noise)
    assert len(answers) <= 2 * dgus.MAX_FRAME
    answers.add(bytes(dgus.MAX_FRAME))
    assert answers.add(ack(crc)) == [dgus.Acknowledged()]


@given(st.integers(0, 47))
def test_with_crc_a_flipped_bit_is_no_answer(bit: int) -> None:
    frame = bytearray(ack(crc=True))
    frame[3 + bit // 8 % 5] ^= 1 << bit % 8
    assert dgus.AnswerDecoder(crc=True).add(bytes(frame)) == []
