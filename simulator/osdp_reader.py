"""A card reader with keypad that speaks OSDP: Secure Channel, two relays timed by itself, contacts, light, buzzer, a line of text.

`Peripheral` answers frames and knows no line; `OsdpReader` is the far end of one. Written from the wire format, with nothing of the controller's.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum

from simulator.card_reader import wiegand26
from simulator.clockwork import Clockwork
from simulator.line import Line
from simulator.osdp_secure import FACTORY_KEY, ReaderSession
from simulator.trace import Trace


class ReaderCommand(IntEnum):
    POLL, ID, CAP, LSTAT, ISTAT, OSTAT = 0x60, 0x61, 0x62, 0x64, 0x65, 0x66
    OUT, LED, BUZ, TEXT, COMSET, KEYSET, CHLNG, SCRYPT = 0x68, 0x69, 0x6A, 0x6B, 0x6E, 0x75, 0x76, 0x77


PLAIN = frozenset({ReaderCommand.ID, ReaderCommand.CAP, ReaderCommand.CHLNG, ReaderCommand.SCRYPT})
"""All that may be said outside a session."""
ACK, NAK, PDID, PDCAP, LSTATR, ISTATR, OSTATR = 0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A
RAW, KEYPAD, COM, CCRYPT, RMAC_I = 0x50, 0x53, 0x54, 0x76, 0x78
COLOURS = ("dark", "red", "green", "amber", "blue")
IDENTITY = bytes.fromhex("D00BA7 07 01 15CD5B07 010203")
"""Vendor, model, version, serial number 123456789, firmware 1.2.3."""
ABILITIES = bytes.fromhex("010102 020402 030101 040101 050101 060101 080100 090101 0A8000")
SESSION_S = 8.0
"""A reader that hears nothing for so long forgets its session."""


def crc(data: bytes) -> bytes:
    """CRC-16, polynomial 1021, start 1D0F, bit by bit; low byte first."""
    value = 0x1D0F
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return bytes((value & 0xFF, value >> 8))


class Peripheral:
    """`key` None: straight from the factory, it takes the key that everybody knows. `secure_only`: nothing but the first words in plain.

    Controls are plain attributes; `did(what, value)` hears of everything that it was told to do.
    """

    def __init__(
        self, key: bytes | None, address: int = 0, *, secure_only: bool = True, installing: bool = False
    ) -> None:
        self.key = key
        self.address = address
        self.secure_only = secure_only
        self.installing = installing or key is None
        self.abilities = ABILITIES
        self.tamper = self.power_fails = False
        self.inputs = [False, False]
        self.outputs = [False, False]
        self.until: dict[int, float] = {}
        self.events: deque[tuple[int, bytes]] = deque()
        self.polls = 0
        self.refuse: set[int] = set()
        """Commands it answers with a refusal."""
        self.did: Callable[[str, str], None] = lambda what, value: None
        self.switched: Callable[[int, bool], None] = lambda number, on: None
        self.pulsed: Callable[[float], None] = lambda end: None
        """A pulse was begun that must be ended (`expire`) at this moment."""
        self.reboot()

    def reboot(self) -> None:
        """Power lost and returned."""
        self._session: ReaderSession | None = None
        self._sequence = -1
        self._last: tuple[bytes, bytes] = (b"", b"")
        self._heard_at = 0.0
        for number in (0, 1):
            self.until.pop(number, None)
            self._switch(number, False)

    @property
    def secured(self) -> bool:
        return self._session is not None and self._session.proven

    # --- hands

    def present(self, number: int) -> None:
        """A card of 26 bits."""
        bits = wiegand26(number)
        self.events.append((RAW, b"\x00\x01" + len(bits).to_bytes(2, "little") + _packed(bits)))

    def press(self, keys: str) -> None:
        codes = bytes({"*": 0x7F, "#": 0x0D}.get(key, ord(key)) for key in keys)
        self.events.append((KEYPAD, b"\x00" + bytes((len(codes),)) + codes))

    def open_case(self, opened: bool = True) -> None:
        self.tamper = opened
        self.events.append((LSTATR, self._own()))

    # --- frames

    def answer(self, frame: bytes, now: float) -> bytes:
        """The reply to one whole frame (with or without its mark byte); nothing to what is not for this reader or broken."""
        frame = frame.removeprefix(b"\xff")
        self._let_pass(now)
        if len(frame) < 8 or frame[1] != self.address or not frame[4] & 4:
            return b""
        if crc(frame[:-2]) != frame[-2:]:
            return b""
        sequence = frame[4] & 3
        if sequence and sequence == self._sequence and frame == self._last[0]:
            return self._last[1]
        if sequence == 0:
            self._session = None
        elif sequence != self._sequence % 3 + 1:
            return self._reply(NAK, b"\x04", sequence)
        self._sequence = sequence
        reply = self._judge(frame, sequence, now)
        self._last = (frame, reply)
        return reply

    def _judge(self, frame: bytes, sequence: int, now: float) -> bytes:
        shield = frame[5 : 5 + frame[5]] if frame[4] & 8 else b""
        body = frame[5 + len(shield) : -2]
        kind = shield[1] if shield else 0
        if kind in {0x15, 0x17}:
            session = self._session
            if session is None or not session.proven:
                return self._reply(NAK, b"\x06", sequence)
            mac = session.mac(frame[:-6], session.reply_mac)
            if mac[:4] != frame[-6:-2]:
                self._session = None
                return self._reply(NAK, b"\x06", sequence)
            session.command_mac = mac
            body = body[:-4]
            data = session.decrypt(body[1:]) if kind == 0x17 else body[1:]
            return self._reply(*self._obey(body[0], data, now), sequence)
        if self.secured or (self.secure_only and body[0] not in PLAIN):
            self._session = None
            return self._reply(NAK, b"\x06", sequence)
        if kind in {0x11, 0x13}:
            return self._handshake(kind, shield[2], body, sequence)
        return self._reply(*self._obey(body[0], body[1:], now), sequence)

    def _handshake(self, kind: int, which: int, body: bytes, sequence: int) -> bytes:
        if kind == 0x11:
            if which == 0 and not self.installing:
                return self._reply(NAK, b"\x05", sequence)
            base = self.key if which else FACTORY_KEY
            if base is None:
                return self._reply(NAK, b"\x05", sequence)
            own = os.urandom(8)
            self._session = ReaderSession(base, body[1:9], own)
            self.did("challenged", "own key" if which else "factory key")
            return self._reply(CCRYPT, IDENTITY[:8] + own + self._session.cryptogram, sequence, bytes((0x12, which)))
        if self._session is None:
            return self._reply(NAK, b"\x05", sequence)
        first = self._session.prove(body[1:17])
        if first is None:
            self._session = None
            return self._reply(NAK, b"\x05", sequence)
        self._session.proven = False  # what says so is still in plain
        reply = self._reply(RMAC_I, first, sequence, b"\x14\x01")
        self._session.proven = True
        self.did("session", "own key" if which else "factory key")
        return reply

    def _reply(self, code: int, data: bytes, sequence: int, shield: bytes = b"") -> bytes:
        session = self._session if self.secured else None
        if session is not None:
            shield = b"\x18" if data else b"\x16"
            data = session.encrypt(data) if data else b""
        if shield:
            shield = bytes((len(shield) + 1,)) + shield
        length = 5 + len(shield) + 1 + len(data) + (4 if session else 0) + 2
        control = sequence | 4 | (8 if shield else 0)
        body = b"\x53" + bytes((self.address | 0x80,)) + length.to_bytes(2, "little") + bytes((control,))
        body += shield + bytes((code,)) + data
        if session is not None:
            session.reply_mac = session.mac(body, session.command_mac)
            body += session.reply_mac[:4]
        return body + crc(body)

    # --- commands

    def _obey(self, code: int, data: bytes, now: float) -> tuple[int, bytes]:
        if code in self.refuse:
            return NAK, b"\x03"
        match code:
            case ReaderCommand.POLL:
                self.polls += 1
                return self.events.popleft() if self.events else (ACK, b"")
            case ReaderCommand.ID:
                return PDID, IDENTITY
            case ReaderCommand.CAP:
                return PDCAP, self.abilities
            case ReaderCommand.LSTAT:
                return LSTATR, self._own()
            case ReaderCommand.ISTAT:
                return ISTATR, bytes(self.inputs)
            case ReaderCommand.OSTAT:
                return OSTATR, bytes(self.outputs)
            case ReaderCommand.OUT if len(data) == 4 and data[0] < len(self.outputs):
                self._drive(data[0], data[1], int.from_bytes(data[2:], "little"), now)
                return ACK, b""
            case ReaderCommand.KEYSET if self.secured and data[:2] == b"\x01\x10" and len(data) == 18:
                self.key, self.installing = data[2:], False
                self.did("keyset", "")
                return ACK, b""
            case _:
                return self._show(code, data)

    def _show(self, code: int, data: bytes) -> tuple[int, bytes]:
        match code:
            case ReaderCommand.LED if len(data) == 14:
                self.did("light", f"{COLOURS[data[5] % 5]} {int.from_bytes(data[7:9], 'little') / 10:.1f}")
            case ReaderCommand.BUZ if len(data) == 5:
                self.did("beeps", f"{data[4]} {data[2]}/{data[3]}")
            case ReaderCommand.TEXT if len(data) >= 6:
                self.did("text", data[6 : 6 + data[5]].decode("ascii", "replace"))
            case ReaderCommand.COMSET if len(data) == 5:
                self.did("comset", f"{data[0]} {int.from_bytes(data[1:], 'little')}")
                return COM, data
            case _:
                return NAK, b"\x03"
        return ACK, b""

    def _own(self) -> bytes:
        return bytes((self.tamper, self.power_fails))

    def _drive(self, number: int, control: int, tenths: int, now: float) -> None:
        """Control 1 off, 2 on, for good; 5 on, 6 off, for a time, then back."""
        self.until.pop(number, None)
        if control in {5, 6} and tenths:
            self.did("pulse", f"{number + 1} {'on' if control == 5 else 'off'} {tenths / 10:.1f}")
            self.until[number] = now + tenths / 10
            self.pulsed(self.until[number])
        if control in {1, 2, 5, 6}:
            self._switch(number, control in {2, 5})

    def _let_pass(self, now: float) -> None:
        if now - self._heard_at > SESSION_S:
            self._session = None
        self._heard_at = now
        self.expire(now)

    def expire(self, now: float) -> None:
        """Pulses whose time is over end."""
        for number, end in list(self.until.items()):
            if end <= now:
                del self.until[number]
                self._switch(number, not self.outputs[number])

    def _switch(self, number: int, on: bool) -> None:
        if self.outputs[number] != on:
            self.outputs[number] = on
            self.switched(number + 1, on)


class OsdpReader:
    """A far end of a line. Several may hang on one; each hears all of it."""

    gap_s = 0.02
    think_s = 0.001

    def __init__(self, clockwork: Clockwork, peripheral: Peripheral, trace: Trace, name: str = "reader") -> None:
        self.name = name
        self.peripheral = peripheral
        self._clockwork = clockwork
        self._trace = trace
        self._line: Line | None = None
        self._buffer = bytearray()
        peripheral.did = lambda what, value: trace.add(name, what, value)
        peripheral.switched = lambda number, on: trace.add(name, "relay", f"{number} {'on' if on else 'off'}")
        peripheral.pulsed = self._end_pulse_at

    def connect(self, line: Line) -> None:
        self._line = line

    def heard(self, data: bytes, now: float) -> None:
        self._buffer += data
        while True:
            start = self._buffer.find(0x53)
            if start < 0 or len(self._buffer) < start + 5:
                break
            length = self._buffer[start + 2] | self._buffer[start + 3] << 8
            if not 8 <= length <= 256:
                del self._buffer[: start + 1]
                continue
            if len(self._buffer) < start + length:
                break
            frame = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length if crc(frame[:-2]) == frame[-2:] else start + 1]
            self._say(self.peripheral.answer(frame, now))
        del self._buffer[:-512]

    def quiet(self, now: float) -> None:
        self._buffer.clear()

    def _say(self, reply: bytes) -> None:
        if reply and self._line is not None:
            self._line.send(reply, self.think_s)

    def _end_pulse_at(self, end: float) -> None:
        self._clockwork.at(end, lambda: self.peripheral.expire(end))

    # --- hands

    def tap(self, number: int, held_s: float = 0.0) -> float:
        """Show card `number`: the reader tells it at the next poll. Returns the moment it was shown."""
        with self._clockwork.lock:
            self._trace.add(self.name, "card", "shown")
            self.peripheral.present(number)
        return time.monotonic()

    def press(self, keys: str) -> None:
        with self._clockwork.lock:
            self._trace.add(self.name, "keys", str(len(keys)))
            self.peripheral.press(keys)

    def open_case(self, opened: bool = True) -> None:
        with self._clockwork.lock:
            self.peripheral.open_case(opened)

    def reboot(self) -> None:
        with self._clockwork.lock:
            self._trace.add(self.name, "rebooted")
            self._buffer.clear()
            self.peripheral.reboot()


def _packed(bits: str) -> bytes:
    whole = bits + "0" * (-len(bits) % 8)
    return int(whole, 2).to_bytes(len(whole) // 8, "big")
