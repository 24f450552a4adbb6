"""OSDP packets: known bytes, damage, splits, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp import codec, messages
from drivers.reader.card import from_wiegand
from drivers.tones import Tone
from simulator.osdp_reader import crc
from tests.vectors import osdp

COMMANDS = [
    (codec.build(5, 2, messages.POLL), osdp.POLL[0]),
    (codec.build(5, 1, messages.OUT, messages.pulse(0, 3.0, on=True).data), osdp.OUT[0]),
]
ACK = bytes.fromhex(osdp.ACK[0])
RAW = bytes.fromhex(osdp.RAW[0])


@pytest.mark.parametrize(("frame", "wanted"), COMMANDS)
def test_commands_byte_for_byte(frame: bytes, wanted: str) -> None:
    assert frame == bytes.fromhex(wanted)


@pytest.mark.parametrize("body", osdp.CRC)
def test_crcs_of_the_standard(body: str) -> None:
    assert codec.crc16(bytes.fromhex(body)) == crc(bytes.fromhex(body)) == bytes.fromhex(osdp.CRC[body][0])


@pytest.mark.parametrize("body", osdp.CHECKSUM)
def test_checksums_of_the_standard(body: str) -> None:
    assert codec.checksum(bytes.fromhex(body)) == bytes.fromhex(osdp.CHECKSUM[body][0])


def test_a_text_is_24_bytes_and_a_secured_order_31() -> None:
    text = messages.text("Door open", 0)
    frame = codec.build(5, 1, text.code, text.data)
    assert len(frame) == 24
    assert frame[6:20].hex(" ").upper() == "6B 00 02 00 01 01 09 44 6F 6F 72 20 6F 70".upper()
    assert len(codec.build(5, 1, 0x68, bytes(16), block=b"\x17", sign=lambda body: bytes(4))) == 31
    assert len(codec.build(5, 1, 0x60, block=b"\x15", sign=lambda body: bytes(4))) == 15


def test_replies_are_found() -> None:
    packet = codec.find_reply(ACK, 5).packet
    assert packet is not None
    assert (packet.code, packet.sequence, packet.block, packet.data, packet.end) == (messages.ACK, 1, b"", b"", 8)
    packet = codec.find_reply(b"\x00\x53\x85" + ACK[:3] + RAW + ACK, 5).packet
    assert packet is not None
    assert packet.code == messages.RAW
    assert messages.raw_bits(packet.data) == f"{0x12345640:032b}"[:26]


def test_what_is_not_for_us_is_passed_over() -> None:
    command = codec.build(5, 1, messages.POLL)
    assert codec.find_reply(command, 5).packet is None, "an adapter's echo"
    assert codec.find_reply(ACK, 6).packet is None, "another reader's reply"
    assert codec.find_reply(ACK, 5, crc=False).packet is None, "the other check"
    assert codec.find_reply(command + ACK, 5).packet is not None


def test_checksum_instead_of_crc() -> None:
    frame = codec.build(5, 1, messages.POLL, crc=False)
    assert frame[5] == 1
    assert sum(frame[1:]) & 0xFF == 0
    body = bytes.fromhex("53 85 07 00 01 40")
    reply = body + codec.checksum(body)
    assert codec.find_reply(reply, 5, crc=False).packet is not None
    assert codec.find_reply(reply[:-1] + bytes((reply[-1] ^ 1,)), 5, crc=False).broken


def test_the_crc_is_that_of_another_hand() -> None:
    for size in range(40):
        assert codec.crc16(bytes(range(size))) == crc(bytes(range(size)))


@pytest.mark.parametrize("place", range(len(RAW)))
@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_gives_a_packet(place: int, bit: int) -> None:
    damaged = bytearray(RAW)
    damaged[place] ^= 1 << bit
    assert codec.find_reply(damaged, 5).packet is None


@pytest.mark.parametrize("size", range(len(RAW)))
def test_what_is_missing_is_told(size: int) -> None:
    found = codec.find_reply(RAW[:size], 5)
    assert found.packet is None
    assert not found.broken
    assert found.missing == (len(RAW) - size if size >= codec.HEADER else codec.SHORTEST - size if size else 0)


def test_a_secured_reply_has_its_parts() -> None:
    body = bytes.fromhex("53 85 0E 00 0D 02 16 40") + b"MACS"
    packet = codec.find_reply(body + crc(body), 5).packet
    assert packet is not None
    assert (packet.block, packet.code, packet.data, packet.mac, packet.signed) == (
        b"\x16",
        0x40,
        b"",
        b"MACS",
        body[:-4],
    )


@pytest.mark.parametrize("shield", ["00", "01", "02", "FF 16", "0A 16", "09 16 00 00"])
def test_a_security_block_that_does_not_fit_is_no_packet(shield: str) -> None:
    rest = bytes.fromhex(shield)
    body = bytes((0x53, 0x85, 5 + len(rest) + 2, 0, 0x0D)) + rest
    assert codec.find_reply(body + crc(body), 5).packet is None


@given(st.binary(max_size=600), st.integers(0, 127), st.booleans())
def test_any_bytes_are_safe(data: bytes, address: int, checked: bool) -> None:
    found = codec.find_reply(data, address, crc=checked)
    assert 0 <= found.missing <= codec.LONGEST


@given(st.binary(max_size=80), st.binary(max_size=8))
def test_a_packet_behind_noise_is_found(noise: bytes, after: bytes) -> None:
    found = codec.find_reply(noise + RAW + after, 5).packet
    assert found is not None
    assert found.code == messages.RAW or found.end <= len(noise) + 15


@given(st.integers(0, 126), st.integers(0, 3), st.integers(0x40, 0xFF), st.binary(max_size=100), st.booleans())
def test_what_is_built_can_be_read(address: int, sequence: int, code: int, data: bytes, checked: bool) -> None:
    frame = bytearray(codec.build(address, sequence, code, data, crc=checked))[1:]
    frame[1] |= 0x80
    end = -2 if checked else -1
    frame[end:] = codec.crc16(frame[:end]) if checked else codec.checksum(frame[:end])
    packet = codec.find_reply(frame, address, crc=checked).packet
    assert packet is not None
    assert (packet.sequence, packet.code, packet.data) == (sequence, code, data)


# --- meanings


@given(st.binary(max_size=80))
def test_any_data_is_safe_to_read(data: bytes) -> None:
    for read in (messages.identity, messages.capabilities, messages.local, messages.raw_bits, messages.characters):
        read(data)
    assert len(messages.levels(data)) <= 64
    assert all(key in "0123456789*#" for key in messages.keys(data) or ())


def test_keys_of_a_keypad() -> None:
    assert messages.keys(b"\x00\x05" + b"12\x7f0\x0d") == ("1", "2", "*", "0", "#")
    assert messages.keys(b"\x00\x02" + b"1") is None
    assert messages.keys(b"\x00\x02" + b"1A") == ("1",)


def test_a_number_written_by_the_reader_is_read_in_its_direction() -> None:
    assert messages.characters(b"\x00\x00\x03123") == "123"
    assert messages.characters(b"\x00\x01\x03123") == "321"
    assert messages.characters(b"\x00\x00\x0412") is None
    assert messages.characters(b"\x00\x00\x02\xff\xfe") is None


@given(st.integers(0, (1 << 24) - 1))
def test_raw_bits_of_a_card_are_the_cards(number: int) -> None:
    bits = f"{number:024b}"
    whole = f"{bits[:12].count('1') % 2}{bits}{1 - bits[12:].count('1') % 2}"
    data = b"\x00\x01\x1a\x00" + int(whole + "000000", 2).to_bytes(4, "big")
    read = messages.raw_bits(data)
    assert read == whole
    assert from_wiegand(read) == f"{number:X}"


@pytest.mark.parametrize("seconds", [0.01, 0.1, 30.0, 60.0, 6553.5, 99999.0])
def test_a_pulse_is_timed_in_16_bits(seconds: float) -> None:
    data = messages.pulse(1, seconds, on=True).data
    assert data[:2] == b"\x01\x05"
    assert int.from_bytes(data[2:], "little") == min(0xFFFF, max(1, round(seconds * 10)))


def test_a_text_is_ascii_and_short_whatever_it_is() -> None:
    data = messages.text("今日停水\n" + "x" * 50, 300).data
    assert data[:6] == bytes((0, 4, 255, 1, 1, 32))
    assert data[6:].startswith(b"?????xx")
    assert len(data) == 38


def test_no_beep_is_for_ever() -> None:
    assert messages.beep(Tone(0, 0.1, 0.1)).data[4] == 1


def test_a_key_or_a_card_is_in_no_repr() -> None:
    packet = codec.find_reply(RAW, 5).packet
    for value in (packet, messages.keyset(b"0123456789abcdef"), messages.text("1234", 1)):
        assert "data" not in repr(value)
        assert "1234" not in repr(value)
