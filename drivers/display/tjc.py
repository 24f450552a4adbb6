"""The session of a TJC or Nextion panel: one instruction at a time, each acknowledged; keeps what the panel shows. Sans-IO.

What the panel shows is known by acknowledgements alone (bkcmd=3). A number written to a variable of the panel (the nonce) is read back
every 2 s: a panel that lost power has forgotten it, its pages and bkcmd, and gets everything again. Touched components are keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.display import hmi
from drivers.display.tjc_layout import Light, Picture, Shown, Text, TjcOptions, complete, next_step, picture
from drivers.display.tjc_words import SETTINGS, Act, Say, spoken
from drivers.facts import (
    DeviceFound,
    DeviceLost,
    DrawPage,
    Fact,
    KeyPressed,
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
"""A panel carries out what it gets as fast as the line brings it."""
REDRAW_S = 0.8
"""But a page change holds the next instruction for about 0.4 s (measured on an NX4832T035), and so does waking."""
BOOT_S = 0.5
"""From getting power until it takes instructions; shorter where the panel says that it is ready."""
GAP_S = 0.005
NONCE_S = 2.0
TRIES = 3
LOSE_AFTER_S = 1.0
"""Lost is a panel that gave no answer three times in a row and for so long: on a line with errors that alone does not happen."""
UNACKNOWLEDGED = 12
REFUSED = 3
"""Refusals in a row until the project counts as lacking what was named: one or two may be noise."""
LACKING_S = 60.0
"""Then it is tried again."""
AGAIN_S = 0.1
PROBES_S = (0.5, 1.0, 2.0)
TONES_S = {"yes": 0.12, "no": 0.6, "warning": 1.6}
"""As on the other kind of panel."""
TONE_LIFE_S = 1.0


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The instruction whose answer is awaited."""

    act: Act
    deadline: float


class TjcPanel:
    """A `drivers.session.Session` for the one panel on its line."""

    def __init__(self, devices: Sequence[tuple[str, TjcOptions]], baud: int) -> None:
        ((self._device, self._options),) = devices
        self._baud = baud
        self._returns = hmi.Returns()
        self._keys = {component: key for key, component in self._options.layout.keys.items()}
        self._facts: list[Fact] = []
        self._open = False
        self._connected = False
        self._settings_left: tuple[Say, ...] = SETTINGS
        self._told_found = False
        self._model = ""
        self._lost: str | None = None
        self._outstanding: Outstanding | None = None
        self._free_at = 0.0
        self._slow_until = 0.0
        self._tries = 0
        self._failing_since = 0.0
        self._unacknowledged = 0
        self._refusals = 0
        self._lacking: dict[tuple[str | None, str], float] = {}
        self._probes = 0
        self._nonce = 0
        self._check_at = 0.0
        self._asleep = False
        self._shown = Shown()
        self._wanted: DrawPage | None = None
        self._target: Picture | None = None
        self._drawn: int | None = None
        self._tone: tuple[str, float] | None = None
        self._pressed: tuple[int, int] | None = None

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
                self._target = picture(order, self._options)
                self._tell_drawn()
            case SoundTone() if order.tone in TONES_S and self._options.buzzer:
                self._tone = (order.tone, now + TONE_LIFE_S)
            case PulseOutput() | SetOutput() | PairReader() | SetReaderLine():
                self._facts.append(OrderFailed(order.device, order.order, "refused"))
            case _:
                pass

    def receive(self, data: bytes, now: float) -> None:
        for found in self._returns.add(data):
            match found:
                case hmi.Touched():
                    self._touched(found, now)
                case hmi.Started() | hmi.Ready():
                    self._restarted(now, BOOT_S if isinstance(found, hmi.Started) else GAP_S)
                case hmi.Slept():
                    self._asleep = True
                case hmi.Woke():
                    self._woke(now)
                case _:
                    self._take(found, now)

    def send(self, now: float) -> bytes | None:
        self._time_out(now)
        if not self._open or self._outstanding is not None or now < self._free_at:
            return None
        act = self._next(now)
        if act is None:
            return None
        frame = self._frame(act)
        self._returns.clear()
        self._outstanding = Outstanding(act, self._deadline(act, len(frame), now))
        return frame

    def wait(self, now: float) -> float:
        if not self._open:
            return math.inf
        if self._outstanding is not None:
            return max(0.0, self._outstanding.deadline - now)
        due = self._check_at
        if self._connected and (self._tries or self._tone or self._settings_left or self._draw_step() is not None):
            due = now
        return max(0.0, max(due, self._free_at) - now)

    def facts(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def pending(self) -> int:
        return 0

    # --- what to send

    def _next(self, now: float) -> Act | None:
        if not self._connected:
            return Say.CONNECT if now >= self._check_at else None
        if self._tries:
            return Say.CHECK
        if self._settings_left:
            return self._settings_left[0]
        if self._tone is not None:
            if now <= self._tone[1]:
                return Say.WAKE if self._asleep else Say.TONE
            self._tone = None
        for missing in [missing for missing, until in self._lacking.items() if now >= until]:
            del self._lacking[missing]
        step = self._draw_step()
        if step is not None:
            return step
        return Say.CHECK if now >= self._check_at else None

    def _draw_step(self) -> Act | None:
        """A sleeping panel takes no texts. Only what is more than the idle page wakes it."""
        if self._target is None or self._wanted is None:
            return None
        if self._asleep:
            return Say.WAKE if self._wanted.page != "idle" else None
        return next_step(self._shown, self._target, self._lacking)

    def _frame(self, act: Act) -> bytes:
        if act is Say.NONCE:
            self._nonce = self._nonce % 0xFFF0 + 1
        return spoken(act, self._options, self._nonce, TONES_S[self._tone[0]] if self._tone is not None else 0.0)

    def _deadline(self, act: Act, size: int, now: float) -> float:
        """From here on a page change or waking holds what follows."""
        deadline = max(now + wire_s(size + 16, self._baud) + ANSWER_S, self._slow_until)
        if isinstance(act, str) or act in (Say.WAKE, Say.CONNECT):
            self._slow_until = deadline = deadline + REDRAW_S
        return deadline

    # --- what a return means

    def _take(self, found: hmi.Return, now: float) -> None:
        if self._outstanding is None:
            return
        act = self._outstanding.act
        match act:
            case Say.CONNECT:
                if isinstance(found, hmi.Connected):
                    self._answered(act, now)
                    self._connected = True
                    self._slow_until = now  # it answers, so it is awake
                    self._model = found.model
                    self._settings_left = SETTINGS
            case Say.CHECK:
                if isinstance(found, hmi.Number):
                    self._answered(act, now)
                    self._checked(found.value, now)
                elif isinstance(found, hmi.Refused):
                    self._answered(act, now)
                    self._refused(act, found, now)
            case _:
                if isinstance(found, hmi.Done):
                    self._answered(act, now)
                    self._unacknowledged = 0
                    self._refusals = 0
                    self._done(act, now)
                elif isinstance(found, hmi.Refused):
                    self._answered(act, now)
                    self._unacknowledged = 0
                    self._refused(act, found, now)
        self._tell_drawn()

    def _answered(self, act: Act, now: float) -> None:
        self._outstanding = None
        self._free_at = now + GAP_S
        self._tries = 0

    def _done(self, act: Act, now: float) -> None:
        match act:
            case Text():
                self._shown.texts[act.name] = act.data
            case Light():
                self._shown.light = act.percent
            case str():
                self._shown.switched(act)
            case Say.TONE:
                self._tone = None
            case Say.WAKE:
                self._woke(now)
            case _:
                self._settings_left = self._settings_left[1:]
                if act is Say.NONCE:
                    self._check_at = now + NONCE_S
                    self._tell_found()

    def _refused(self, act: Act, why: hmi.Refused, now: float) -> None:
        """A project may lack a page or a text: it shows less then. It may not lack acknowledgements or the nonce."""
        self._refusals += 1
        if self._refusals < REFUSED:
            return
        self._refusals = 0
        reason = f"answer {why.code:02X}, {hmi.REFUSALS[why.code]}"
        match act:
            case Text():
                self._lack((self._shown.page, act.name), f"{act.name} on page {self._shown.page}", reason, now)
            case str():
                self._lack((None, act), f"page {act}", reason, now)
            case Light():
                self._shown.light = act.percent  # a panel without that setting
            case Say.TONE:
                self._tone = None
            case Say.SLEEP_AFTER | Say.WAKE_ON_TOUCH | Say.WAKE:
                self._done(act, now)
            case _:
                self._lose(now, "wrong", f"refuses {self._frame(act)[:-3].decode()} ({reason})")

    def _lack(self, what: tuple[str | None, str], name: str, reason: str, now: float) -> None:
        """Without a page, a title or a footer it still shows what is to be read; without a line of the body it does not."""
        self._lacking[what] = now + LACKING_S
        detail = f"its project has no {name} ({reason})"
        if what[1] not in self._options.layout.lines:
            self._facts.append(DeviceFound(self._device, f"{self._model}; WARNING: {detail}"))
        elif self._lost != "wrong":
            self._told_found, self._lost = False, "wrong"
            self._facts.append(DeviceLost(self._device, "wrong", detail))

    def _checked(self, value: int, now: float) -> None:
        self._check_at = now + NONCE_S
        if value != self._nonce and Say.NONCE not in self._settings_left:
            self._restarted(now, GAP_S)

    def _restarted(self, now: float, wait_s: float) -> None:
        """It lost power: everything is to be said again. Not told, unless it stays away."""
        told = self._told_found
        if self._connected or self._outstanding is not None:
            self._forget(now)
            self._told_found = told
        self._free_at = now + wait_s

    def _woke(self, now: float) -> None:
        """It loads its page anew when it wakes."""
        self._asleep = False
        self._slow_until = now + REDRAW_S
        self._shown.forget()

    def _touched(self, touch: hmi.Touched, now: float) -> None:
        """A press counts; letting go counts where the project tells only that."""
        where = (touch.page, touch.component)
        key = self._keys.get(touch.component)
        counts = touch.pressed or self._pressed != where
        self._pressed = where if touch.pressed else None
        if key is not None and counts:
            self._facts.append(KeyPressed(self._device, key, now))

    def _tell_found(self) -> None:
        """Once it has answered, acknowledged its settings and taken the nonce."""
        if not self._told_found:
            self._told_found, self._lost, self._probes = True, None, 0
            self._facts.append(DeviceFound(self._device, self._model))

    def _tell_drawn(self) -> None:
        if self._wanted is None or self._target is None or self._settings_left or self._wanted.token == self._drawn:
            return
        if self._asleep or self._draw_step() is not None or not complete(self._shown, self._target):
            return
        self._drawn = self._wanted.token
        self._tell_found()
        self._facts.append(PageDrawn(self._device, self._drawn))

    # --- silence

    def _time_out(self, now: float) -> None:
        """A missing answer is followed by a look at the nonce, whose answer no earlier instruction can give; then it is sent again."""
        if self._outstanding is None or now < self._outstanding.deadline:
            return
        act = self._outstanding.act
        if act not in (Say.CONNECT, Say.CHECK):
            self._shown.doubt(act)
            self._unacknowledged += 1
            if self._unacknowledged % TRIES == 0 and self._told_found:
                self._settings_left = SETTINGS[:1]  # acknowledgements may have been switched off
        self._outstanding = None
        self._free_at = now + GAP_S
        if not self._tries:
            self._failing_since = now
        self._tries += 1
        self._check_at = now + AGAIN_S
        if self._tries >= TRIES and now - self._failing_since >= LOSE_AFTER_S:
            self._lose(now, "silent", "no answer")
        elif self._unacknowledged >= UNACKNOWLEDGED:
            self._lose(now, "wrong", "answers, but acknowledges nothing (bkcmd=3)")

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
        self._connected = False
        self._settings_left = SETTINGS
        self._told_found = False
        self._outstanding = None
        self._tries = 0
        self._unacknowledged = 0
        self._refusals = 0
        self._lacking.clear()
        self._asleep = False
        self._pressed = None
        self._check_at = now
        self._free_at = now + GAP_S
        self._slow_until = now
        self._shown.forget()
        self._returns.clear()
