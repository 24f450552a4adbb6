"""A relay board's line in simulated time, and orders to it."""

from __future__ import annotations

from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.reports import (
    PulseOutput,
)
from tests.drivers.bus import Board, Bus

PULSE = bytes.fromhex("01 05 02 00 00 1E 4C 7A")


def line(board: Board, model: str = "waveshare-d", baud: int = 9600, poll_ms: int = 50) -> Bus:
    session = ModbusLine([("relay", BoardOptions(1, model, poll_ms))], baud)
    return Bus(session, board, baud)


def pulse(bus: Bus, number: int = 1, order: int = 1, within: float = 1.0, device: str = "relay") -> None:
    bus.session.order(PulseOutput(device, number, True, 3.0, order, bus.now + within), bus.now)


def frames(bus: Bus, function: int = 5) -> list[tuple[float, bytes]]:
    return [(when, frame) for when, frame in bus.written if frame[1] == function]
