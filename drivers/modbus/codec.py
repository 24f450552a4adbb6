"""Modbus RTU frames: requests built, replies found in received bytes. No state, no time.

Names and layouts follow the MODBUS Application Protocol Specification V1.1b3, section 6; the serial gap its serial line guide, 2.5.1.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from contract.frozen import frozen
from drivers.wire import crc16, wire_s

READ_COILS = 0x01
READ_DISCRETE_INPUTS = 0x02
READ_HOLDING_REGISTERS = 0x03
READ_INPUT_REGISTERS = 0x04
WRITE_SINGLE_COIL = 0x05
WRITE_SINGLE_REGISTER = 0x06
WRITE_MULTIPLE_COILS = 0x0F
WRITE_MULTIPLE_REGISTERS = 0x10

READS = frozenset({READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS})
COIL_ON = 0xFF00
COIL_OFF = 0x0000
BUSY = frozenset({0x05, 0x06})
"""Exceptions that mean "not now": acknowledge, server device busy."""

MAX_FRAME = 256
EXCEPTION_LENGTH = 5
TURNAROUND_S = 0.1
"""Longest time a board and its adapter may think: a board answers within 10-20 ms, an FTDI adapter adds 16 ms each way."""


@frozen
class Request:
    """`frame` is complete with CRC; `reply_length` is that of the normal reply, CRC included. Looks at a board are made once: see board.py."""

    unit: int
    function: int
    start: int
    value: int
    """Count of a read or of a multiple write; value of a single write."""
    frame: bytes
    reply_length: int


class ModbusReply(NamedTuple):
    """`data`: the bytes after the byte count of a read, or the four echoed bytes of a write. `exception` is 0 for a normal reply."""

    start: int
    """Where in the received bytes the frame begins."""
    end: int
    data: bytes
    exception: int = 0


def _word(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _request(unit: int, function: int, start: int, value: int, more: bytes, reply_length: int) -> Request:
    body = bytes((unit, function)) + _word(start) + _word(value) + more
    return Request(unit, function, start, value, body + crc16(body), reply_length)


def read_coils(unit: int, start: int, count: int) -> Request:
    return _request(unit, READ_COILS, start, count, b"", 5 + (count + 7) // 8)


def read_discrete_inputs(unit: int, start: int, count: int) -> Request:
    return _request(unit, READ_DISCRETE_INPUTS, start, count, b"", 5 + (count + 7) // 8)


def read_holding_registers(unit: int, start: int, count: int) -> Request:
    return _request(unit, READ_HOLDING_REGISTERS, start, count, b"", 5 + 2 * count)


def read_input_registers(unit: int, start: int, count: int) -> Request:
    return _request(unit, READ_INPUT_REGISTERS, start, count, b"", 5 + 2 * count)


def write_single_coil(unit: int, start: int, value: int) -> Request:
    """`value` is the raw word: 0xFF00, 0x0000, or what a board's timed pulse wants there."""
    return _request(unit, WRITE_SINGLE_COIL, start, value, b"", 8)


def write_single_register(unit: int, start: int, value: int) -> Request:
    return _request(unit, WRITE_SINGLE_REGISTER, start, value, b"", 8)


def write_multiple_coils(unit: int, start: int, levels: tuple[bool, ...]) -> Request:
    packed = pack_bits(levels)
    return _request(unit, WRITE_MULTIPLE_COILS, start, len(levels), bytes((len(packed),)) + packed, 8)


def write_multiple_registers(unit: int, start: int, values: tuple[int, ...]) -> Request:
    data = b"".join(_word(value) for value in values)
    return _request(unit, WRITE_MULTIPLE_REGISTERS, start, len(values), bytes((len(data),)) + data, 8)


def pack_bits(levels: tuple[bool, ...]) -> bytes:
    """First level in the lowest bit of the first byte."""
    number = sum(1 << place for place, level in enumerate(levels) if level)
    return number.to_bytes((len(levels) + 7) // 8, "little")


@lru_cache(256)
def bits(data: bytes, count: int) -> tuple[bool, ...]:
    """A board's answers are few and come over and over."""
    number = int.from_bytes(data, "little")
    return tuple(bool(number >> place & 1) for place in range(count))


def words(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))


def gap_s(baud: int) -> float:
    """Silence between frames: 3.5 characters of 11 bits, 1.75 ms fixed above 19200 baud."""
    return max(0.00175, 38.5 / baud)


def timeout_s(request: Request, baud: int) -> float:
    """From handing the request to the line until its reply counts as missing."""
    return wire_s(len(request.frame) + request.reply_length, baud) + TURNAROUND_S


def find_reply(request: Request, data: bytes | bytearray, begin: int = 0) -> ModbusReply | None:
    """The first frame in `data` from `begin` on that answers `request` and whose CRC holds; noise before it is passed over.

    An own request that the adapter echoed is no reply to a read (its shape differs). To a single write it is one, byte for byte:
    the caller passes it over with `begin`.
    """
    at = data.find(request.unit, begin)
    while at >= 0:
        reply = _reply_at(request, data, at)
        if reply is not None:
            return reply
        at = data.find(request.unit, at + 1)
    return None


def _reply_at(request: Request, data: bytes | bytearray, at: int) -> ModbusReply | None:
    if at + EXCEPTION_LENGTH > len(data):
        return None
    function = data[at + 1]
    if function == request.function | 0x80:
        end = at + EXCEPTION_LENGTH
        code = data[at + 2]
        if code and _crc_holds(data, at, end):
            return ModbusReply(at, end, b"", code)
        return None
    end = at + request.reply_length
    if function != request.function or end > len(data) or not _shape_holds(request, data, at):
        return None
    if not _crc_holds(data, at, end):
        return None
    begin = at + 3 if function in READS else at + 2
    return ModbusReply(at, end, bytes(data[begin : end - 2]))


def _shape_holds(request: Request, data: bytes | bytearray, at: int) -> bool:
    if request.function in READS:
        return data[at + 2] == request.reply_length - 5
    if data[at + 2 : at + 4] != _word(request.start):
        return False
    value = int.from_bytes(data[at + 4 : at + 6], "big")
    if value == request.value:
        return True
    # Servers that know only booleans give a pulse's value back as "on". The address, which says pulse, is still compared.
    return request.function == WRITE_SINGLE_COIL and request.value != COIL_OFF and value == COIL_ON


def _crc_holds(data: bytes | bytearray, begin: int, end: int) -> bool:
    return crc16(data[begin : end - 2]) == data[end - 2 : end]
