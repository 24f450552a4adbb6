"""What controller and reader say to each other: commands built, replies read. Codes and layouts of IEC 60839-11-5, clauses 6 and 7. No state."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import field

from contract.frozen import frozen
from drivers.tones import Tone

# Commands (table 1)
POLL, ID, CAP = 0x60, 0x61, 0x62
LSTAT, ISTAT, OSTAT = 0x64, 0x65, 0x66
OUT, LED, BUZ, TEXT = 0x68, 0x69, 0x6A, 0x6B
COMSET, KEYSET, CHLNG, SCRYPT = 0x6E, 0x75, 0x76, 0x77

# Replies (table 2)
ACK, NAK, PDID, PDCAP = 0x40, 0x41, 0x45, 0x46
LSTATR, ISTATR, OSTATR = 0x48, 0x49, 0x4A
RAW, FMT, KEYPAD, COM = 0x50, 0x51, 0x53, 0x54
CCRYPT, RMAC_I, BUSY = 0x76, 0x78, 0x79

PERSONAL = frozenset({RAW, FMT, KEYPAD, 0x57, 0x58})
"""Replies that say something of a person: cards, keys, fingerprints."""

NAK_CHECK = 1
"""The reader did not get our packet whole."""
NAK_WORDS: Mapping[int, str] = {
    1: "check",
    2: "length",
    3: "unknown command",
    4: "sequence",
    5: "security block",
    6: "encryption required",
}

CONTACTS, OUTPUTS, LEDS, BUZZER, DISPLAY, SECURITY = 1, 2, 4, 5, 6, 9
"""Function codes of PDCAP (annex B)."""

MAX_TENTHS = 0xFFFF
MAX_TEXT = 32
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400)


@frozen
class Message:
    """A command's code and data. The data may be a key, so it is in no repr."""

    code: int
    data: bytes = field(default=b"", repr=False)


ASK_POLL = Message(POLL)
ASK_ID = Message(ID, b"\0")
ASK_CAP = Message(CAP, b"\0")
ASK_LOCAL = Message(LSTAT)
ASK_INPUTS = Message(ISTAT)
ASK_OUTPUTS = Message(OSTAT)


def pulse(output: int, seconds: float, *, on: bool) -> Message:
    """Output `output` (from 0) on, or off, for `seconds`, timed by the reader itself; then back. Code 5 and 6, in 100 ms."""
    tenths = min(MAX_TENTHS, max(1, round(seconds * 10)))
    return Message(OUT, struct.pack("<BBH", output, 5 if on else 6, tenths))


def level(output: int, *, on: bool) -> Message:
    """Output `output` (from 0) on or off for good; ends a running pulse. Code 2 and 1."""
    return Message(OUT, struct.pack("<BBH", output, 2 if on else 1, 0))


@frozen
class LedState:
    """For `seconds`; `off_tenths` 0 shines steadily. Colours: 0 dark, 1 red, 2 green, 3 amber, 4 blue."""

    colour: int
    seconds: float
    on_tenths: int = 10
    off_tenths: int = 0

    def message(self) -> Message:
        temporary = struct.pack("<BBBBBH", 2, self.on_tenths, self.off_tenths, self.colour, 0, round(self.seconds * 10))
        return Message(LED, bytes((0, 0)) + temporary + bytes(5))


def beep(tone: Tone) -> Message:
    """The default tone, on and off in 100 ms, at least one of each. Never endless: no beeps at all would be."""
    on, off = (max(1, min(255, round(10 * seconds))) for seconds in (tone.on_s, tone.off_s))
    return Message(BUZ, bytes((0, 2, on, off, max(1, tone.beeps))))


def text(words: str, seconds: int) -> Message:
    """The first 32 characters on the first line, wrapped; what is not ASCII becomes `?`. `seconds` 0: until the next."""
    plain = words.encode("ascii", "replace")[:MAX_TEXT]
    plain = bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in plain)
    seconds = max(0, min(255, seconds))
    return Message(TEXT, bytes((0, 4 if seconds else 2, seconds, 1, 1, len(plain))) + plain)


def keyset(key: bytes) -> Message:
    return Message(KEYSET, bytes((1, len(key))) + key)


def comset(address: int, baud: int) -> Message:
    return Message(COMSET, struct.pack("<BI", address, baud))


# --- replies; each gives None where the data is not of its shape


@frozen
class ReaderIdentity:
    """PDID: who made the reader, which it is."""

    vendor: str
    model: int
    version: int
    serial: int
    firmware: str

    def __str__(self) -> str:
        return (
            f"vendor {self.vendor} model {self.model}.{self.version} firmware {self.firmware} serial {self.serial:08X}"
        )


def identity(data: bytes) -> ReaderIdentity | None:
    if len(data) < 12:
        return None
    firmware = f"{data[9]}.{data[10]}.{data[11]}"
    return ReaderIdentity(data[:3].hex().upper(), data[3], data[4], int.from_bytes(data[5:9], "little"), firmware)


Capabilities = Mapping[int, tuple[int, int]]
"""By function code: compliance level and number of items."""


def capabilities(data: bytes) -> Capabilities | None:
    if len(data) % 3:
        return None
    return {data[at]: (data[at + 1], data[at + 2]) for at in range(0, len(data), 3)}


def secure(able: Capabilities) -> bool:
    """Whether the reader says that it speaks Secure Channel (AES-128)."""
    return bool(able.get(SECURITY, (0, 0))[0] & 1)


def local(data: bytes) -> tuple[bool, bool] | None:
    """LSTATR: the case is open, the power fails."""
    return (bool(data[0]), bool(data[1])) if len(data) >= 2 else None


def levels(data: bytes) -> tuple[bool, ...]:
    """ISTATR and OSTATR: one byte a contact."""
    return tuple(bool(byte) for byte in data[:64])


def raw_bits(data: bytes) -> str | None:
    """RAW: the card's bits as text of 0 and 1, most significant first."""
    if len(data) < 4:
        return None
    count = data[2] | data[3] << 8
    held = data[4:]
    if not 1 <= count <= 8 * len(held) or len(held) > (count + 7) // 8 + 1:
        return None
    return f"{int.from_bytes(held, 'big'):0{8 * len(held)}b}"[:count]


def characters(data: bytes) -> str | None:
    """FMT: the card's number as the reader writes it; read backwards where it says so."""
    if len(data) < 3 or len(data) != 3 + data[2] or not data[2]:
        return None
    try:
        words = data[3:].decode("ascii")
    except UnicodeDecodeError:
        return None
    return words[::-1] if data[1] == 1 else words


_KEYS = {0x7F: "*", 0x2A: "*", 0x0D: "#", 0x23: "#", **{0x30 + digit: str(digit) for digit in range(10)}}


def keys(data: bytes) -> tuple[str, ...] | None:
    """KEYPAD: digits, `*` (0x7F) and `#` (0x0D), in the order pressed. Other keys are passed over."""
    if len(data) < 2 or len(data) != 2 + data[1]:
        return None
    return tuple(_KEYS[byte] for byte in data[2:] if byte in _KEYS)
