"""Hands each effect to the shell that carries it out. Decides nothing; no shell is called from anywhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent import limits
from agent.calendar import Calendar
from agent.clock import Clock
from agent.core import effects
from agent.core.effects import Effect
from agent.core.effects.software import SoftwareEffect
from agent.devices import DeviceEffect, Devices
from agent.link.client import Link
from agent.sealed import Sealed
from agent.statusfile import StatusFile
from agent.store import Store
from agent.update.shell import Updates

log = logging.getLogger("core")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_STORE = (
    effects.SaveLatch,
    effects.SaveLockdown,
    effects.AppendFacts,
    effects.LoadBatch,
    effects.ConfirmFacts,
    effects.SaveState,
    effects.DropNotices,
    effects.ForgetNotices,
    effects.AllowCardKeys,
    effects.EraseHolder,
    effects.Purge,
)
_SEALED = (effects.OpenSecrets, effects.UseCardKeys, effects.UseLogin, effects.KeepSecrets)
_CLOCK = (effects.SetClock, effects.RaiseFloor, effects.UseTimezone)


class Dispatch:
    """Called by the loop, on its thread."""

    def __init__(
        self,
        *,
        devices: Devices,
        store: Store,
        link: Link | None,
        clock: Clock,
        calendar: Calendar,
        status: StatusFile,
        sealed: Sealed,
        updates: Updates,
        spend_token: Callable[[], None],
        sheet_told: Callable[[str], None],
        stop: Callable[[bool], None],
    ) -> None:
        self._devices = devices
        self._store = store
        self._link = link
        self._clock = clock
        self._calendar = calendar
        self._status = status
        self._sealed = sealed
        self._updates = updates
        self._spend_token = spend_token
        self._sheet_told = sheet_told
        self._stop = stop

    def __call__(self, effect: Effect) -> None:
        if isinstance(effect, DeviceEffect):
            self._devices.order(effect)
        elif isinstance(effect, _STORE):
            self._store.order(effect)
        elif isinstance(effect, _SEALED):
            self._open(effect)
        elif isinstance(effect, _CLOCK):
            self._set_clock(effect)
        elif isinstance(effect, SoftwareEffect):
            self._updates.order(effect)
        elif isinstance(effect, effects.WriteLog):
            log.log(_LEVELS.get(effect.level, logging.INFO), "%s", effect.text)
        elif isinstance(effect, effects.SpendToken):
            self._spend_token()
        elif isinstance(effect, effects.SheetTold):
            self._sheet_told(effect.sheet)
        elif isinstance(effect, effects.Stop):
            self._stop(effect.fault)
        elif isinstance(effect, effects.Connect):
            self._calendar.start()
            if self._link is not None:
                self._link.start()
        else:
            if isinstance(effect, effects.SendStatus):
                self._status.write(effect.status)
            if self._link is not None:
                self._link.order(effect)

    def _open(self, effect: effects.OpenSecrets | effects.UseCardKeys | effects.UseLogin | effects.KeepSecrets) -> None:
        """What is inside of secrets goes from here to the shell that uses it."""
        match effect:
            case effects.OpenSecrets():
                self._sealed.order(effect)
            case effects.UseCardKeys(keys):
                self._devices.use_card_keys(self._sealed.card_keys(keys))
                revs = dict.fromkeys(rev for rev, _ in keys)
                self._devices.use_pin_keys(self._sealed.pin_keys(revs))
                self._devices.use_visitor_keys(self._sealed.visitor_keys(revs))
            case effects.UseLogin(rev):
                if self._link is not None:
                    self._link.use_login(self._sealed.login(rev))
            case effects.KeepSecrets():
                self._sealed.order(effect)
                self._store.order(effect)

    def _set_clock(self, effect: effects.SetClock | effects.RaiseFloor | effects.UseTimezone) -> None:
        match effect:
            case effects.SetClock(utc, at_mono, doubted):
                step = self._clock.set(utc, at_mono, doubted=doubted)
                if abs(step) > limits.CLOCK_STEP_S:
                    self._calendar.rearm()
            case effects.RaiseFloor(utc, confirmed_utc):
                self._clock.raise_floor(utc, confirmed_utc)
            case effects.UseTimezone(timezone):
                self._clock.use_timezone(timezone)
                self._calendar.rearm()
