"""A water meter that speaks CJ/T 188, written from published frames (docs: wiring). It shares no code with drivers/.

A meter says nothing unasked. What it does not know, and what is for another, it leaves unanswered.
"""

from __future__ import annotations

from simulator.clockwork import Clockwork
from simulator.line import Line
from simulator.trace import Trace

ASKS, TELLS, REFUSES = 0x01, 0x81, 0xC1
HIGH_FIRST, LOW_FIRST = bytes.fromhex("901f"), bytes.fromhex("1f90")
CUBIC_METRES, LITRES = 0x2C, 0x29


class WaterMeter:
    """A far end of a line. `count` is what its wheels show, in hundredths of `unit`."""

    gap_s = 0.03

    def __init__(self, clockwork: Clockwork, digits: str, trace: Trace, name: str = "meter") -> None:
        self.digits = digits.rjust(14, "0")
        self.count = 0
        self.unit = CUBIC_METRES
        self.wants = (HIGH_FIRST, LOW_FIRST)
        """The orders of the identifier that it knows."""
        self.alive = True
        self.refuses = False
        self.asked = 0
        self._clockwork = clockwork
        self._trace = trace
        self._name = name
        self._line: Line | None = None
        self._heard = bytearray()

    def connect(self, line: Line) -> None:
        self._line = line

    def heard(self, data: bytes, now: float) -> None:
        self._heard += data

    def quiet(self, now: float) -> None:
        asked = bytes(self._heard)
        self._heard.clear()
        answer = self.answer(asked)
        if answer and self._line is not None:
            self._line.send(answer, after_s=0.05)

    def use(self, litres: int) -> None:
        """So much water runs through it; its wheels turn by ten litres."""
        with self._clockwork.lock:
            self.count += litres // 10
            self._trace.add(self._name, "used", f"{litres} l")

    def answer(self, asked: bytes) -> bytes:
        """What it says to these bytes."""
        body = asked.lstrip(b"\xfe")
        if not self.alive or len(body) != 16 or body[0] != 0x68 or body[-1] != 0x16:
            return b""
        if sum(body[:14]) % 256 != body[14] or body[1] not in (0x10, 0xAA):
            return b""
        mine = bytes(int(self.digits[place : place + 2], 16) for place in range(12, -2, -2))
        if body[2:9] not in (mine, b"\xaa" * 7) or body[9] != ASKS or body[11:13] not in self.wants:
            return b""
        self.asked += 1
        head = b"\x68\x10" + mine
        if self.refuses:
            return _closed(head + bytes((REFUSES, 3)) + body[13:14] + b"\x00\x02")
        wheels = f"{self.count % 10**8:08d}"
        shown = bytes(int(wheels[place : place + 2], 16) for place in (6, 4, 2, 0)) + bytes((self.unit,))
        settled = b"\x00\x00\x00\x00" + bytes((self.unit,))
        data = body[11:14] + shown + settled + bytes(7) + b"\x00\xff"
        return _closed(head + bytes((TELLS, len(data))) + data)


def _closed(frame: bytes) -> bytes:
    return b"\xfe\xfe\xfe" + frame + bytes((sum(frame) % 256, 0x16))
