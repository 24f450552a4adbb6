r"""TJC and Nextion USART HMI: instructions built, returns found in received bytes. No state but the buffer, no time.

An instruction is text ended by FF FF FF. Returns begin with a code, have a length by that code and the same end: a number's four bytes
may be FF themselves. Source: Nextion Instruction Set, 1 and 7; TJC wiki, return codes and escapes (\r, \", \\).
"""

from __future__ import annotations

import re

from contract.frozen import frozen
from drivers.wire import Buffer

END = b"\xff\xff\xff"
ACTIVE_MODE = b"DRAKJHSUYDGBNCJHGJKSHBDN"
"""Ends protocol reparse mode, in which a panel takes no instructions; elsewhere only an unknown word."""
COMPONENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,13}(\.[A-Za-z_][A-Za-z0-9_]{0,13})?")
"""A component's name, with its page's before it where it is global."""

MAX_INSTRUCTION = 900
"""Bytes. The panel's buffer takes 1 KB; what is longer is lost."""
MAX_RETURN = 512
MAX_TEXT = MAX_RETURN - 8

DONE, NUMBER, STRING, PAGE, TOUCH, TOUCH_AT, TOUCH_ASLEEP = 0x01, 0x71, 0x70, 0x66, 0x65, 0x67, 0x68
OVERFLOW, SLEPT, WOKE, READY = 0x24, 0x86, 0x87, 0x88
STARTED = b"\x00\x00\x00" + END
CONNECTED = b"comok"
REFUSALS = {
    0x00: "invalid instruction",
    0x02: "no such component",
    0x03: "no such page",
    0x04: "no such picture",
    0x05: "no such font",
    0x06: "file operation",
    0x09: "CRC",
    0x11: "baud rate",
    0x12: "waveform",
    0x1A: "no such component or variable",
    0x1B: "operation",
    0x1C: "assignment",
    0x1D: "EEPROM",
    0x1E: "parameters",
    0x1F: "input or output",
    0x20: "escape",
    0x23: "name too long",
}


@frozen
class Done:
    """The instruction was carried out."""


@frozen
class Refused:
    """It was not; `code` is one of `REFUSALS`."""

    code: int


@frozen
class Number:
    """What `get` of a number gave, signed."""

    value: int


@frozen
class String:
    """What `get` of a text gave, in the project's charset."""

    text: bytes


@frozen
class PageShown:
    page: int


@frozen
class Touched:
    """A component whose "Send Component ID" is ticked was pressed or let go."""

    page: int
    component: int
    pressed: bool


@frozen
class TouchedAt:
    x: int
    y: int
    pressed: bool
    asleep: bool


@frozen
class Overflowed:
    """The panel lost bytes of what it was sent."""


@frozen
class PanelStarted:
    """It got power; not every model says so."""


@frozen
class Ready:
    """It is up after getting power; not every model says so."""


@frozen
class Slept:
    """It went to sleep by itself (`thsp`)."""


@frozen
class Woke:
    """It woke by itself (`thup`)."""


@frozen
class Connected:
    """The answer to `connect`: touch, address, model, firmware, chip, serial number, flash size."""

    text: bytes

    @property
    def model(self) -> str:
        parts = self.text.split(b",")
        return parts[2].decode("ascii", "replace") if len(parts) > 2 else "unknown model"


Return = (
    Done
    | Refused
    | Number
    | String
    | PageShown
    | Touched
    | TouchedAt
    | Overflowed
    | PanelStarted
    | Ready
    | Slept
    | Woke
    | Connected
)

_SINGLE: dict[int, Return] = {
    DONE: Done(),
    OVERFLOW: Overflowed(),
    SLEPT: Slept(),
    WOKE: Woke(),
    READY: Ready(),
    **{code: Refused(code) for code in REFUSALS},
}
_LENGTHS = {**dict.fromkeys(_SINGLE, 0), NUMBER: 4, PAGE: 1, TOUCH: 3, TOUCH_AT: 5, TOUCH_ASLEEP: 5}
"""Bytes between code and end."""
_PRINTABLE = re.compile(rb"[\r\n\x20-\xfe]*")


def instruction(text: str) -> bytes:
    return text.encode("ascii") + END


def set_number(name: str, value: int) -> bytes:
    """`name` is a system variable or `component.val`."""
    return instruction(f"{name}={value}")


def get(name: str) -> bytes:
    return instruction(f"get {name}")


def switch_page(page: str) -> bytes:
    """`page` is a name or a number."""
    return instruction(f"page {page}")


def sound_buzzer(seconds: float) -> bytes:
    """In milliseconds; only models with a buzzer sound."""
    return instruction(f"beep {round(seconds * 1000)}")


def set_text(name: str, text: bytes) -> bytes:
    """`name` is `component.txt`; `text` is escaped already."""
    return name.encode("ascii") + b'="' + text + b'"' + END


def quoted(text: bytes, *, by_bytes: bool = True) -> bytes:
    """The quote and the backslash escaped. Panels look for escapes byte by byte, so the backslash that is the second byte of a GBK
    character is escaped too; newer ones know characters, and there it must not be.
    """
    if by_bytes:
        return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    out = bytearray()
    at = 0
    while at < len(text):
        if 0x81 <= text[at] <= 0xFE and at + 1 < len(text):
            out += text[at : at + 2]
            at += 2
            continue
        if text[at] in b'\\"':
            out += b"\\"
        out.append(text[at])
        at += 1
    return bytes(out)


LINE_BREAK = b"\\r"
"""Between the lines of one text, as it is escaped: the panel makes CR LF of it."""


class Returns:
    """Finds returns in received bytes, in any portions; noise before, between and inside is passed over."""

    def __init__(self) -> None:
        self._buffer = Buffer(2 * MAX_RETURN)

    def __len__(self) -> int:
        """Bytes held back: the beginning of a return."""
        return len(self._buffer)

    def clear(self) -> None:
        self._buffer.clear()

    def add(self, data: bytes) -> list[Return]:
        found: list[Return] = []
        for begin in range(0, len(data), MAX_RETURN):
            self._buffer.add(data[begin : begin + MAX_RETURN])
            while len(self._buffer):
                size, made = self._first()
                if made is not None:
                    found.append(made)
                if not size:
                    break
                self._buffer.drop(size)
        return found

    def _first(self) -> tuple[int, Return | None]:
        """Bytes to drop and the return they are; 0 while more must come. A byte no return begins with is dropped alone."""
        data = self._buffer.data
        code = data[0]
        if code in (STRING, CONNECTED[0]):
            return self._text(code)
        length = _LENGTHS.get(code)
        if length is None:
            return 1, None
        if code == 0x00 and data[1:2] == b"\x00":
            if data[: len(STARTED)] == STARTED:
                return len(STARTED), PanelStarted()
            return (0, None) if STARTED.startswith(data) else (1, None)
        end = bytes(data[1 + length : 1 + length + len(END)])
        if not END.startswith(end):
            return 1, None
        if end != END:
            return 0, None
        made = _made(code, bytes(data[1 : 1 + length]))
        return (1, None) if made is None else (1 + length + len(END), made)

    def _text(self, code: int) -> tuple[int, Return | None]:
        """Text and the answer to `connect` run to the end mark. Control characters never occur in them, so noise is soon known."""
        data = self._buffer.data
        at = data.find(END)
        body = bytes(data[1:at]) if at >= 0 else bytes(data[1:]).rstrip(b"\xff")
        head = CONNECTED[1:] if code == CONNECTED[0] else b""
        fits = body.startswith(head) if at >= 0 or len(body) >= len(head) else head.startswith(body)
        if not fits or len(body) > MAX_TEXT or not _PRINTABLE.fullmatch(body):
            return 1, None
        if at < 0:
            return 0, None
        return at + len(END), String(body) if code == STRING else Connected(bytes(data[:at]))


def _made(code: int, data: bytes) -> Return | None:
    match code:
        case 0x71:
            return Number(int.from_bytes(data, "little", signed=True))
        case 0x66:
            return PageShown(data[0])
        case 0x65:
            return Touched(data[0], data[1], data[2] == 1) if data[2] <= 1 else None
        case 0x67 | 0x68:
            x, y = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
            return TouchedAt(x, y, data[4] == 1, code == TOUCH_ASLEEP)
        case _:
            return _SINGLE[code]
