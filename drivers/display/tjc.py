"""The session of a TJC or Nextion panel: how its components are told and what it returns. Sans-IO.

It keeps neither its pages nor bkcmd over a loss of power: it gets everything again. Touched components are keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from drivers.display import hmi
from drivers.display.panel import GAP_S, NONCE_S, TRIES, PanelSession
from drivers.display.tjc_layout import Backlight, Picture, Shown, Text, TjcOptions, complete, next_step, picture
from drivers.display.tjc_words import SETTINGS, Act, TjcQuery, spoken
from drivers.reports import UNKNOWN, DeviceFoundReport, DeviceLostReport, DrawPage, KeyReport

REDRAW_S = 0.8
"""But a page change holds the next instruction for about 0.4 s (measured on an NX4832T035), and so does waking."""
BOOT_S = 0.5
"""From getting power until it takes instructions; shorter where the panel says that it is ready."""
REFUSED = 3
"""Refusals in a row until the project counts as lacking what was named: one or two may be noise."""
LACKING_S = 60.0
"""Then it is tried again."""


class TjcPanel(PanelSession[Act, TjcOptions]):
    """A `drivers.session.Session` for the one panel on its line."""

    HELLO, CHECK, TONE = TjcQuery.CONNECT, TjcQuery.CHECK, TjcQuery.TONE
    MUTE = "answers, but acknowledges nothing (bkcmd=3)"

    SETTINGS: ClassVar[tuple[TjcQuery, ...]] = SETTINGS

    unasked = True  # its keys

    def __init__(self, devices: Sequence[tuple[str, TjcOptions]], baud: int) -> None:
        super().__init__(devices, baud)
        self._returns = hmi.Returns()
        self._keys = {component: key for key, component in self._options.plain.keys.items()}
        self._settings_left = self.SETTINGS
        self._model = ""
        self._slow_until = 0.0
        self._refusals = 0
        self._lacking: dict[tuple[str | None, str], float] = {}
        self._asleep = False
        self._shown = Shown()
        self._target: Picture | None = None
        self._pressed: tuple[int, int] | None = None

    @property
    def _detail(self) -> str:
        return self._model

    def _start_anew(self, now: float) -> None:
        self._settings_left = self.SETTINGS
        self._refusals = 0
        self._lacking.clear()
        self._asleep = False
        self._pressed = None
        self._slow_until = now
        self._shown.forget()

    def _clear_received(self) -> None:
        self._returns.clear()

    # --- what to say

    def _aim(self, page: DrawPage) -> None:
        self._target = picture(page, self._options)

    def _setting(self) -> Act | None:
        return self._settings_left[0] if self._settings_left else None

    def _sound(self, now: float) -> Act | None:
        tone = super()._sound(now)
        return TjcQuery.WAKE if tone is not None and self._asleep else tone

    def _step(self) -> Act | None:
        """A sleeping panel takes no texts. Only what is more than the idle page wakes it."""
        if self._wanted is None:
            return None
        if self._asleep:
            return TjcQuery.WAKE if self._wanted.page != "idle" else None
        return self._drawing()

    def _drawing(self) -> Act | None:
        """The next step of drawing, on a panel that is awake."""
        return None if self._target is None else next_step(self._shown, self._target, self._lacking)

    def _stands(self) -> bool:
        """Whether all that is to be read stands there."""
        return self._target is not None and complete(self._shown, self._target)

    def _whole(self) -> bool:
        return not self._asleep and self._step() is None and self._stands()

    def _frame(self, act: Act) -> bytes:
        nonce = self._new_nonce() if act is TjcQuery.NONCE else self._nonce
        return spoken(act, self._options, nonce, self._beep_s())

    def _deadline(self, act: Act, size: int, now: float) -> float:
        """From here on a page change or waking holds what follows."""
        deadline = max(super()._deadline(act, size, now), self._slow_until)
        if isinstance(act, str) or act in (TjcQuery.WAKE, TjcQuery.CONNECT):
            self._slow_until = deadline = deadline + REDRAW_S
        return deadline

    # --- what a return means

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        for found in self._returns.add(data):
            match found:
                case hmi.Touched() | hmi.TouchedAt():
                    self._touched(found, now, not_before)
                case hmi.PanelStarted() | hmi.Ready():
                    self._restarted(now, BOOT_S if isinstance(found, hmi.PanelStarted) else GAP_S)
                case hmi.Slept():
                    self._asleep = True
                case hmi.Woke():
                    self._woke(now)
                case _:
                    self._take(found, now)

    def _take(self, found: hmi.Return, now: float) -> None:
        if self._outstanding is None:
            return
        act = self._outstanding.act
        match act, found:
            case TjcQuery.CONNECT, hmi.Connected():
                self._answered(now, acknowledged=False)
                self._alive = True
                self._slow_until = now  # it answers, so it is awake
                self._model = found.model
                self._settings_left = self.SETTINGS
            case TjcQuery.CONNECT, _:
                return
            case TjcQuery.CHECK, hmi.Number():
                self._answered(now, acknowledged=False)
                self._checked(found.value, now)
            case TjcQuery.CHECK, hmi.Done():
                return
            case _, hmi.Done():
                self._answered(now, acknowledged=True)
                self._refusals = 0
                self._done(act, now)
            case _, hmi.Refused():
                self._answered(now, acknowledged=act is not TjcQuery.CHECK)
                self._refused(act, found, now)
            case _:
                return
        self._tell_drawn()

    def _done(self, act: Act, now: float) -> None:
        match act:
            case Text():
                self._shown.texts[act.name] = act.data
            case Backlight():
                self._shown.light = act.percent
            case str():
                self._shown.switched(act)
            case TjcQuery.TONE:
                self._tone.sounded(self._beeped, now)
            case TjcQuery.WAKE:
                self._woke(now)
            case _:
                self._settings_left = self._settings_left[1:]
                if act is TjcQuery.NONCE:
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
            case Backlight():
                self._shown.light = act.percent  # a panel without that setting
            case TjcQuery.TONE:
                self._tone.stop()
            case TjcQuery.SLEEP_AFTER | TjcQuery.WAKE_ON_TOUCH | TjcQuery.TOUCH_POINTS | TjcQuery.WAKE:
                self._done(act, now)
            case _:
                self._lose(now, "wrong", f"refuses {self._frame(act)[:-3].decode()} ({reason})")

    def _lack(self, what: tuple[str | None, str], name: str, reason: str, now: float) -> None:
        """Without a page, a title or a footer it still shows what is to be read; without a line of the body it does not."""
        self._lacking[what] = now + LACKING_S
        detail = f"its project has no {name} ({reason})"
        if what[1] not in self._options.plain.lines:
            self._facts.append(DeviceFoundReport(self._device, f"{self._model}; WARNING: {detail}"))
        elif self._lost != "wrong":
            self._told_found, self._lost = False, "wrong"
            self._facts.append(DeviceLostReport(self._device, "wrong", detail))

    def _checked(self, value: int, now: float) -> None:
        self._check_at = now + NONCE_S
        for missing in [missing for missing, until in self._lacking.items() if now >= until]:
            del self._lacking[missing]
        if value != self._nonce and TjcQuery.NONCE not in self._settings_left:
            self._restarted(now, GAP_S)

    def _restarted(self, now: float, wait_s: float) -> None:
        """It lost power: everything is to be said again. Not told, unless it stays away."""
        told = self._told_found
        if self._alive or self._outstanding is not None:
            self._forget(now)
            self._told_found = told
        self._free_at = now + wait_s

    def _woke(self, now: float) -> None:
        """It loads its page anew when it wakes."""
        self._asleep = False
        self._slow_until = now + REDRAW_S
        self._shown.forget()

    def _touched(self, touch: hmi.Touched | hmi.TouchedAt, now: float, not_before: float) -> None:
        """A press counts; letting go counts where the project tells only that."""
        if isinstance(touch, hmi.TouchedAt):
            return
        where = (touch.page, touch.component)
        key = self._keys.get(touch.component)
        counts = touch.pressed or self._pressed != where
        self._pressed = where if touch.pressed else None
        if key is not None and counts:
            self._facts.append(KeyReport(self._device, key, now, not_before))

    def _doubt(self, act: Act) -> None:
        self._shown.doubt(act)
        if self._unacknowledged % TRIES == 0 and self._told_found:
            self._settings_left = self.SETTINGS[:1]  # acknowledgements may have been switched off
