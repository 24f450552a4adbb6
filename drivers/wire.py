"""What the serial protocols share: CRC16-Modbus, time on the wire, a bounded receive buffer. No I/O, no clock."""

from __future__ import annotations

from typing import Literal

Parity = Literal["none", "even", "odd"]
_POLY = 0xA001
BITS_A_BYTE = 10
"""8N1: start, eight data bits, stop."""


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ _POLY if crc & 1 else crc >> 1
        rows.append(crc)
    return tuple(rows)


_TABLE = _table()


def crc16(data: bytes | bytearray | memoryview) -> bytes:
    """CRC16-Modbus (poly 0x8005 reflected, start 0xFFFF), two bytes, low byte first as both Modbus RTU and DGUS II send it."""
    crc = 0xFFFF
    table = _TABLE
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def wire_s(count: int, baud: int) -> float:
    """Seconds that `count` bytes take on a line at `baud`, 8N1."""
    return count * BITS_A_BYTE / baud


class Buffer:
    """Received bytes, at most `limit`: what came first is dropped when more arrives."""

    __slots__ = ("_data", "dropped", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    @property
    def data(self) -> bytearray:
        """The bytes themselves, to read only."""
        return self._data

    def add(self, data: bytes) -> None:
        self._data += data
        over = len(self._data) - self.limit
        if over > 0:
            self.dropped += over
            del self._data[:over]

    def drop(self, count: int) -> None:
        """Forget the first `count` bytes."""
        del self._data[:count]

    def clear(self) -> None:
        self._data.clear()
