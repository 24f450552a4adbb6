"""Bytes in words: both ways, in any portions, and never a number that could open a door."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.decoders import DECODERS, FRAMED, AnyDecoder
from drivers.decoding import IN, OUT, Decoder, Seen, masked, no_frame
from drivers.display import dgus
from drivers.display.dwin_decoding import DwinDecoder
from drivers.display.tjc_decoding import TjcDecoder
from drivers.modbus import codec
from drivers.modbus.decoding import ModbusDecoder
from drivers.osdp import codec as osdp_codec
from drivers.osdp.decoding import OsdpDecoder
from drivers.reader.decoding import LineDecoder
from drivers.registry import DRIVERS
from drivers.wire import crc16
from simulator.osdp_reader import Peripheral

EVERY = [*DECODERS.values(), AnyDecoder]


def framed(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


def decoded(decoder: Decoder, *portions: bytes) -> list[Seen]:
    return [seen for portion in portions for seen in decoder.add(portion)] + decoder.quiet()


def words(seen: Sequence[Seen]) -> list[tuple[str, str]]:
    return [(each.way, each.text) for each in seen]


def test_modbus_both_ways() -> None:
    line = [
        codec.read_coils(1, 0, 8).frame,
        framed("01 01 01 05"),
        codec.read_discrete_inputs(2, 0, 8).frame,
        framed("02 02 01 80"),
        codec.read_holding_registers(1, 0x8000, 1).frame,
        framed("01 03 02 00 C8"),
        codec.write_single_coil(1, 0x0200, 7).frame,
        codec.write_single_coil(1, 0x0200, 7).frame,
        codec.write_single_coil(1, 1, codec.COIL_ON).frame,
        framed("01 85 02"),
        codec.write_multiple_coils(1, 0, (True, False)).frame,
        framed("01 0F 00 00 00 02"),
    ]
    expected = [
        (OUT, "address 1: read outputs, 8 from 0x0000"),
        (IN, "address 1: outputs on: 1 3"),
        (OUT, "address 2: read inputs, 8 from 0x0000"),
        (IN, "address 2: inputs closed: 8"),
        (OUT, "address 1: read registers, 1 from 0x8000"),
        (IN, "address 1: registers from 0x8000: 200"),
        (OUT, "address 1: write output 0x0200 = 7"),
        (IN, "address 1: done: write output"),
        (OUT, "address 1: write output 0x0001 on"),
        (IN, "address 1: refuses write output, exception 2"),
        (OUT, "address 1: write outputs, 2 from 0x0000"),
        (IN, "address 1: done: write outputs"),
    ]
    assert words(decoded(ModbusDecoder(), *line)) == expected
    assert words(decoded(AnyDecoder(), b"".join(line))) == expected


def test_a_reply_as_long_as_a_request_is_known_by_the_request_before_it() -> None:
    reply = framed("01 01 03 01 00 80")
    assert len(reply) == 8
    asked = codec.read_coils(1, 0, 24).frame
    assert words(decoded(ModbusDecoder(), asked, reply))[1] == (IN, "address 1: outputs on: 1 24")


def test_modbus_replies_alone_and_noise_between() -> None:
    seen = decoded(ModbusDecoder(), b"\xff\x00" + framed("01 01 01 05") + b"\x07" + framed("01 02 01 00") + b"\x01")
    assert [(each.way, each.frame) for each in seen] == [("", False), (IN, True), ("", False), (IN, True), ("", False)]
    assert seen[1].text == "address 1: outputs on: 1 3"


@pytest.mark.parametrize("crc", [False, True])
def test_dwin_both_ways(crc: bool) -> None:
    def tail(body: str) -> bytes:
        data = bytes.fromhex(body)
        data += crc16(data) if crc else b""
        return b"\x5a\xa5" + bytes((len(data),)) + data

    line = [
        dgus.read_vp(dgus.VP_VERSION, 1, crc=crc),
        tail("83 000F 01 4010"),
        dgus.write_vp(0x1000, "停水通知".encode("gbk") + dgus.TEXT_END, crc=crc),
        tail("82 4F4B"),
        dgus.switch_page(2, crc=crc),
        dgus.sound_buzzer(0.12, crc=crc),
    ]
    assert words(decoded(DwinDecoder(), *line)) == [
        (OUT, "read 1 words from 0x000f"),
        (IN, "1 words from 0x000f: 40 10"),
        (OUT, 'write 0x1000: "停水通知"'),
        (IN, "acknowledged"),
        (OUT, "show page 2"),
        (OUT, "write 0x00a0: 00 0f"),
    ]


def test_osdp_both_ways_and_nothing_of_a_person() -> None:
    reader = Peripheral(bytes(range(16)), secure_only=False)
    reader.present(12345678)
    reader.press("4711")
    asked = [osdp_codec.build(0, number, code) for number, code in enumerate((0x60, 0x60, 0x64))]
    line = [part for frame in asked for part in (frame, reader.answer(frame, 0.0))]
    key = osdp_codec.build(0, 3, 0x75, b"\x01\x10" + bytes(range(16)))
    seen = decoded(OsdpDecoder(), *line, key)
    assert words(seen) == [
        (OUT, "address 0, 0: poll"),
        (IN, "address 0, 0: a card"),
        (OUT, "address 0, 1: poll"),
        (IN, "address 0, 1: keys pressed"),
        (OUT, "address 0, 2: tamper and power?"),
        (IN, "address 0, 2: tamper and power"),
        (OUT, "address 0, 3: set key"),
    ]
    assert [each.raw is None for each in seen] == [False, True, False, True, False, False, True]
    assert words(decoded(AnyDecoder(), b"".join(line))) == words(seen)[:-1]


@pytest.mark.parametrize(
    ("make", "idle", "beginning"),
    [
        (OsdpDecoder, b"\xff", b"\x53\x00\x08"),
        (ModbusDecoder, b"", b"\x01\x03\x02"),
        (DwinDecoder, b"", dgus.HEAD + b"\x06\x83"),
        (TjcDecoder, b"", b"page"),
    ],
)
def test_what_is_held_back_is_told_once_and_without_the_idle_line(
    make: Callable[[], Decoder], idle: bytes, beginning: bytes
) -> None:
    decoder = make()
    assert decoder.add(idle * 3 + beginning + idle) == []
    assert decoder.quiet() == [no_frame(beginning)]
    assert decoder.quiet() == []
    assert decoder.add(idle * 3) == []
    assert decoder.quiet() == []


def test_tjc_both_ways_and_touches_masked() -> None:
    end = b"\xff\xff\xff"
    line = [
        b't0.txt="' + "停水".encode("gbk") + b'"' + end,
        b"\x01" + end,
        b"get sys2" + end,
        b"\x71\xff\xff\xff\x00" + end,
        b"\x65\x00\x0c\x01" + end,
        b"\x1a" + end,
    ]
    seen = decoded(TjcDecoder(), *line)
    assert [each.way for each in seen] == [OUT, IN, OUT, IN, IN, IN]
    assert seen[0].text == 't0.txt="停水"'
    assert "16777215" in seen[3].text
    assert (seen[4].text, seen[4].raw) == ("touched: •", None)


def test_a_readers_line_shows_its_form_alone() -> None:
    seen = decoded(LineDecoder(), b"0012345678\r\n188,24910\r", b"\x0262E3086CED08\x03")
    assert [each.text for each in seen] == [
        "12 characters: 00••••••••<CR><LF>",
        "10 characters: •••,•••••<CR>",
        "14 characters: <STX>62••••••••••<ETX>",
    ]
    assert all(each.raw is None for each in seen)
    (seen_one,) = decoded(LineDecoder(), b"\x91\x00\xe7 1")
    assert seen_one.text == "5 bytes, 3 of them no text: another speed?"
    assert not seen_one.frame


def test_a_key_is_masked_too() -> None:
    assert masked("1") == "•"
    assert masked("1234") == "••••"
    assert no_frame(b"4711\r").text == "5 bytes that are no frame: ••••<CR>"


def test_every_row_names_a_driver() -> None:
    assert set(DECODERS) <= set(DRIVERS)
    assert set(FRAMED) <= set(DECODERS)


@given(
    st.integers(10**5, 10**10 - 1),
    st.sampled_from(["{:010d}\r\n", "{:08X}\r\n", "{:d}", "\x02{:010d}\x03", "{:026b}\r"]),
)
def test_no_card_number_is_ever_shown(number: int, form: str) -> None:
    text = form.format(number)
    digits = re.sub(r"[^0-9A-F]", "", text)
    for decoder in (LineDecoder(), AnyDecoder(), ModbusDecoder(), DwinDecoder()):
        for seen in decoded(decoder, text.encode()):
            assert digits[2:] not in seen.text
            assert seen.raw is None


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=5))
@example(codec.read_coils(1, 0, 8).frame + framed("01 01 01 05"), [3])
@pytest.mark.parametrize("make", EVERY)
def test_any_bytes_in_any_portions(make: Callable[[], Decoder], data: bytes, cuts: list[int]) -> None:
    whole = [each for each in decoded(make(), data) if each.frame]
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert [each for each in decoded(make(), *pieces) if each.frame] == whole
