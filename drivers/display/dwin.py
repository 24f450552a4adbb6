"""The session of a DWIN DGUS II panel: one frame at a time, each acknowledged; keeps what the panel shows. Sans-IO.

What the panel shows is known by acknowledgements alone. A number written to a spare variable (the nonce) is read back every 2 s: a panel
that lost power has forgotten it and gets everything again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.display import dgus
from drivers.display.layout import DwinOptions, Image, Piece, image, next_write
from drivers.facts import (
    DeviceFound,
    DeviceLost,
    DrawPage,
    Fact,
    Order,
    OrderFailed,
    PageDrawn,
    PairReader,
    PulseOutput,
    SetOutput,
    SetReaderLine,
    SoundTone,
)
from drivers.wire import wire_s

ANSWER_S = 0.15
"""Panels answer within 20 ms; a page switch or a large text can hold one DGUS cycle (up to 100 ms)."""
GAP_S = 0.005
"""Between an answer and the next frame."""
NONCE_S = 2.0
TRIES = 3
LOSE_AFTER_S = 1.0
"""Lost is a panel that gave no answer three times in a row and for so long: on a line with errors that alone does not happen."""
UNACKNOWLEDGED = 12
AGAIN_S = 0.1
PROBES_S = (0.5, 1.0, 2.0)
TONES_S = {"yes": 0.12, "no": 0.6, "warning": 1.6}
"""One short, one long, one very long beep: told apart without looking."""
TONE_LIFE_S = 1.0
"""A tone that could not be sounded within a second says nothing any more."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The frame whose answer is awaited. `what`: version, nonce (write), check (read the nonce), page, tone or a piece."""

    what: str | Piece | int
    frame: bytes
    deadline: float


class DwinPanel:
    """A `drivers.session.Session` for the one panel on its line."""

    def __init__(self, devices: Sequence[tuple[str, DwinOptions]], baud: int) -> None:
        ((self._device, self._options),) = devices
        self._baud = baud
        self._answers = dgus.Answers(crc=self._options.crc)
        self._facts: list[Fact] = []
        self._open = False
        self._answers_reads = False
        self._told_found = False
        self._version = ""
        self._lost: str | None = None
        self._outstanding: Outstanding | None = None
        self._free_at = 0.0
        self._tries = 0
        self._failing_since = 0.0
        self._unacknowledged = 0
        self._probes = 0
        self._nonce = 0
        self._nonce_written = False
        self._check_at = 0.0
        self._shown: dict[int, bytes] = {}
        self._page: int | None = None
        self._wanted: DrawPage | None = None
        self._target: Image | None = None
        self._drawn: int | None = None
        self._tone: tuple[str, float] | None = None

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
                self._target = image(order, self._options)
                self._tell_drawn()
            case SoundTone() if order.tone in TONES_S and self._options.buzzer:
                self._tone = (order.tone, now + TONE_LIFE_S)
            case PulseOutput() | SetOutput() | PairReader() | SetReaderLine():
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            case _:
                pass

    def receive(self, data: bytes, now: float) -> None:
        for answer in self._answers.add(data):
            if self._outstanding is not None and self._fits(self._outstanding, answer):
                outstanding, self._outstanding = self._outstanding, None
                self._free_at = now + GAP_S
                self._tries = 0
                self._answered(outstanding.what, answer, now)

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        if not self._open or self._outstanding is not None or now < self._free_at:
            return None
        what = self._next(now)
        if what is None:
            return None
        frame = self._frame(what)
        self._answers.clear()
        self._outstanding = Outstanding(what, frame, now + wire_s(len(frame) + 16, self._baud) + ANSWER_S)
        return frame

    def wait(self, now: float) -> float:
        if not self._open:
            return math.inf
        if self._outstanding is not None:
            return max(0.0, self._outstanding.deadline - now)
        due = self._check_at
        if self._answers_reads and (self._tries or self._tone or not self._nonce_written or self._unfinished()):
            due = now
        return max(0.0, max(due, self._free_at) - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return 0

    # --- what to send

    def _next(self, now: float) -> str | Piece | int | None:
        if not self._answers_reads:
            return "version" if now >= self._check_at else None
        if self._tries:
            return "check"
        if not self._nonce_written:
            return "nonce"
        if self._tone is not None:
            if now <= self._tone[1]:
                return "tone"
            self._tone = None
        if self._target is not None:
            step = next_write(self._shown, self._page, self._target)
            if step is not None:
                return step
        return "check" if now >= self._check_at else None

    def _unfinished(self) -> bool:
        return self._target is not None and next_write(self._shown, self._page, self._target) is not None

    def _frame(self, what: str | Piece | int) -> bytes:
        crc = self._options.crc
        match what:
            case Piece():
                return dgus.write_vp(what.vp, what.data, crc=crc)
            case int():
                return dgus.switch_page(what, crc=crc)
            case "version":
                return dgus.read_vp(dgus.VP_VERSION, 1, crc=crc)
            case "nonce":
                self._nonce = self._nonce % 0xFFF0 + 1
                return dgus.write_vp(self._options.nonce, self._nonce.to_bytes(2, "big"), crc=crc)
            case "tone":
                assert self._tone is not None
                return dgus.sound_buzzer(TONES_S[self._tone[0]], crc=crc)
            case _:
                return dgus.read_vp(self._options.nonce, 1, crc=crc)

    # --- what an answer means

    def _fits(self, outstanding: Outstanding, answer: dgus.Answer) -> bool:
        """A read is answered by its own variable; a touch may upload others in between."""
        match outstanding.what:
            case "version":
                return isinstance(answer, dgus.Words) and answer.vp == dgus.VP_VERSION
            case "check":
                return isinstance(answer, dgus.Words) and answer.vp == self._options.nonce
            case _:
                return isinstance(answer, dgus.Acknowledged)

    def _answered(self, what: str | Piece | int, answer: dgus.Answer, now: float) -> None:
        if isinstance(answer, dgus.Acknowledged):
            self._unacknowledged = 0
        match what:
            case Piece():
                self._shown[what.vp] = what.data
            case int():
                self._page = what
            case "version":
                assert isinstance(answer, dgus.Words)
                self._answers_reads = True
                self._version = answer.data.hex()
            case "nonce":
                self._nonce_written = True
                self._check_at = now + NONCE_S
                self._tell_found()
            case "tone":
                self._tone = None
            case _:
                assert isinstance(answer, dgus.Words)
                self._checked(answer.data, now)
        self._tell_drawn()

    def _checked(self, data: bytes, now: float) -> None:
        self._check_at = now + NONCE_S
        if data != self._nonce.to_bytes(2, "big"):
            self._nonce_written = False
            self._shown.clear()
            self._page = None

    def _tell_found(self) -> None:
        """Once it has answered a read and acknowledged a write."""
        if not self._told_found:
            self._told_found, self._lost, self._probes = True, None, 0
            self._facts.append(DeviceFound(self._device, f"DGUS II, version {self._version}"))

    def _tell_drawn(self) -> None:
        if self._wanted is None or not self._nonce_written or self._wanted.token == self._drawn or self._unfinished():
            return
        self._drawn = self._wanted.token
        self._facts.append(PageDrawn(self._device, self._drawn))

    # --- silence

    def _time_out(self, now: float) -> None:
        """A missing answer is followed by a look at the nonce, whose answer no earlier frame can give; then the frame is sent again."""
        if self._outstanding is None or now < self._outstanding.deadline:
            return
        what = self._outstanding.what
        if what not in ("version", "check"):
            self._unacknowledged += 1
        if isinstance(what, Piece):
            self._shown.pop(what.vp, None)  # it may have been taken, or not
        elif isinstance(what, int):
            self._page = None
        self._outstanding = None
        self._free_at = now + GAP_S
        if not self._tries:
            self._failing_since = now
        self._tries += 1
        self._check_at = now + AGAIN_S
        if self._tries >= TRIES and now - self._failing_since >= LOSE_AFTER_S:
            self._lose(now, "silent", "no answer")
        elif self._unacknowledged >= UNACKNOWLEDGED:
            self._lose(now, "wrong", "answers, but acknowledges no write: switch acknowledgements on in its .CFG")

    def _lose(self, now: float, reason: str, detail: str) -> None:
        """From now on only probed, ever more rarely. Told once for each reason."""
        self._forget(now)
        self._check_at = now + PROBES_S[min(self._probes, len(PROBES_S) - 1)]
        self._probes += 1
        if self._lost != reason:
            self._lost = reason
            self._facts.append(DeviceLost(self._device, reason, detail))

    def _forget(self, now: float) -> None:
        """Nothing is known of the panel: find it, then draw all of the page wanted."""
        self._answers_reads = False
        self._told_found = False
        self._nonce_written = False
        self._outstanding = None
        self._tries = 0
        self._unacknowledged = 0
        self._check_at = now
        self._free_at = now + GAP_S
        self._shown.clear()
        self._page = None
        self._answers.clear()
