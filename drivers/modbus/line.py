"""The RTU master of one line: who may speak next, which reply belongs to which request. Sans-IO; boards know what replies mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from drivers.modbus import codec
from drivers.modbus.board import PROBES_ALONE_S, PROBES_S, Board, BoardRequest, WaitingOrder
from drivers.modbus.options import BoardOptions
from drivers.reports import (
    UNKNOWN,
    DrawPage,
    Fact,
    InputLevel,
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

THINK_S = 0.01
"""A usual board's, before it answers."""
BUFFER_BYTES = 2 * codec.MAX_FRAME
JAM_S = 0.05
"""How long bytes that nobody asked for can hold the next request back: a babbling device must not keep an order for ever."""
ANSWER_S = 0.015
"""After an input's change no poll takes the line for so long: what it makes the agent order goes first. Measured at the real
process: 2-6 ms."""
ECHO_DOUBTS = 3
"""Replies in a row without the echo until a line that echoed counts as one that does not."""


class ModbusExchange(NamedTuple):
    """The one request on the line."""

    board: Board
    want: BoardRequest
    request: codec.Request
    began: float
    deadline: float
    waiting: WaitingOrder | None


def round_s(options: BoardOptions, baud: int) -> float:
    """One look at a board's inputs and one at its outputs, if it answers after its 10 ms."""
    model = options.board()
    looks = [codec.read_coils(1, model.coil_base, max(model.outputs, model.read_least))]
    if model.inputs:
        looks.append(codec.read_discrete_inputs(1, model.input_base, max(model.inputs, model.read_least)))
    bytes_ = sum(len(look.frame) + look.reply_length for look in looks)
    return wire_s(bytes_, baud) + len(looks) * (THINK_S + codec.gap_s(baud))


class ModbusLine:
    """A `drivers.session.Session` for the boards on one line, polled in turn; orders go before polls.

    Two-wire adapters may echo what is sent. Whether this one does is learnt from the first exchange after each open, which therefore
    is a read: the reply to a write looks like its own echo.
    """

    unasked = False

    def __init__(self, devices: Sequence[tuple[str, BoardOptions]], baud: int) -> None:
        self._baud = baud
        self._gap_s = codec.gap_s(baud)
        probes_s = PROBES_ALONE_S if len(devices) == 1 else PROBES_S
        self._boards = [
            Board(name, options.address or options.board().address, options.board(), options.poll_ms / 1000, probes_s)
            for name, options in devices
        ]
        self._by_name = {board.name: board for board in self._boards}
        self._exchange: ModbusExchange | None = None
        self._buffer = Buffer(BUFFER_BYTES)
        self._open = False
        self._free_at = 0.0
        self._polls_from = 0.0
        self._jam_ends = 0.0
        self._echo: bool | None = None
        self._echo_doubts = 0
        self._facts: list[Fact] = []

    # --- session

    def opened(self, now: float) -> None:
        self._open = True
        self._exchange = None
        self._echo = None
        self._buffer.clear()
        self._free_at = now + self._gap_s
        for board in self._boards:
            board.start(now)

    def closed(self, now: float, why: str) -> None:
        self._open = False
        self._exchange = None
        for board in self._boards:
            board.lose(now, "port", why)
            self._collect(board)

    def order(self, order: Order, now: float) -> None:
        board = self._by_name.get(order.device)
        match order:
            case PulseOutput() | SetOutput():
                if board is None:
                    self._facts.append(OrderFailed(order.device, order.order, "refused"))
                else:
                    board.take(order)
                    self._collect(board)
            case PairReader() | SetReaderLine():
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            case DrawPage() | PlayTone() | ShowText():
                pass

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        exchange = self._exchange
        if exchange is None:
            self._free_at = max(self._free_at, min(now + self._gap_s, self._jam_ends))
            return
        self._buffer.add(data)
        if len(self._buffer) < codec.EXCEPTION_LENGTH:
            return
        reply = codec.find_reply(exchange.request, self._buffer.data, self._after_echo(exchange.request))
        if reply is None:
            return
        self._learn_echo(exchange.request, reply.start)
        self._end_exchange(now)
        exchange.board.took_s = now - exchange.began
        exchange.board.answered(exchange.want, reply, now)
        if exchange.board.facts:
            if any(isinstance(fact, InputLevel) for fact in exchange.board.facts):
                self._polls_from = now + ANSWER_S
            self._collect(exchange.board)

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        self._expire(now)
        if not self._open or self._exchange is not None or now < self._free_at:
            return None
        chosen = self._choose(now)
        if chosen is None:
            return None
        board, want = chosen
        request = board.request(want)
        waiting = None
        if want is BoardRequest.ORDER:
            waiting = board.orders[0]
            waiting.attempts += 1
        self._buffer.clear()
        self._exchange = ModbusExchange(board, want, request, now, now + codec.timeout_s(request, self._baud), waiting)
        return request.frame

    def wait(self, now: float) -> float:
        ordered = [board for board in self._boards if board.orders]
        due = min(w.order.not_after for board in ordered for w in board.orders) if ordered else math.inf
        if self._exchange is not None:
            due = min(due, self._exchange.deadline) if self._exchange.waiting is None else self._exchange.deadline
        elif self._open:
            next_due = max(self._polls_from, min([board.poll()[0] for board in self._boards]))
            if ordered:
                next_due = min(next_due, *(board.order_due for board in ordered))
            due = min(due, max(self._free_at, next_due))
        return max(0.0, due - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return sum(len(board.orders) for board in self._boards)

    # --- turns

    def _choose(self, now: float) -> tuple[Board, BoardRequest] | None:
        """Orders first, the longest waiting board before others; then what has been due longest."""
        ordered = [board for board in self._boards if board.orders and board.order_due <= now]
        if ordered and self._echo is not None:
            return min(ordered, key=lambda board: board.order_due), BoardRequest.ORDER
        if now < self._polls_from:
            return None
        if self._echo is None:
            board = ordered[0] if ordered else min(self._boards, key=lambda board: board.poll()[0])
            due, want = board.poll()
            return (board, want) if ordered or due <= now else None
        board = self._boards[0]
        if len(self._boards) > 1:
            board = min(self._boards, key=lambda board: (not board.hurry or board.inputs_due > now, board.poll()[0]))
        due, want = board.poll()
        return (board, want) if due <= now else None

    def _end_exchange(self, now: float) -> None:
        self._exchange = None
        self._free_at = now + self._gap_s
        self._jam_ends = now + JAM_S

    def _time_out(self, now: float) -> None:
        exchange = self._exchange
        if exchange is None or now < exchange.deadline:
            return
        if self._echo is None:
            self._echo = exchange.request.frame in self._buffer.data
        heard = len(self._buffer)
        self._end_exchange(now)
        exchange.board.failed(exchange.want, now, f"{heard} bytes that are no answer" if heard else "no answer")
        self._collect(exchange.board)

    def _expire(self, now: float) -> None:
        running = self._exchange.waiting if self._exchange is not None else None
        for board in self._boards:
            if board.orders:
                board.expire(now, running, "late" if self._open else "lost")
                self._collect(board)

    def _collect(self, board: Board) -> None:
        if board.facts:
            self._facts += board.facts
            board.facts = []

    # --- echo

    def _after_echo(self, request: codec.Request) -> int:
        """Where a reply may begin: behind our own echoed frame where a write's reply could not be told from it."""
        if not self._echo or request.function in codec.READS:
            return 0
        at = self._buffer.data.find(request.frame)
        return at + len(request.frame) if at >= 0 else len(self._buffer)

    def _learn_echo(self, request: codec.Request, reply_start: int) -> None:
        if request.function not in codec.READS:
            return
        if self._buffer.data.find(request.frame, 0, reply_start) >= 0:
            self._echo, self._echo_doubts = True, 0
        elif self._echo:
            self._echo_doubts += 1
            if self._echo_doubts >= ECHO_DOUBTS:
                self._echo = False
        else:
            self._echo = False
