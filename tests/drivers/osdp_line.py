"""OSDP readers in simulated time: the simulator's peripheral, written apart from the driver, at the end of a Bus."""

from __future__ import annotations

from collections.abc import Callable

from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.reports import PulseOutput, SecurityAlarm
from simulator.osdp_reader import Peripheral, crc
from tests.drivers.bus import Bus

KEY = bytes.fromhex("8A1F33C7E05B9D4268F70E91BC25A6D3")
OTHER_KEY = bytes.fromhex("17D9402BE88C63F15A3E97C4012FB67D")
CARD = 12345678
CARD_HEX = "BC614E"

Tamperer = Callable[[bytes, bytes], bytes]
"""From a command and the honest reply to what arrives instead."""


class Wire:
    """Several peripherals on one line. `between` may change what comes back; `alive` False is a cut wire."""

    def __init__(self, *peripherals: Peripheral) -> None:
        self.peripherals = peripherals
        self.between: Tamperer = lambda frame, reply: reply
        self.alive = True
        self.frames: list[bytes] = []

    def __call__(self, frame: bytes, now: float) -> bytes:
        if not self.alive:
            return b""
        self.frames.append(frame)
        reply = b"".join(each.answer(frame, now) for each in self.peripherals)
        return self.between(frame, reply)


def line(wire: Wire, *, baud: int = 115200, **options) -> Bus:
    """A controller for all of them, called card0, card1 …; `options` go to each."""
    given = {"key": KEY.hex(), "outputs": 2, **options}
    devices = [(f"card{each.address}", ReaderOptions(address=each.address, **given)) for each in wire.peripherals]
    bus = Bus(OsdpLine(devices, baud), wire, baud)
    bus.open()
    return bus


def up(wire: Wire | None = None, **options) -> tuple[Bus, Wire]:
    """A line whose readers are all found; facts so far forgotten."""
    wire = wire or Wire(Peripheral(KEY))
    bus = line(wire, **options)
    bus.run(1.0)
    bus.found = bus.facts[:]
    bus.facts.clear()
    return bus, wire


def pulse(bus: Bus, order: int = 1, *, device: str = "card0", within: float = 1.0, seconds: float = 3.0) -> None:
    bus.session.order(PulseOutput(device, 1, True, seconds, order, bus.now + within), bus.now)


def alarms(bus: Bus) -> list[str]:
    return [fact.what for fact in bus.of(SecurityAlarm)]


def plain(code: int, data: bytes = b"", *, address: int = 0, sequence: int = 0, shield: bytes = b"") -> bytes:
    """A reply as anybody on the wire can make it."""
    shield = bytes((len(shield) + 1,)) + shield if shield else b""
    length = 5 + len(shield) + 1 + len(data) + 2
    control = sequence | 4 | (8 if shield else 0)
    body = bytes((0x53, address | 0x80)) + length.to_bytes(2, "little") + bytes((control,)) + shield
    body += bytes((code,)) + data
    return body + crc(body)


def code_of(frame: bytes) -> int:
    """The command in a frame that is not secured, or is only said to be."""
    frame = frame.removeprefix(b"\xff")
    return frame[5 + frame[5]] if frame[4] & 8 else frame[5]


def sequence_of(frame: bytes) -> int:
    return frame.removeprefix(b"\xff")[4] & 3


def secured(frame: bytes) -> bool:
    frame = frame.removeprefix(b"\xff")
    return bool(frame[4] & 8) and frame[6] in {0x15, 0x17}
