"""The master of a line on which devices are only read: one question at a time, whoever is due longest. Sans-IO; polled.py says what a device wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from drivers.meter.polled import Polled, PolledQuestion
from drivers.modbus.codec import gap_s
from drivers.reports import (
    UNKNOWN,
    DrawPage,
    Fact,
    Order,
    OrderFailed,
    PairReader,
    PlayTone,
    PulseOutput,
    SetOutput,
    SetReaderLine,
    ShowText,
)
from drivers.wire import Buffer, wire_s

BUFFER_BYTES = 512
PARITY = 1.1
"""A byte with a parity bit takes so much longer than one without."""
JAM_S = 0.2
"""How long bytes that nobody asked for can hold the next question back."""


class _Exchange(NamedTuple):
    device: Polled
    question: PolledQuestion
    deadline: float


class PolledLine:
    """A `drivers.session.Session`. It has no outputs: every order is refused or passed over."""

    unasked = False

    def __init__(self, devices: Sequence[Polled], baud: int) -> None:
        self._baud = baud
        self._gap_s = gap_s(baud)
        self._devices = devices
        self._exchange: _Exchange | None = None
        self._buffer = Buffer(BUFFER_BYTES)
        self._open = False
        self._free_at = self._jam_ends = 0.0
        self._facts: list[Fact] = []

    def opened(self, now: float) -> None:
        self._open = True
        self._exchange = None
        self._buffer.clear()
        self._free_at = now + self._gap_s
        for device in self._devices:
            device.start(now)

    def closed(self, now: float, why: str) -> None:
        self._open = False
        self._exchange = None
        for device in self._devices:
            device.lose("port", why)
            self._collect(device)

    def order(self, order: Order, now: float) -> None:
        match order:
            case PulseOutput() | SetOutput() | PairReader() | SetReaderLine():
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            case DrawPage() | PlayTone() | ShowText():
                pass

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        exchange = self._exchange
        if exchange is None:
            self._free_at = max(self._free_at, min(now + self._gap_s, self._jam_ends))
            return
        self._buffer.add(data)
        if exchange.device.heard(bytes(self._buffer.data), now):
            self._end_exchange(now)
            self._collect(exchange.device)

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        if not self._open or self._exchange is not None or now < self._free_at:
            return None
        device = min(self._devices, key=lambda each: each.due)
        if device.due > now:
            return None
        question = device.question()
        self._buffer.clear()
        took_s = PARITY * wire_s(len(question.frame) + question.answer_bytes, self._baud)
        self._exchange = _Exchange(device, question, now + took_s + question.think_s)
        return question.frame

    def wait(self, now: float) -> float:
        if self._exchange is not None:
            due = self._exchange.deadline
        elif self._open:
            due = max(self._free_at, min(each.due for each in self._devices))
        else:
            due = math.inf
        return max(0.0, due - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return 0

    def _end_exchange(self, now: float) -> None:
        self._exchange = None
        self._free_at = now + self._gap_s
        self._jam_ends = now + JAM_S

    def _time_out(self, now: float) -> None:
        exchange = self._exchange
        if exchange is None or now < exchange.deadline:
            return
        heard = len(self._buffer)
        self._end_exchange(now)
        exchange.device.failed(now, f"{heard} bytes that are no answer" if heard else "no answer")
        self._collect(exchange.device)

    def _collect(self, device: Polled) -> None:
        self._facts += device.facts
        device.facts = []
