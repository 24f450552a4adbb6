"""A card reader or QR scanner that says each card in whatever form its maker chose. It takes no orders."""

from __future__ import annotations

import time
from dataclasses import dataclass

from simulator.clockwork import Clockwork
from simulator.line import Line
from simulator.trace import Trace

_REPEAT_S = 0.065
"""A card held to an RDM6300 is said again about every 65 ms."""

FORMS = {
    "hex": "{number:08X}\r\n",
    "decimal": "{number:010d}\r\n",
    "facility": "{facility:03d},{short:05d}\r\n",
    "wiegand": "{wiegand}\r\n",
    "bare": "{number:010d}",
    "rdm6300": "\x02{em}{check:02X}\x03",
    "id-12": "\x02{em}{check:02X}\r\n\x03",
    "qr": "{number:010d}\r",
}
"""Named forms; any other text is taken as a form itself. `bare` has no end: only the silence after it tells."""
_VERSION = 0x62
"""The first byte of an EM card: its customer's code, not printed on it."""


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """`text` is a format of `number`, `facility` (bits 16-23), `short` (the low 16 bits), `wiegand` (26 bits, parity included), `em` (an
    EM card's five bytes in hex) and `check` (their XOR).
    """

    text: str

    def line(self, number: int) -> bytes:
        text = FORMS.get(self.text, self.text)
        em = bytes((_VERSION,)) + (number & 0xFFFFFFFF).to_bytes(4, "big")
        check = 0
        for byte in em:
            check ^= byte
        return text.format(
            number=number,
            facility=number >> 16 & 0xFF,
            short=number & 0xFFFF,
            wiegand=wiegand26(number),
            em=em.hex().upper(),
            check=check,
        ).encode("ascii")


def wiegand26(number: int) -> str:
    """26 bits: even parity over the first twelve of 24, the 24, odd parity over the last twelve."""
    bits = f"{number & 0xFFFFFF:024b}"
    even = bits[:12].count("1") % 2
    odd = 1 - bits[12:].count("1") % 2
    return f"{even}{bits}{odd}"


class CardReader:
    """A far end of a line."""

    gap_s = 0.05

    def __init__(self, clockwork: Clockwork, form: str, trace: Trace, name: str = "reader") -> None:
        self.name = name
        self._clockwork = clockwork
        self._form = PrintedForm(form)
        self._trace = trace
        self._line: Line | None = None

    def connect(self, line: Line) -> None:
        self._line = line

    def heard(self, data: bytes, now: float) -> None: ...

    def quiet(self, now: float) -> None: ...

    def tap(self, number: int, held_s: float = 0.0) -> float:
        """Hold card `number` to the reader for `held_s`. Returns the moment its last byte has arrived at the host."""
        data = self._form.line(number)
        self.say(data)
        end = time.monotonic() + held_s

        def again() -> None:
            if time.monotonic() < end:
                self.say(data)
                self._clockwork.after(_REPEAT_S, again)

        if held_s > _REPEAT_S:
            self._clockwork.after(_REPEAT_S, again)
        return time.monotonic() + (self._line.wire_s(len(data)) if self._line else 0.0)

    def show(self, text: str, end: bytes = b"\r") -> float:
        """Hold a code with this text to a scanner. Returns the moment its last byte has arrived at the host."""
        data = text.encode() + end
        self.say(data)
        return time.monotonic() + (self._line.wire_s(len(data)) if self._line else 0.0)

    def say(self, data: bytes) -> None:
        """Put these bytes on the line as they are."""
        with self._clockwork.lock:
            self._trace.add(self.name, "said", data.decode("ascii", "backslashreplace").strip())
            if self._line is not None:
                self._line.send(data)
