"""RDM6300, RDM630, ID-12 and ID-20: readers that send a 125 kHz card's 40 bits again and again while it is there. Sans-IO; listens only.

`02 | ten hex digits: version and number | two hex digits: XOR of those five bytes | 03`, with CR LF before 03 on the ID-12 and ID-20.
Source: data sheets of the RDM6300 and of the ID-12LA (ASCII format).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import xor

from contract.frozen import frozen
from drivers.reader.card import normal
from drivers.reader.listening import STALE_S, Listening
from drivers.reports import UNKNOWN
from drivers.wire import Buffer

BEGIN, END = 0x02, 0x03
DIGITS = 12
LENGTHS = (14, 16)
_ENDS = (b"\x03", b"\r\n\x03")
_HEX = b"0123456789ABCDEFabcdef"
BITS = (24, 32, 40)


@frozen
class Rdm6300Options:
    """`bits` of the card's 40 that are its number: 32 is what is printed on it in ten digits; 24 is what a Wiegand-26 reader sees, and the
    printed `facility,number`; 40 has the version too. A card held to the reader counts once: again only after `repeat_s` without it.
    """

    bits: int = 32
    repeat_s: float = 1.5

    def check(self) -> list[tuple[str, str]]:
        faults = []
        if self.bits not in BITS:
            faults.append(("bits", f"must be {', '.join(map(str, BITS))}, not {self.bits}"))
        if not 0.2 <= self.repeat_s <= 10:
            faults.append(("repeat_s", f"must be 0.2 to 10, not {self.repeat_s}"))
        return faults


class Frames:
    """Finds cards in received bytes, in any portions: their 40 bits. What does not check is passed over and counted in `misread`."""

    def __init__(self) -> None:
        self._buffer = Buffer(2 * max(LENGTHS))
        self.misread = 0

    def __len__(self) -> int:
        return len(self._buffer)

    def clear(self) -> None:
        self._buffer.clear()

    def add(self, data: bytes) -> list[int]:
        found = []
        for byte in data:
            self._buffer.add(bytes((byte,)))
            while len(self._buffer):
                size, card = self._first()
                if card is not None:
                    found.append(card)
                if not size:
                    break
                self._buffer.drop(size)
        return found

    def _first(self) -> tuple[int, int | None]:
        """Bytes to drop and the card they are; 0 while more must come."""
        data = self._buffer.data
        if data[0] != BEGIN:
            return 1, None
        digits = data[1 : 1 + DIGITS]
        if any(digit not in _HEX for digit in digits):
            self.misread += 1
            return 1, None
        end = bytes(data[1 + DIGITS :])
        if end not in _ENDS:
            if any(wanted.startswith(end) for wanted in _ENDS):
                return 0, None
            self.misread += 1
            return 1, None
        *number, check = bytes.fromhex(digits.decode("ascii"))
        if reduce(xor, number) != check:
            self.misread += 1
            return 1, None
        return len(data), int.from_bytes(number, "big")


class Rdm6300(Listening):
    """A `drivers.session.Session` for the one reader on its line."""

    def __init__(self, devices: Sequence[tuple[str, Rdm6300Options]], baud: int) -> None:
        ((name, options),) = devices
        super().__init__(name, options.repeat_s)
        self._mask = (1 << options.bits) - 1
        self._frames = Frames()
        self._last_byte = -math.inf
        self._begun = UNKNOWN
        """`not_before` of the first byte that waits for the rest of its frame."""

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        if now - self._last_byte >= STALE_S:
            self.forget()
        self._last_byte = now
        begun = self._begun if len(self._frames) else not_before
        for number in self._frames.add(data):
            self.card(normal(number & self._mask), now, begun)
            begun = not_before
        self._begun = begun
        self.misread = self._frames.misread

    def forget(self) -> None:
        self._frames.clear()
