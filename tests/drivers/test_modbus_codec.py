"""Frames byte for byte against the vendor's, and against pymodbus' own encoder; any bytes are safe to search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from drivers.modbus import codec
from drivers.modbus.models import MODELS
from drivers.wire import Buffer, crc16
from tests.drivers import bus
from tests.vectors import modbus_rtu

FLASH = MODELS["waveshare-d"].pulse
BUILT = {
    "relay 1 on": codec.write_single_coil(1, 0, codec.COIL_ON),
    "relay 1 off": codec.write_single_coil(1, 0, codec.COIL_OFF),
    "pulse on 3.0 s": FLASH.request(1, 0, True, 3.0),
    "pulse on 0.7 s": FLASH.request(1, 0, True, 0.7),
    "pulse off 0.7 s": FLASH.request(1, 0, False, 0.7),
    "read 8 relays": codec.read_coils(1, 0, 8),
    "read 8 inputs": codec.read_discrete_inputs(1, 0, 8),
    "write 8 relays": codec.write_multiple_coils(1, 0, (True,) * 8),
    "set address 2": codec.write_single_register(0, 0x4000, 2),
    "read address": codec.read_holding_registers(0, 0x4000, 1),
    "set 115200": codec.write_single_register(0, 0x2000, 5),
    "read version": codec.read_holding_registers(1, 0x8000, 1),
}


@pytest.mark.parametrize("name", modbus_rtu.REQUESTS)
def test_requests_are_the_vendors_bytes(name: str) -> None:
    assert BUILT[name].frame == bytes.fromhex(modbus_rtu.REQUESTS[name][0])


@given(st.binary(max_size=300))
def test_crc_is_that_of_two_other_implementations(data: bytes) -> None:
    assert crc16(data) == bus.crc(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


def test_reply_of_inputs() -> None:
    reply = codec.find_reply(codec.read_discrete_inputs(1, 0, 8), bytes.fromhex(modbus_rtu.INPUTS_REPLY[0]))
    assert reply is not None
    assert codec.bits(reply.data, 8) == (True, False, True, False, False, False, False, True)


def test_registers_and_their_replies() -> None:
    request = codec.write_multiple_registers(255, 3, (4, 30))
    assert request.frame == bus.closed(bytes.fromhex("FF 10 00 03 00 02 04 00 04 00 1E"))
    reply = codec.find_reply(request, bus.closed(bytes.fromhex("FF 10 00 03 00 02")))
    assert reply is not None
    read = codec.read_holding_registers(1, 0x1000, 2)
    found = codec.find_reply(read, bus.closed(bytes.fromhex("01 03 04 00 01 00 03")))
    assert found is not None
    assert codec.words(found.data) == (1, 3)


def test_exceptions_are_replies() -> None:
    found = codec.find_reply(codec.read_coils(1, 0, 8), bus.closed(bytes.fromhex("01 81 02")))
    assert found is not None
    assert found.exception == 2
    assert codec.find_reply(codec.read_coils(1, 0, 8), bus.closed(bytes.fromhex("01 82 02"))) is None


def test_a_pulse_is_answered_by_its_address_with_its_value_or_as_on() -> None:
    request = FLASH.request(1, 0, True, 0.7)
    assert codec.find_reply(request, request.frame)
    assert codec.find_reply(request, bus.closed(bytes.fromhex("01 05 02 00 FF 00")))
    assert codec.find_reply(request, bus.closed(bytes.fromhex("01 05 00 00 FF 00"))) is None
    assert codec.find_reply(request, bus.closed(bytes.fromhex("01 05 02 00 00 08"))) is None
    off = codec.write_single_coil(1, 0, codec.COIL_OFF)
    assert codec.find_reply(off, bus.closed(bytes.fromhex("01 05 00 00 FF 00"))) is None


@pytest.mark.parametrize(("seconds", "units"), [(0.01, 1), (0.14, 1), (3.0, 30), (60.0, 600)])
def test_pulse_units(seconds: float, units: int) -> None:
    assert FLASH.request(1, 2, True, seconds).value == units


@given(st.binary(max_size=80), st.binary(max_size=80), st.integers(0, 255))
def test_a_reply_is_found_in_noise(before: bytes, after: bytes, level: int) -> None:
    request = codec.read_coils(7, 0, 8)
    frame = bus.closed(bytes((7, 1, 1, level)))
    found = codec.find_reply(request, before + frame + after)
    assert found is not None
    assert found.start <= len(before)
    if found.start == len(before):
        assert found.data == bytes((level,))


@given(st.sampled_from(list(BUILT.values())), st.binary(max_size=300))
def test_any_bytes_are_safe_and_only_a_frame_is_found(request_: codec.Request, data: bytes) -> None:
    found = codec.find_reply(request_, data)
    if found is not None:
        frame = data[found.start : found.end]
        assert bus.crc(frame[:-2]) == frame[-2:]
        assert frame[0] == request_.unit
        assert frame[1] & 0x7F == request_.function


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_the_buffer_is_bounded(portions: list[bytes]) -> None:
    buffer = Buffer(64)
    for portion in portions:
        buffer.add(portion)
        assert len(buffer) <= 64
    whole = b"".join(portions)
    assert bytes(buffer.data) == whole[-64:]
    assert buffer.dropped == max(0, len(whole) - 64)
