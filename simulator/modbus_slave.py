"""The slave's side of Modbus RTU, written from the Modbus serial line specification: framing by silence, CRC, function codes.

It shares no code with drivers/. What the registers mean is the board's business (relay_board.py).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Protocol

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

READ_COILS, READ_INPUTS, READ_REGISTERS = 0x01, 0x02, 0x03
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 0x05, 0x06, 0x0F, 0x10


class ModbusError(Exception):
    """A request the device answers with an exception: `code` is the exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Registers(Protocol):
    """What a slave is asked for. Each may raise ModbusError."""

    def read_bits(self, function: int, start: int, count: int) -> Sequence[bool]: ...

    def read_registers(self, start: int, count: int) -> Sequence[int]: ...

    def write_coil(self, address: int, value: int) -> None: ...

    def write_coils(self, start: int, values: Sequence[bool]) -> None: ...

    def write_register(self, address: int, value: int) -> None: ...


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS, bit by bit as the specification draws it (polynomial A001, start FFFF)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def with_crc(body: bytes) -> bytes:
    """The frame on the wire: low byte of the CRC first."""
    return body + struct.pack("<H", crc16(body))


def body_of(frame: bytes) -> bytes | None:
    """Address, function and data of a frame whose CRC holds; None for anything else (a slave stays silent then)."""
    if not 4 <= len(frame) <= 256 or crc16(frame[:-2]) != struct.unpack("<H", frame[-2:])[0]:
        return None
    return frame[:-2]


def pack_bits(bits: Sequence[bool]) -> bytes:
    """Eight a byte, the first in bit 0."""
    packed = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        packed[place // 8] |= bit << (place % 8)
    return bytes(packed)


def answer(body: bytes, registers: Registers) -> bytes:
    """Function and data of the answer to a request's function and data (no address, no CRC)."""
    function, data = body[0], body[1:]
    try:
        return bytes([function]) + _perform(function, data, registers)
    except ModbusError as error:
        return bytes([function | 0x80, error.code])


def _perform(function: int, data: bytes, registers: Registers) -> bytes:
    if len(data) < 4:
        raise ModbusError(ILLEGAL_FUNCTION if function not in _KNOWN else ILLEGAL_VALUE)
    first, second = struct.unpack(">HH", data[:4])
    if function in {READ_COILS, READ_INPUTS}:
        _expect(1 <= second <= 2000 and len(data) == 4)
        packed = pack_bits(registers.read_bits(function, first, second))
        return bytes([len(packed)]) + packed
    if function == READ_REGISTERS:
        _expect(1 <= second <= 125 and len(data) == 4)
        values = registers.read_registers(first, second)
        return bytes([2 * len(values)]) + struct.pack(f">{len(values)}H", *values)
    if function in {WRITE_COIL, WRITE_REGISTER}:
        _expect(len(data) == 4)
        (registers.write_coil if function == WRITE_COIL else registers.write_register)(first, second)
        return data
    if function in {WRITE_COILS, WRITE_REGISTERS}:
        _write_many(function, first, second, data[4:], registers)
        return data[:4]
    raise ModbusError(ILLEGAL_FUNCTION)


def _write_many(function: int, start: int, count: int, rest: bytes, registers: Registers) -> None:
    size = (count + 7) // 8 if function == WRITE_COILS else 2 * count
    _expect(count >= 1 and len(rest) == size + 1 and rest[0] == size)
    if function == WRITE_COILS:
        registers.write_coils(start, [bool(rest[1 + place // 8] >> (place % 8) & 1) for place in range(count)])
        return
    for offset, value in enumerate(struct.unpack(f">{count}H", rest[1:])):
        registers.write_register(start + offset, value)


def _expect(held: bool) -> None:
    if not held:
        raise ModbusError(ILLEGAL_VALUE)


_KNOWN = {READ_COILS, READ_INPUTS, READ_REGISTERS, WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS}
