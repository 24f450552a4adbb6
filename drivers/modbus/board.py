"""One board on a line: what is known of it, what it wants next, what its replies mean. No bytes, no line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.debounce import Debounce
from drivers.modbus import codec
from drivers.modbus.models import BoardModel
from drivers.reports import (
    MAX_PULSE_S,
    DeviceFoundReport,
    DeviceLostReport,
    Fact,
    InputLevel,
    OrderFailed,
    OrderSent,
    OutputLevel,
    PulseOutput,
    SetOutput,
)

OutputOrder = PulseOutput | SetOutput

MAX_ORDERS = 16
"""Waiting for one board; each lives about a second."""
ORDER_ATTEMPTS = 6
"""At most, within the order's deadline: with 30 % of the exchanges broken by noise 999 of 1000 orders still go through.
Where the board heard them and its replies were lost, its pulse grows by what the attempts take, at most 0.7 s at 9600 baud."""
RETRY_S = 0.005
"""Before an order's next attempt; other boards' orders and one poll get the line meanwhile."""
FAILS_TO_LOSE = 3
LOSE_AFTER_S = 0.5
"""A board is lost after three failed exchanges in a row that span this long: noise alone should not lose it."""
PROBES_S = (0.5, 1.0, 2.0, 4.0, 5.0)
"""Between looks at a lost board: each costs the others one time-out."""
PROBES_ALONE_S = (0.5,)
"""With the line to itself: the exit button and the fire input it reads come back with it at once."""
STALE_S = 0.5
"""A look whose answer is heard so long after it was asked for tells how things were, not how they are: the agent was stopped meanwhile."""
CONFIRM_S = 0.025
"""From an input's first different sample to the second look; at once where an exchange takes that long already."""
AT_ONCE = 0.0
OUTPUTS_S = 0.1
"""Between looks at the outputs when nothing was ordered; the inputs have the line before."""
OUTPUTS_SHARE = 5
"""A slow board's outputs have at most one look in so many: a button must not wait for it each time."""


class BoardRequest(StrEnum):
    BEFORE = "before"
    """The outputs as they are before this run orders anything: a pulse of the run before may still go on."""
    VERSION = "version"
    MODES = "modes"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    ORDER = "order"


@dataclass(slots=True)
class WaitingOrder:
    """An order in a board's queue."""

    order: OutputOrder
    attempts: int = 0


@dataclass(slots=True)
class Board:
    """While it is not found, `step` is what identification asks next; `lost` is the reason told last; `probing` after a loss."""

    name: str
    unit: int
    model: BoardModel
    poll_s: float
    probes_s: tuple[float, ...] = PROBES_S
    found: bool = False
    lost: str | None = None
    probing: bool = False
    step: BoardRequest | None = None
    orders: deque[WaitingOrder] = field(default_factory=deque)
    read_back: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_ORDERS))
    """Outputs (from 1) whose level must be told after an order, changed or not."""
    order_due: float = 0.0
    inputs_due: float = 0.0
    outputs_due: float = 0.0
    fails: int = 0
    first_fail: float = 0.0
    probes: int = 0
    details: list[str] = field(default_factory=list)
    debounces: tuple[Debounce, ...] = ()
    first_inputs: tuple[bool, ...] = ()
    outputs: tuple[bool, ...] | None = None
    before: tuple[bool, ...] = ()
    took_s: float = 0.0
    """How long its last exchange took."""
    hurry: bool = False
    """An input differed just now: its second look goes before all other polls, once."""
    settled: bytes | None = None
    """The inputs as last read where no input was in doubt: the same bytes again are no news."""
    looks: dict[BoardRequest, codec.Request] = field(default_factory=dict)
    """Each look's request, made once: polls are most of what is ever said."""
    facts: list[Fact] = field(default_factory=list)

    # --- life

    def start(self, now: float) -> None:
        """The line was opened: nothing is known of the board, so identify it."""
        self._forget()
        self.step = BoardRequest.BEFORE
        self.probing = False
        self.probes = 0
        self.inputs_due = self.outputs_due = self.order_due = now

    def lose(self, now: float, reason: str, detail: str) -> None:
        """From now on only probed, ever more rarely. Told once for each reason."""
        self._forget()
        self.probing = True
        self.inputs_due = now + self.probes_s[min(self.probes, len(self.probes_s) - 1)]
        self.probes += 1
        if self.lost != reason:
            self.lost = reason
            self.facts.append(DeviceLostReport(self.name, reason, detail))

    def _forget(self) -> None:
        self.found = False
        self.details = []
        self.step = self._first_step()
        self.fails = 0
        self.outputs = None
        self.before = ()
        self.settled = None
        self.hurry = False
        self.read_back.clear()

    def _first_step(self) -> BoardRequest:
        return (
            BoardRequest.VERSION
            if self.model.version is not None
            else BoardRequest.INPUTS
            if self.model.inputs
            else BoardRequest.OUTPUTS
        )

    def _next_step(self, done: BoardRequest) -> BoardRequest | None:
        if done is BoardRequest.BEFORE:
            return self._first_step()
        order = [BoardRequest.VERSION, BoardRequest.MODES, BoardRequest.INPUTS, BoardRequest.OUTPUTS]
        for step in order[order.index(done) + 1 :]:
            if step is BoardRequest.MODES and self.model.modes is None:
                continue
            if step is BoardRequest.INPUTS and not self.model.inputs:
                continue
            return step
        return None

    # --- orders

    def take(self, order: OutputOrder) -> None:
        if not 1 <= order.number <= self.model.outputs or len(self.orders) >= MAX_ORDERS:
            self.facts.append(OrderFailed(self.name, order.order, "refused"))
            return
        if isinstance(order, PulseOutput) and (self.model.pulse is None or not 0.0 < order.seconds <= MAX_PULSE_S):
            self.facts.append(OrderFailed(self.name, order.order, "refused"))
            return
        self.orders.append(WaitingOrder(order))

    def expire(self, now: float, running: WaitingOrder | None, reason: str) -> None:
        """Orders whose time has passed die; one that is on the line is left to its exchange."""
        if not self.orders or all(waiting.order.not_after > now for waiting in self.orders):
            return
        kept: deque[WaitingOrder] = deque()
        for waiting in self.orders:
            if waiting is running or waiting.order.not_after > now:
                kept.append(waiting)
            else:
                self.facts.append(OrderFailed(self.name, waiting.order.order, self._why_late(waiting, reason)))
        self.orders = kept

    @staticmethod
    def _why_late(waiting: WaitingOrder, reason: str) -> str:
        return "silent" if waiting.attempts and reason == "late" else reason

    def order_request(self, order: OutputOrder) -> codec.Request:
        index = order.number - 1
        if isinstance(order, PulseOutput):
            assert self.model.pulse is not None  # refused in take()
            return self.model.pulse.request(self.unit, index, order.on, order.seconds)
        return self.model.set_request(self.unit, index, order.on)

    # --- what it wants

    def poll(self) -> tuple[float, BoardRequest]:
        """When it next wants a look, and at what."""
        if not self.found:
            return self.inputs_due, self.step or self._first_step()
        if self.hurry or (self.model.inputs and self.inputs_due <= self.outputs_due):
            return self.inputs_due, BoardRequest.INPUTS
        return self.outputs_due, BoardRequest.OUTPUTS

    def request(self, want: BoardRequest) -> codec.Request:
        if want is BoardRequest.ORDER:
            return self.order_request(self.orders[0].order)
        request = self.looks.get(want)
        if request is None:
            request = self.looks[want] = self._look(want)
        return request

    def _look(self, want: BoardRequest) -> codec.Request:
        model = self.model
        match want:
            case BoardRequest.VERSION:
                assert model.version is not None
                return codec.read_holding_registers(self.unit, model.version, 1)
            case BoardRequest.MODES:
                assert model.modes is not None
                return codec.read_holding_registers(self.unit, model.modes.base, model.outputs)
            case BoardRequest.INPUTS:
                return codec.read_discrete_inputs(self.unit, model.input_base, max(model.inputs, model.read_least))
            case _:
                return codec.read_coils(self.unit, model.coil_base, max(model.outputs, model.read_least))

    # --- what its replies mean

    def answered(self, want: BoardRequest, reply: codec.ModbusReply, now: float) -> None:
        if reply.exception in codec.BUSY:
            self.failed(want, now, "busy")
            return
        self.fails = 0
        if want is BoardRequest.ORDER:
            self._order_answered(reply, now)
        elif self.took_s > STALE_S:
            self.inputs_due = self.outputs_due = now
        elif reply.exception and want in (BoardRequest.INPUTS, BoardRequest.OUTPUTS):
            self.lose(now, "wrong", f"refuses to read {want} (exception {reply.exception}): not a {self.model.name}?")
        elif not self.found:
            self._identify(want, reply, now)
        elif want is BoardRequest.INPUTS:
            self._inputs(reply.data, now)
        elif want is BoardRequest.OUTPUTS:
            self._outputs(codec.bits(reply.data, self.model.outputs), now)

    def _order_answered(self, reply: codec.ModbusReply, now: float) -> None:
        order = self.orders.popleft().order
        self.order_due = now
        if reply.exception:
            self.facts.append(OrderFailed(self.name, order.order, "refused"))
        else:
            self.facts.append(OrderSent(self.name, order.order, now - self.took_s))
        self._ask_read_back(order.number, now)

    def _ask_read_back(self, number: int, now: float) -> None:
        """Ahead of all polls. While identification runs its own look at the outputs tells all levels."""
        if self.found:
            self.read_back.append(number)
            self.outputs_due = AT_ONCE
        else:
            self.inputs_due = now

    def _identify(self, want: BoardRequest, reply: codec.ModbusReply, now: float) -> None:
        self.inputs_due = now
        match want:
            case BoardRequest.BEFORE:  # a board that refuses it says soon enough what it is
                self.before = () if reply.exception else codec.bits(reply.data, self.model.outputs)
            case BoardRequest.VERSION:
                if not self._version_fits(reply, now):
                    return
            case BoardRequest.MODES:
                self.details.append(self._modes(reply))
            case BoardRequest.INPUTS:
                self.first_inputs = codec.bits(reply.data, self.model.inputs)
            case _:
                self._found(codec.bits(reply.data, self.model.outputs), now)
        self.step = self._next_step(want)

    def _version_fits(self, reply: codec.ModbusReply, now: float) -> bool:
        if reply.exception:
            self.details.append(f"{self.model.name}, version not told (exception {reply.exception})")
            return True
        version = codec.words(reply.data)[0]
        text = f"V{version / 100:.2f}"
        if version < self.model.oldest_version:
            oldest = f"V{self.model.oldest_version / 100:.2f}"
            self.lose(now, "wrong", f"firmware {text} does not speak standard Modbus: needs {oldest} or later")
            return False
        self.details.append(f"{self.model.name} {text}")
        return True

    def _modes(self, reply: codec.ModbusReply) -> str:
        """An output that an input may switch by itself is told loudly, not refused or changed: people must still get in,
        and an installer may have wired a way out by it.
        """
        modes = self.model.modes
        assert modes is not None
        if reply.exception:
            return f"control modes not told (exception {reply.exception})"
        odd = []
        for number, mode in enumerate(codec.words(reply.data), 1):
            if mode != modes.normal:
                name = modes.names[mode] if mode < len(modes.names) else f"mode {mode}"
                odd.append(f"{number} ({name})")
        if not odd:
            return "control modes normal"
        return (
            f"WARNING: its inputs can switch output {', '.join(odd)} without the agent: set the control mode to normal"
        )

    def _found(self, outputs: tuple[bool, ...], now: float) -> None:
        self.found = True
        self.lost = None
        self.probing = False
        self.probes = 0
        self.inputs_due = now + max(0.0, self.poll_s - self.took_s)
        self.outputs_due = now + OUTPUTS_S
        self.facts.append(DeviceFoundReport(self.name, "; ".join(self.details) or self.model.name))
        self.debounces = tuple(Debounce() for _ in range(self.model.inputs))
        if self.model.inputs:
            self._sample(self.first_inputs, now)
        for number in range(1, self.model.inputs + 1):
            self.facts.append(InputLevel(self.name, number, self.first_inputs[number - 1], now))
        self.outputs = outputs
        for number, (was, on) in enumerate(zip(self.before or outputs, outputs, strict=True), 1):
            if was != on:
                self.facts.append(OutputLevel(self.name, number, was, now))
            self.facts.append(OutputLevel(self.name, number, on, now))

    def _inputs(self, data: bytes, now: float) -> None:
        self.inputs_due = now + max(0.0, self.poll_s - self.took_s)
        if data == self.settled:
            self.hurry = False
            return
        self._sample(codec.bits(data, self.model.inputs), now)
        self.settled = None if any(debounce.unsure for debounce in self.debounces) else data

    def _sample(self, levels: tuple[bool, ...], now: float) -> None:
        known = [debounce.unsure for debounce in self.debounces]
        for number, (debounce, high) in enumerate(zip(self.debounces, levels, strict=True), 1):
            if debounce.sample(high, now):
                self.facts.append(InputLevel(self.name, number, high, now))
        unsure = [debounce.unsure for debounce in self.debounces]
        if any(unsure):
            self.inputs_due = min(self.inputs_due, now + max(0.0, CONFIRM_S - self.took_s))
        # Once for each change: an input that flickers for ever takes no more than every second look.
        self.hurry = not self.hurry and any(new and not old for new, old in zip(unsure, known, strict=True))

    def _outputs(self, levels: tuple[bool, ...], now: float) -> None:
        self.outputs_due = now + max(self.poll_s, OUTPUTS_S, OUTPUTS_SHARE * self.took_s if self.model.inputs else 0.0)
        if levels == self.outputs and not self.read_back:
            return
        before = self.outputs or levels
        asked = set(self.read_back)
        self.read_back.clear()
        self.outputs = levels
        for number, on in enumerate(levels, 1):
            if number in asked or on != before[number - 1]:
                self.facts.append(OutputLevel(self.name, number, on, now))

    def failed(self, want: BoardRequest, now: float, how: str) -> None:
        """The exchange brought no valid reply. `how` says what was seen, for the detail of a loss."""
        if want is BoardRequest.ORDER:
            self._order_unanswered(now)
        else:
            # One look a cycle while it does not answer: it costs the others one time-out.
            self.hurry = False
            self.inputs_due = now + self.poll_s
            self.outputs_due = max(self.outputs_due, now + self.poll_s)
        if self.probing:
            if want is not BoardRequest.ORDER:
                self.lose(now, self.lost or "silent", "")
            return
        self.fails += 1
        if self.fails == 1:
            self.first_fail = now
        if self.fails >= FAILS_TO_LOSE and now - self.first_fail >= LOSE_AFTER_S:
            self.lose(now, "silent", f"address {self.unit}: {how}")

    def _order_unanswered(self, now: float) -> None:
        waiting = self.orders[0]
        if waiting.attempts >= ORDER_ATTEMPTS:
            self.orders.popleft()
            self.facts.append(OrderFailed(self.name, waiting.order.order, "silent"))
            self._ask_read_back(waiting.order.number, now)
        self.order_due = now + RETRY_S
