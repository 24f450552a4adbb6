"""How soon the wire itself allows: bytes of the frames on it at its speed, and half of the exchange that runs when something comes up."""

from __future__ import annotations

from drivers.modbus import codec as modbus
from drivers.osdp import codec as osdp
from drivers.wire import wire_s
from simulator.card_reader import PrintedForm

_BLOCK = 16
"""Data of a secured OSDP frame is padded to whole AES blocks."""
_PULSE = modbus.write_single_coil(1, 0x0200, 30)
_LOOK = modbus.read_discrete_inputs(1, 0, 8)


def secured_bytes(data: int) -> int:
    """Length of a secured OSDP command that carries so many bytes of data; its mark byte included. A reply has no mark byte."""
    padded = -(-data // _BLOCK) * _BLOCK
    return len(osdp.build(0, 1, 0x60, bytes(padded), block=b"\x17" if data else b"\x15", sign=lambda _: bytes(4)))


POLL, ACK = secured_bytes(0), secured_bytes(0) - 1
CARD = secured_bytes(8) - 1
"""RAW: reader, format, count of bits, 26 bits."""
OUT = secured_bytes(4)


def osdp_card_s(baud: int) -> float:
    """A card that is shown at any moment: half of the poll that runs, then the poll that brings it."""
    return wire_s(POLL + CARD, baud) + osdp_wait_s(baud)


def osdp_wait_s(baud: int) -> float:
    return wire_s(POLL + ACK, baud) / 2


def osdp_order_s(baud: int) -> float:
    """The timed output behind the card on the same line: nothing else runs there then."""
    return wire_s(OUT, baud)


def line_card_s(form: str, baud: int) -> float:
    """A reader that speaks by itself: its line is free."""
    return wire_s(len(PrintedForm(form).line(0)), baud)


def modbus_order_s(baud: int) -> float:
    """The pulse, and half of the look at the inputs that runs."""
    return wire_s(len(_PULSE.frame), baud) + wire_s(len(_LOOK.frame) + _LOOK.reply_length, baud) / 2
