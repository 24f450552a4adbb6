"""The far end of one door: a relay that times its own pulses, a contact, a line that can hang or be unplugged. Knows nothing of the core's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core import effects as fx
from agent.core import events as ev

LINE_S = 0.02
"""One exchange."""


@dataclass
class Relay:
    """The lock's output. `level` is lasting; a pulse runs until `pulse_end` and ends by itself, whoever lives."""

    level: bool = False
    pulse_end: float = 0.0
    pulse_from: float = 0.0

    def unlocked(self, now: float) -> bool:
        return self.level or self.pulse_from <= now < self.pulse_end


@dataclass
class DoorHardware:
    """Orders come as effects, facts go out as events through `post(delay, event)`."""

    name: str
    device: str
    post: Callable[[float, ev.Event], None]
    later: Callable[[float, Callable[[], None]], None]
    clock: Callable[[], float]
    contact: bool = True
    relay: Relay = field(default_factory=Relay)
    plugged: bool = True
    hung_until: float = 0.0
    busy_until: float = 0.0
    """Orders are carried out in turn."""
    carried_out: set[int] = field(default_factory=set)
    """Orders to unlock."""
    is_open: bool = False
    fire: bool = False
    exit_pressed: bool = False

    def order(self, effect: fx.PulseLock | fx.SetLock, now: float) -> None:
        if not self.plugged:
            self.post(LINE_S, ev.LockOrderFailed(self.name, effect.order, "lost"))
            return
        at = max(now, self.hung_until, self.busy_until)
        if at > effect.not_after_mono:
            self.post(effect.not_after_mono - now, ev.LockOrderFailed(self.name, effect.order, "late"))
            return
        self.busy_until = at
        if isinstance(effect, fx.PulseLock):
            runs_on = self.relay.level or self.relay.pulse_from <= now <= at <= self.relay.pulse_end
            self.relay = Relay(False, at + effect.seconds, now if runs_on else at)
            self.carried_out.add(effect.order)
        else:
            self.relay = Relay(effect.unlocked, 0.0)
        delay = at - now + LINE_S
        self.post(delay, ev.LockOrderSent(self.name, effect.order, at))
        self.post(delay, ev.LockRead(self.name, self.relay.unlocked(at)))
        if isinstance(effect, fx.PulseLock):
            self.later(at - now + effect.seconds + LINE_S, self.look)

    def look(self) -> None:
        """The driver reads the output and tells it."""
        if self.plugged:
            self.post(0.0, ev.LockRead(self.name, self.relay.unlocked(self.clock())))

    def unplug(self) -> None:
        self.plugged = False
        self.post(0.2, ev.DeviceGone(self.device, "port", "unplugged"))

    def plug(self) -> None:
        self.plugged = True
        self.found(0.2)

    def found(self, delay: float) -> None:
        """What a driver tells when it has found its device: outputs and inputs once."""
        self.post(delay, ev.DeviceBack(self.device, ""))
        self.later(delay, self.look)
        self.post(delay, ev.FireChanged(self.name, self.fire))
        if self.contact:
            self.post(delay, ev.ContactChanged(self.name, self.is_open))
        self.post(delay, ev.ExitChanged(self.name, self.exit_pressed))

    def push(self, now: float, *, force: bool = False) -> bool:
        """Somebody pulls at the door; it opens where the lock lets it (or is forced)."""
        if self.is_open or not (force or self.relay.unlocked(now)):
            return False
        self.is_open = True
        self._tell(ev.ContactChanged(self.name, open=True))
        return True

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._tell(ev.ContactChanged(self.name, open=False))

    def press(self, pressed: bool) -> None:
        if pressed is not self.exit_pressed:
            self.exit_pressed = pressed
            if self.plugged:
                self.post(LINE_S, ev.ExitChanged(self.name, pressed))

    def set_fire(self, active: bool) -> None:
        if active is not self.fire:
            self.fire = active
            if self.plugged:
                self.post(LINE_S, ev.FireChanged(self.name, active))

    def _tell(self, event: ev.Event) -> None:
        if self.plugged and self.contact:
            self.post(LINE_S, event)
