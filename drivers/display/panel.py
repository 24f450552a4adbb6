"""What the sessions of all panels do alike: one thing said at a time, each acknowledged; what the panel shows is kept. Sans-IO.

What a panel shows is known by acknowledgements alone. A number written to a spare variable of it (the nonce) is read back every 2 s: a panel
that lost power has forgotten it and gets everything again. A protocol's own file says how things are said and what an answer means.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from contract.frozen import frozen
from drivers.reports import (
    UNKNOWN,
    DeviceFoundReport,
    DeviceLostReport,
    DrawPage,
    Fact,
    Order,
    OrderFailed,
    PageReport,
    PairReader,
    PlayTone,
    PulseOutput,
    SetOutput,
    SetReaderLine,
)
from drivers.tones import Sounding
from drivers.wire import wire_s

ANSWER_S = 0.15
"""A DWIN answers within 20 ms, but a page or a large text can hold one DGUS cycle (up to 100 ms); a TJC as fast as the line brings it."""
ANSWER_BYTES = 16
GAP_S = 0.005
"""Between an answer and what is said next."""
NONCE_S = 2.0
TRIES = 3
LOSE_AFTER_S = 1.0
"""Lost is a panel that gave no answer three times in a row and for so long: on a line with errors that alone does not happen."""
UNACKNOWLEDGED = 12
AGAIN_S = 0.1
PROBES_S = (0.5, 1.0, 2.0)


class PanelOptions(Protocol):
    """What every panel's options have."""

    @property
    def buzzer(self) -> int:
        """Nothing where it has none."""


ActT = TypeVar("ActT")
OptionsT = TypeVar("OptionsT", bound=PanelOptions)


@frozen
class Outstanding(Generic[ActT]):
    """What was said and is not answered yet."""

    act: ActT
    deadline: float


class PanelSession(ABC, Generic[ActT, OptionsT]):
    """A `drivers.session.Session` for the one panel on its line, but for how its protocol says things (an `ActT` each).

    `HELLO` is asked until it answers, `CHECK` reads the nonce, `TONE` is one beep; `MUTE` says what is wrong with one that acknowledges nothing.
    """

    unasked = False

    HELLO: ClassVar[Any]
    CHECK: ClassVar[Any]
    TONE: ClassVar[Any]
    MUTE: ClassVar[str]

    def __init__(self, devices: Sequence[tuple[str, OptionsT]], baud: int) -> None:
        ((self._device, self._options),) = devices
        self._baud = baud
        self._facts: list[Fact] = []
        self._open = False
        self._alive = False
        """It answers; whether it has its settings is another matter."""
        self._told_found = False
        self._lost: str | None = None
        self._outstanding: Outstanding[ActT] | None = None
        self._free_at = 0.0
        self._tries = 0
        self._failing_since = 0.0
        self._unacknowledged = 0
        self._probes = 0
        self._nonce = 0
        self._check_at = 0.0
        self._wanted: DrawPage | None = None
        self._drawn: int | None = None
        self._tone = Sounding()
        self._beeped = 0
        """Which tone the beep that was said last is of."""

    # --- a protocol's own

    @property
    @abstractmethod
    def _detail(self) -> str:
        """What the panel says it is."""

    @abstractmethod
    def _aim(self, page: DrawPage) -> None:
        """Take `page` as what is to be shown."""

    @abstractmethod
    def _setting(self) -> ActT | None:
        """What it must be told before anything can be shown, the nonce at last."""

    @abstractmethod
    def _step(self) -> ActT | None:
        """The next thing that the wanted page lacks."""

    @abstractmethod
    def _whole(self) -> bool:
        """Whether the panel shows all of the wanted page."""

    @abstractmethod
    def _frame(self, act: ActT) -> bytes:
        """The bytes to say it."""

    @abstractmethod
    def _doubt(self, act: ActT) -> None:
        """It was said and not acknowledged: it may have been taken, or not."""

    @abstractmethod
    def _start_anew(self, now: float) -> None:
        """Nothing is known of the panel."""

    def _deadline(self, act: ActT, size: int, now: float) -> float:
        """Until when an answer can be expected to a frame of `size` bytes."""
        return now + wire_s(size + ANSWER_BYTES, self._baud) + ANSWER_S

    @abstractmethod
    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        """As in `Session`. Ends in `_answered` for what answers the outstanding act."""

    @abstractmethod
    def _clear_received(self) -> None:
        """What arrived so far answers nothing that is said from now on."""

    # --- session

    def opened(self, now: float) -> None:
        self._open = True
        self._probes = 0
        self._forget(now)

    def closed(self, now: float, why: str) -> None:
        self._open = False
        self._lose(now, "port", why)

    def order(self, order: Order, now: float) -> None:
        match order:
            case DrawPage():
                self._wanted = order
                self._aim(order)
                self._tell_drawn()
            case PlayTone() if self._options.buzzer:
                self._tone.begin(order.tone, now)
            case PulseOutput() | SetOutput() | PairReader() | SetReaderLine():
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            case _:
                pass

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        if not self._open or self._outstanding is not None or now < self._free_at:
            return None
        act = self._next(now)
        if act is None:
            return None
        frame = self._frame(act)
        self._clear_received()
        self._outstanding = Outstanding(act, self._deadline(act, len(frame), now))
        return frame

    def wait(self, now: float) -> float:
        if not self._open:
            return math.inf
        if self._outstanding is not None:
            return max(0.0, self._outstanding.deadline - now)
        due = self._check_at
        if self._alive:
            beep = self._tone.next_at
            due = due if beep is None else min(due, beep)
            if self._tries or self._setting() is not None or self._step() is not None:
                due = now
        return max(0.0, max(due, self._free_at) - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return 0

    # --- what to say

    def _next(self, now: float) -> ActT | None:
        act: ActT | None
        if not self._alive:
            act = self.HELLO if now >= self._check_at else None
        elif self._tries:
            act = self.CHECK
        else:
            wanted = (each for each in (self._setting(), self._sound(now), self._step()) if each is not None)
            act = next(wanted, self.CHECK if now >= self._check_at else None)
        return act

    def _sound(self, now: float) -> ActT | None:
        return self.TONE if self._tone.due(now) else None

    def _beep_s(self) -> float:
        """How long the beep lasts that is said now."""
        self._beeped = self._tone.number
        return self._tone.beep_s

    def _new_nonce(self) -> int:
        self._nonce = self._nonce % 0xFFF0 + 1
        return self._nonce

    # --- what an answer means

    def _answered(self, now: float, *, acknowledged: bool) -> None:
        """The outstanding act is done with."""
        self._outstanding = None
        self._free_at = now + GAP_S
        self._tries = 0
        if acknowledged:
            self._unacknowledged = 0

    def _tell_found(self) -> None:
        """Once it has answered, acknowledged its settings and taken the nonce."""
        if not self._told_found:
            self._told_found, self._lost, self._probes = True, None, 0
            self._facts.append(DeviceFoundReport(self._device, self._detail))

    def _tell_drawn(self) -> None:
        if self._wanted is None or self._wanted.token == self._drawn or self._setting() is not None:
            return
        if self._whole():
            self._drawn = self._wanted.token
            self._tell_found()
            self._facts.append(PageReport(self._device, self._drawn))

    # --- silence

    def _time_out(self, now: float) -> None:
        """A missing answer is followed by a look at the nonce, whose answer nothing said before can give; then it is said again."""
        if self._outstanding is None or now < self._outstanding.deadline:
            return
        act = self._outstanding.act
        if act not in (self.HELLO, self.CHECK):
            self._unacknowledged += 1
            self._doubt(act)
        self._outstanding = None
        self._free_at = now + GAP_S
        if not self._tries:
            self._failing_since = now
        self._tries += 1
        self._check_at = now + AGAIN_S
        if self._tries >= TRIES and now - self._failing_since >= LOSE_AFTER_S:
            self._lose(now, "silent", "no answer")
        elif self._unacknowledged >= UNACKNOWLEDGED:
            self._lose(now, "wrong", self.MUTE)

    def _lose(self, now: float, reason: str, detail: str) -> None:
        """From now on only probed, ever more rarely. Told once for each reason."""
        self._forget(now)
        self._check_at = now + PROBES_S[min(self._probes, len(PROBES_S) - 1)]
        self._probes += 1
        if self._lost != reason:
            self._lost = reason
            self._facts.append(DeviceLostReport(self._device, reason, detail))

    def _forget(self, now: float) -> None:
        """Nothing is known of the panel: find it, then draw all of the page wanted."""
        self._alive = False
        self._told_found = False
        self._outstanding = None
        self._tries = 0
        self._unacknowledged = 0
        self._check_at = now
        self._free_at = now + GAP_S
        self._clear_received()
        self._start_anew(now)
