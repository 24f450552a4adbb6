"""A serial line in simulated time: runs a session against a function that answers, at the line's speed. No sleeping."""

from __future__ import annotations

from collections.abc import Callable

from drivers.reports import Fact
from drivers.session import Session

TURN_S = 0.003


def crc(data: bytes) -> bytes:
    """CRC16-Modbus bit by bit: independent of the table in drivers/wire.py."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return bytes((value & 0xFF, value >> 8))


def closed(body: bytes) -> bytes:
    return body + crc(body)


class Bus:
    """`answer(frame, now)` gives the bytes that come back, or none. `written` is (when, frame) of all that was sent."""

    def __init__(self, session: Session, answer: Callable[[bytes, float], bytes], baud: int = 9600) -> None:
        self.session = session
        self.answer = answer
        self.baud = baud
        self.now = 1000.0
        self.written: list[tuple[float, bytes]] = []
        self.facts: list[Fact] = []
        self._arrivals: list[tuple[float, bytes]] = []
        self._plans: list[tuple[float, Callable[[], None]]] = []

    def open(self) -> None:
        self.session.opened(self.now)

    def at(self, when: float, action: Callable[[], None]) -> None:
        self._plans.append((when, action))
        self._plans.sort(key=lambda plan: plan[0])

    def of(self, kind: type) -> list:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        idle = 0
        while True:
            frame = self.session.send(self.now)
            self.facts += self.session.facts()
            if frame is not None:
                self._write(frame)
            wait = self.session.wait(self.now)
            assert wait >= 0
            then = min([end, self.now + wait] + [a[0] for a in self._arrivals[:1]] + [p[0] for p in self._plans[:1]])
            idle = idle + 1 if then <= self.now and frame is None else 0
            assert idle < 50, "the session asks for turns and does nothing"
            self.now = max(self.now + 1e-6 * (idle > 0), then)
            while self._plans and self._plans[0][0] <= self.now:
                self._plans.pop(0)[1]()
            while self._arrivals and self._arrivals[0][0] <= self.now:
                self.session.receive(self._arrivals.pop(0)[1], self.now)
                self.facts += self.session.facts()
            if self.now >= end:
                return

    def _write(self, frame: bytes) -> None:
        self.written.append((self.now, frame))
        reply = self.answer(frame, self.now)
        if reply:
            wire = (len(frame) + len(reply)) * 10 / self.baud
            self._arrivals.append((self.now + wire + TURN_S, reply))


class Board:
    """A relay board far end: eight coils with pulse timers, eight inputs, version, modes. Written from the vendor's map."""

    def __init__(self, unit: int = 1) -> None:
        self.unit = unit
        self.inputs = [False] * 8
        self.coils = [False] * 8
        self.until: dict[int, float] = {}
        self.version = 200
        self.modes = [0] * 8
        self.input_at: Callable[[int, float], bool] | None = None
        self.alive = True
        self.stuck: dict[int, bool] = {}

    def __call__(self, frame: bytes, now: float) -> bytes:
        if not self.alive or frame[0] != self.unit or crc(frame[:-2]) != frame[-2:]:
            return b""
        for coil, end in list(self.until.items()):
            if now >= end:
                self.coils[coil] = not self.coils[coil]
                del self.until[coil]
        return closed(bytes((self.unit,)) + self._body(frame[1], frame, now))

    def _body(self, function: int, frame: bytes, now: float) -> bytes:
        start, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == 1:
            return bytes((1, 1, sum(self.stuck.get(i, on) << i for i, on in enumerate(self.coils))))
        if function == 2:
            levels = [self.input_at(i, now) if self.input_at else on for i, on in enumerate(self.inputs)]
            return bytes((2, 1, sum(on << i for i, on in enumerate(levels))))
        if function == 3 and start == 0x8000:
            return bytes((3, 2)) + self.version.to_bytes(2, "big")
        if function == 3 and start == 0x1000:
            return bytes((3, 16)) + b"".join(mode.to_bytes(2, "big") for mode in self.modes)
        if function == 5:
            coil = start & 0xFF
            self.until.pop(coil, None)
            self.coils[coil] = value == 0xFF00 if start < 0x100 else start < 0x400
            if start >= 0x200:
                self.until[coil] = now + value / 10
            return frame[1:6]
        return bytes((function | 0x80, 2))


def several(*boards: Board) -> Callable[[bytes, float], bytes]:
    return lambda frame, now: b"".join(board(frame, now) for board in boards)
