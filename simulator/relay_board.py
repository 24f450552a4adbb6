"""A Modbus relay board with inputs and its own pulse timer, after the Waveshare register map (see docs: wiring).

It knows relays and inputs; doors are wired to it elsewhere (stairwell.py). Several boards may share one line by address.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator import modbus_slave
from simulator.clockwork import Clockwork, DueAction
from simulator.line import Line
from simulator.modbus_slave import ILLEGAL_ADDRESS, ILLEGAL_VALUE, ModbusError
from simulator.trace import Trace

ALL_RELAYS = 0x00FF
FLASH_ON, FLASH_OFF = 0x0200, 0x0400
OUTPUT_MODES, BAUD, ADDRESS, VERSION = 0x1000, 0x2000, 0x4000, 0x8000
NORMAL, LINKAGE, TOGGLE, EDGE = range(4)
LC_FLASH, LC_STRIDE, LC_ON, LC_OFF = 3, 5, 0x0004, 0x0002
_BAUD_CODES = (4800, 9600, 19200, 38400, 57600, 115200, 128000, 256000)


@dataclass(frozen=True, slots=True)
class Model:
    """What distinguishes one make from another. `version` is a hundred times the version number."""

    name: str
    relays: int
    inputs: int
    version: int
    modes: bool
    """Output control modes at 0x1000: an input may drive its relay without the host, unless the mode is normal."""
    flash: str = "coil"
    """How its own pulse is asked for: by a `coil` at 0x0200 or 0x0400, by two `registers` from 3 + 5 × relay on, or not at all (`none`)."""


MODELS = {
    "lctech": Model("lctech", relays=4, inputs=4, version=0, modes=False, flash="registers"),
    "generic": Model("generic", relays=8, inputs=8, version=0, modes=False, flash="none"),
    "waveshare-d": Model("waveshare-d", relays=8, inputs=8, version=200, modes=True),
    "waveshare-io8": Model("waveshare-io8", relays=8, inputs=8, version=200, modes=True),
}


class RelayBoard:
    """A far end of a line. `switched` is called as (relay from 1, on) whenever a contact moves."""

    def __init__(self, clockwork: Clockwork, model: str, address: int, trace: Trace, name: str = "relay") -> None:
        self.name = name
        self.model = MODELS[model]
        self.address = address
        self.modes = [NORMAL] * self.model.relays
        self.inputs = [False] * self.model.inputs
        self.stuck: dict[int, bool] = {}
        """Relays (from 1) whose contact no longer moves, and how it stands."""
        self.switched: Callable[[int, bool], None] = lambda _relay, _on: None
        self.polls = 0
        self.gap_s = 0.004
        self._clockwork = clockwork
        self._trace = trace
        self._coils = [False] * self.model.relays
        self._timers: dict[int, DueAction] = {}
        self._line: Line | None = None
        self._buffer = bytearray()
        self._baud_code = 1
        self._lc_mode = 0

    def connect(self, line: Line) -> None:
        """3.5 characters of silence end a frame, but not less than 1.75 ms above 19200 baud (Modbus serial line, 2.5.1.1)."""
        self._line = line
        self.gap_s = max(3.5 * line.wire_s(1), 0.00175)
        self._baud_code = _BAUD_CODES.index(line.baud) if line.baud in _BAUD_CODES else 1

    def coil(self, relay: int) -> bool:
        return self._coils[relay - 1]

    def set_input(self, number: int, high: bool) -> None:
        """The wire at input `number` (from 1) carries current, or not any more."""
        with self._clockwork.lock:
            rose = high and not self.inputs[number - 1]
            changed = high != self.inputs[number - 1]
            self.inputs[number - 1] = high
            mode = self.modes[number - 1] if number <= len(self.modes) else NORMAL
            if mode == LINKAGE and changed:
                self._switch(number, high)
            elif (mode == TOGGLE and rose) or (mode == EDGE and changed):
                self._switch(number, not self.coil(number))

    def by_hand(self, relay: int, on: bool) -> None:
        """Somebody else than the host switches a relay (from 1): another master, a button on the board, its own start."""
        with self._clockwork.lock:
            self._stop_timer(relay)
            self._trace.add(self.name, "by-hand", f"{relay} {'on' if on else 'off'}")
            self._switch(relay, on)

    def reboot(self) -> None:
        """Power lost and returned: relays off, timers gone, modes kept (they are in the board's flash)."""
        with self._clockwork.lock:
            self._trace.add(self.name, "rebooted")
            self._buffer.clear()
            for relay in range(1, self.model.relays + 1):
                self._stop_timer(relay)
                self._switch(relay, False)

    # --- far end of a line

    def heard(self, data: bytes, now: float) -> None:
        self._buffer += data
        del self._buffer[512:]

    def quiet(self, now: float) -> None:
        frame = bytes(self._buffer)
        self._buffer.clear()
        body = modbus_slave.body_of(frame)
        if body is None:
            if frame:
                self._trace.add(self.name, "noise", frame[:32].hex(" "), now)
            return
        address, request = body[0], body[1:]
        if address not in {0, self.address}:
            return
        if request[0] in {modbus_slave.READ_COILS, modbus_slave.READ_INPUTS}:
            self.polls += 1
        else:
            self._trace.add(self.name, "frame", frame.hex(" "), now)
        reply = modbus_slave.answer(request, self)
        if (address or _answers_broadcast(request)) and self._line is not None:
            self._line.send(modbus_slave.with_crc(bytes([self.address]) + reply))

    # --- registers

    def read_bits(self, function: int, start: int, count: int) -> Sequence[bool]:
        bits = self._coils if function == modbus_slave.READ_COILS else self.inputs
        if self.model.flash == "registers":
            bits = [*bits, *[False] * (8 - len(bits))]  # it answers for eight, whatever it has
        if start + count > len(bits):
            raise ModbusError(ILLEGAL_ADDRESS)
        return bits[start : start + count]

    def read_registers(self, start: int, count: int) -> Sequence[int]:
        registers = {BAUD: self._baud_code, ADDRESS: self.address}
        if self.model.version:
            registers[VERSION] = self.model.version
        if self.model.modes:
            registers |= {OUTPUT_MODES + place: mode for place, mode in enumerate(self.modes)}
        try:
            return [registers[start + offset] for offset in range(count)]
        except KeyError:
            raise ModbusError(ILLEGAL_ADDRESS) from None

    def write_coil(self, address: int, value: int) -> None:
        relays = self.model.relays
        if address == ALL_RELAYS:
            targets = range(1, relays + 1)
        elif address < relays:
            targets = range(address + 1, address + 2)
        elif self.model.flash != "coil":
            raise ModbusError(ILLEGAL_ADDRESS)
        elif FLASH_ON <= address < FLASH_ON + relays:
            return self._flash(address - FLASH_ON + 1, True, value)
        elif FLASH_OFF <= address < FLASH_OFF + relays:
            return self._flash(address - FLASH_OFF + 1, False, value)
        else:
            raise ModbusError(ILLEGAL_ADDRESS)
        if value not in {0xFF00, 0x0000, 0x5500}:
            raise ModbusError(ILLEGAL_VALUE)
        for relay in targets:
            self._stop_timer(relay)
            self._switch(relay, not self.coil(relay) if value == 0x5500 else value == 0xFF00)
        return None

    def write_coils(self, start: int, values: Sequence[bool]) -> None:
        if start + len(values) > self.model.relays:
            raise ModbusError(ILLEGAL_ADDRESS)
        for place, on in enumerate(values):
            self._stop_timer(start + place + 1)
            self._switch(start + place + 1, on)

    def write_register(self, address: int, value: int) -> None:
        place, part = divmod(address - LC_FLASH, LC_STRIDE)
        if self.model.flash == "registers" and 0 <= place < self.model.relays and part in {0, 1}:
            if part == 0:
                self._lc_mode = value
            elif self._lc_mode in {LC_ON, LC_OFF}:
                self._flash(place + 1, self._lc_mode == LC_ON, value)
        elif self.model.modes and OUTPUT_MODES <= address < OUTPUT_MODES + self.model.relays:
            if value > EDGE:
                raise ModbusError(ILLEGAL_VALUE)
            self.modes[address - OUTPUT_MODES] = value
        elif address == ADDRESS and 1 <= value <= 255:
            self.address = value
        elif address == BAUD and (value & 0xFF) < len(_BAUD_CODES) and value >> 8 <= 2:
            self._baud_code = value & 0xFF  # in force after the next power-up
        else:
            raise ModbusError(ILLEGAL_ADDRESS if address not in {ADDRESS, BAUD} else ILLEGAL_VALUE)

    # --- relays

    def _flash(self, relay: int, on: bool, tenths: int) -> None:
        """On (or off) for `tenths` of a second, then back: the board's own timer, which needs no host."""
        if tenths == 0:
            raise ModbusError(ILLEGAL_VALUE)
        self._stop_timer(relay)
        self._trace.add(self.name, "pulse", f"{relay} {'on' if on else 'off'} {tenths / 10:.1f}")
        self._switch(relay, on)

        def end() -> None:
            self._timers.pop(relay, None)
            self._trace.add(self.name, "pulse-ended", str(relay))
            self._switch(relay, not on)

        self._timers[relay] = self._clockwork.at(time.monotonic() + tenths / 10, end)

    def _stop_timer(self, relay: int) -> None:
        timer = self._timers.pop(relay, None)
        if timer is not None:
            timer.cancel()

    def _switch(self, relay: int, on: bool) -> None:
        on = self.stuck.get(relay, on)
        if self._coils[relay - 1] == on:
            return
        self._coils[relay - 1] = on
        self._trace.add(self.name, "relay", f"{relay} {'on' if on else 'off'}")
        self.switched(relay, on)


def _answers_broadcast(request: bytes) -> bool:
    """The board answers its service registers on address 0 too, so that a lost address can be found with one board on the line."""
    if request[0] not in {modbus_slave.READ_REGISTERS, modbus_slave.WRITE_REGISTER} or len(request) < 3:
        return False
    return struct.unpack(">H", request[1:3])[0] in {ADDRESS, BAUD}
