"""The controller of one line: who may speak next, and which bytes are whose answer. Sans-IO; readers know what answers mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.osdp import codec, crypto
from drivers.osdp.options import ReaderOptions
from drivers.osdp.reader import Reader
from drivers.osdp.reply_timeout import REPLY_S, ReplyTimeout
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

BUFFER_BYTES = 2 * codec.LONGEST
SLACK_S = 0.03
"""An adapter may hold back the middle of an answer for this long (an FTDI does for 16 ms)."""
GAP_BYTES = 2
"""Silence between an answer and the next command, in characters."""
JAM_S = 0.05
"""How long bytes that nobody asked for can hold the next command back: a babbling device must not keep an order for ever."""


@dataclass(slots=True)
class OsdpExchange:
    """The one command on the line. `latest`: however much still arrives, it is over then."""

    reader: Reader
    sent: float
    """When its last byte was on the line."""
    deadline: float
    latest: float
    read: int = 0
    """Up to where the received bytes have been judged."""


class OsdpLine:
    """A `drivers.session.Session` for the readers on one line, polled in turn; orders go before polls.

    `random(count)` gives that many random bytes, fresh at each handshake.
    """

    unasked = False

    def __init__(
        self,
        devices: Sequence[tuple[str, ReaderOptions]],
        baud: int,
        random: Callable[[int], bytes] = crypto.fresh,
    ) -> None:
        self._baud = baud
        self._readers = [Reader(name, options, random, alone=len(devices) == 1) for name, options in devices]
        self._patience = {reader.address: ReplyTimeout() for reader in self._readers}
        self._by_name = {reader.name: reader for reader in self._readers}
        self._exchange: OsdpExchange | None = None
        self._buffer = Buffer(BUFFER_BYTES)
        self._open = False
        self._gap_s = wire_s(GAP_BYTES, baud)
        self._free_at = 0.0
        self._jam_ends = 0.0
        self._facts: list[Fact] = []

    # --- session

    def opened(self, now: float) -> None:
        self._open = True
        self._exchange = None
        self._buffer.clear()
        self._free_at = now + self._gap_s
        for reader in self._readers:
            reader.start(now)

    def closed(self, now: float, why: str) -> None:
        self._open = False
        self._exchange = None
        for reader in self._readers:
            reader.closed(now, why)
            self._collect(reader)

    def order(self, order: Order, now: float) -> None:
        reader = self._by_name.get(order.device)
        if reader is None:
            if isinstance(order, PulseOutput | SetOutput | PairReader | SetReaderLine):
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            return
        match order:
            case PulseOutput() | SetOutput() | SetReaderLine():
                reader.take(order)
            case PairReader():
                self._pair(reader, order, now)
            case PlayTone() | ShowText():
                reader.show(order, now)
            case DrawPage():
                pass
        self._collect(reader)

    def _pair(self, reader: Reader, order: PairReader, now: float) -> None:
        if reader.pair(order, now) and self._exchange is not None and self._exchange.reader is reader:
            self._exchange = None
            self._free_at = now + REPLY_S

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        exchange = self._exchange
        if exchange is None:
            self._free_at = max(self._free_at, min(now + self._gap_s, self._jam_ends))
            return
        dropped = self._buffer.dropped
        self._buffer.add(data)
        exchange.read = max(0, exchange.read - (self._buffer.dropped - dropped))
        reader = exchange.reader
        while True:
            found = codec.find_reply(self._buffer.data, reader.address, crc=reader.crc, begin=exchange.read)
            if found.packet is None:
                break
            exchange.read = found.packet.end
            over = reader.answered(found.packet, now)
            self._collect(reader)
            if over:
                late = now - exchange.sent - wire_s(len(self._buffer), self._baud)
                self._patience[reader.address].heard(late)
                self._end_exchange(now)
                return
        if found.missing:
            rest = wire_s(found.missing, self._baud) + SLACK_S
            exchange.deadline = min(max(exchange.deadline, now + rest), exchange.latest)
        elif found.broken:
            # Its answer came and was damaged: no use to wait any longer, the line is free after a moment of silence.
            exchange.deadline = min(exchange.deadline, now + self._gap_s + SLACK_S)

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        self._expire(now)
        if not self._open or self._exchange is not None or now < self._free_at:
            return None
        reader = self._choose(now)
        if reader is None:
            return None
        frame = reader.frame(now)
        self._collect(reader)
        self._buffer.clear()
        sent = now + wire_s(len(frame), self._baud)
        deadline = sent + self._patience[reader.address].wait_s
        self._exchange = OsdpExchange(reader, sent, deadline, deadline + wire_s(codec.LONGEST, self._baud))
        return frame

    def wait(self, now: float) -> float:
        if self._exchange is not None:
            return max(0.0, self._exchange.deadline - now)
        due = wanted = math.inf
        for reader in self._readers:
            due = min(due, *reader.deadlines, math.inf)
            wanted = min(wanted, reader.due()[1])
        if self._open:
            due = min(due, max(self._free_at, wanted))
        return max(0.0, due - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return sum(reader.orders for reader in self._readers)

    # --- turns

    def _choose(self, now: float) -> Reader | None:
        """A reader with an order before all others; then the one that has been due longest."""
        first: tuple[bool, float] | None = None
        chosen = None
        for reader in self._readers:
            urgent, due = reader.due()
            if due <= now and (first is None or (not urgent, due) < first):
                first, chosen = (not urgent, due), reader
        return chosen

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
        self._patience[exchange.reader.address].missed()
        exchange.reader.failed(now, f"{heard} bytes that are no answer" if heard else "no answer")
        self._collect(exchange.reader)

    def _expire(self, now: float) -> None:
        speaking = self._exchange.reader if self._exchange is not None else None
        for reader in self._readers:
            if reader.deadlines:
                reader.expire(now, "late" if self._open else "lost", on_line=reader is speaking)
                self._collect(reader)

    def _collect(self, reader: Reader) -> None:
        self._facts += reader.facts()
