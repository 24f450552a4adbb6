"""The rules of the door as a bystander sees them: every order must have a cause that the bystander knows by itself, from the world and not from the core's state."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.state import State
from agent.core.time import Now, Trust
from agent.core.weekly import Times, within
from contract.bounds import parse_rfc3339
from contract.commands import Open
from contract.messages import Holder, Role, Settings
from contract.scopes import Scope
from tests.world.keypads import KeypadWatch
from tests.world.openings import DoorWatch
from tests.world.told import told
from tests.world.welcomes import WelcomeWatch

if TYPE_CHECKING:
    from tests.world.world import World

CAP_S = 60.0
BY_SCHEDULE = "by its schedule"


class Watch:
    """Called after each step; raises AssertionError where a rule is broken."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.opened_by: dict[str, int] = {}
        """How often each remote open moved a lock, over all runs."""
        self.modes: dict[str, tuple[str, float]] = {}
        """By door: commanded mode and its end (monotonic)."""
        self.unconfirmed: set[str] = set()
        """Doors locked down by the file of before the start, until the journal says what is so."""
        self.ends: dict[str, float] = {}
        """By door: the end (UTC) of a mode from before the start, while the clock is not trusted."""
        self.latched: set[str] = set()
        self.loaded = False
        self.fire_told: dict[str, bool] = {}
        self.asked: dict[str, float] = {}
        """By door: until when somebody who asked may pass."""
        self.booted_mono = 0.0
        self.clock: tuple[Trust, float] | None = None
        self.set_mono = 0.0
        """Since when the clock is as it is."""
        self.commanded: set[str] = set()
        """Doors held open by command, as of the step before."""
        self.strangers = False
        """Somebody else switches the outputs too."""
        self.last_tap: dict[str, tuple[tuple[str, ...], float]] = {}
        self.keypads = KeypadWatch(self)
        self.doors = DoorWatch(self)
        self.welcomes = WelcomeWatch(self)
        self.key_told = False
        """Over this connection, or the token was spent before it."""

    def booted(self) -> None:
        self.modes, self.ends, self.loaded, self.last_tap, self.fire_told = {}, {}, False, {}, {}
        self.latched = set(self.world.disk.latched)
        self.booted_mono = self.world.mono
        self.keypads.booted()
        self.doors.booted()
        self.welcomes.booted()
        self.unconfirmed = {kept.door for kept in self.world.disk.lockdown}
        self.modes = dict.fromkeys(self.unconfirmed, ("lockdown", math.inf))

    def stepped(self, before: State, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        if isinstance(event, ev.HoldersReplaced):
            self.loaded = True
        if told(found, "command.accepted"):
            assert now.clock in {Trust.SYNCED, Trust.HOLDOVER}, "accepted without a clock"
        self._modes(event, found, now)
        self._schedules(event, found, now)
        self._told(before, found)
        self._fire(event, found)
        self._asks(event, now, found)
        self._unlocks(event, now, found)
        self._cards(event, now, found)
        self._exits(event, found)
        self.keypads.stepped(event, now, found)
        self.doors.stepped(event, now, found)
        self.welcomes.stepped(now, found)
        self._notices()
        self._key(event, found)
        faults = [str(data["detail"]) for data in told(found, "lock.fault")]
        unasked = [each for each in faults if not each.startswith("did not unlock: order ")]
        assert self.strangers or not unasked, "nobody but the agent ever switches a lock here"

    def mode(self, door: str, now: Now) -> str:
        name, until = self.modes.get(door, ("normal", 0.0))
        return name if now.mono < until else "normal"

    def safe_unlocked(self, door: str, now: Now) -> bool:
        plan = next(p for p in self.world.plan.doors if p.id == door)
        return plan.safe_state == "unlocked" and not self.loaded and self.mode(door, now) == "normal"

    def _modes(self, event: ev.Event, found: tuple[fx.Effect, ...], now: Now) -> None:
        trusted = now.clock in {Trust.SYNCED, Trust.HOLDOVER}
        if isinstance(event, ev.ClockStepped) and trusted:
            for door, end in self.ends.items():
                self.modes[door] = (self.modes[door][0], now.mono + end - now.utc)
            self.ends.clear()
        modes = told(found, "door.mode")
        for data in modes:
            self.ends.pop(data["door"], None)
            end = parse_rfc3339(str(data["until"])) if "until" in data else None
            if data.get("detail") == BY_SCHEDULE:  # by the hour, wherever the clock goes: its end is told
                self.modes[str(data["door"])] = ("hold_open", math.inf)
                continue
            self.modes[data["door"]] = (data["mode"], 0.0 if end is None else now.mono + end - now.utc)
            if end is not None and not trusted:
                self.ends[data["door"]] = end
        if isinstance(event, ev.StoreOpened):
            for door in self.unconfirmed - {data["door"] for data in modes}:
                del self.modes[door]
            self.unconfirmed = set()
            known = 0.0 if event.known is None else event.known.floor_utc
            for kept in event.modes:
                if kept.until_utc > (known if now.sure_utc is None else now.sure_utc):
                    mode = "lockdown" if kept.mode == "lockdown" else "normal"
                    assert [d["mode"] for d in modes if d["door"] == kept.door] == [mode], "what was commanded is lost"

    def _schedules(self, event: ev.Event, found: tuple[fx.Effect, ...], now: Now) -> None:
        """Held open within its hours alone, by a clock that is set, and not where the hours had begun before the start."""
        clock = (now.clock, round(now.utc - now.mono, 1))
        if clock != self.clock:
            self.clock, self.set_mono = clock, now.mono
        begun = {str(data["door"]) for data in told(found, "door.mode") if data.get("detail") == BY_SCHEDULE}
        for door, (name, until) in self.modes.items():
            if name != "hold_open" or until != math.inf:
                continue
            hours = self._times(door).hold_open
            trusted = now.clock in {Trust.SYNCED, Trust.HOLDOVER}
            if trusted and now.mono - self.set_mono > 1.0:
                assert hours is not None
                assert within(hours, now) or within(hours, replace(now, utc=now.utc - 0.01)), "outside its hours"
            if door in begun and hours is not None and door not in self.commanded:
                assert trusted, "begun by a clock that nobody set"
                minutes = range(0, int(now.mono - self.booted_mono) + 1, 10)
                earlier = (replace(now, utc=now.utc - back) for back in (*minutes, now.mono - self.booted_mono))
                assert not all(within(hours, each) for each in earlier), "a span of before the start"
        self.commanded = {
            door for door, (name, until) in self.modes.items() if name == "hold_open" and until < math.inf
        }

    def _times(self, door: str) -> Times:
        """By the settings that this unit has."""
        found = [each for each in self.world.state.desired.of(Settings) if each.doors and door in each.doors]
        if not found:
            return Times()
        names, profiles = (found[0].doors or {})[door], found[0].hours or {}
        return Times(profiles.get(names.hours or ""), profiles.get(names.hold_open or ""))

    def _told(self, before: State, found: tuple[fx.Effect, ...]) -> None:
        """D11: with the door only there is nothing of the centre's."""
        if before.door_only and self.world.state.door_only:
            assert not any(isinstance(each, fx.Connect | fx.SendBatch | fx.SendAhead | fx.UseKeys) for each in found)

    def _asks(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        for data in (*told(found, "access.granted"), *told(found, "access.duress")):
            seconds = self._unlock_s(data.get("by"))
            door = str(data["door"])
            self.asked[door] = max(self.asked.get(door, 0.0), now.mono + seconds)

    def _unlock_s(self, holder: object) -> float:
        """How long whoever asked may pass: the holder's own time, else the door's."""
        own = [h.unlock_s for each in self.world.people.values() for h in each if h.id == holder and h.unlock_s]
        return max(own, default=5.0)

    # --- each order has a cause

    def _unlocks(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        for effect in found:
            if isinstance(effect, fx.PulseLock):
                assert effect.seconds <= CAP_S
                assert effect.not_after_mono <= now.mono + 1.0
                assert effect.door not in self.latched, "a pulse ends the release"
                assert not self.safe_unlocked(effect.door, now), "a pulse ends the safe state"
                self._pulse_has_cause(event, now, effect, found)
            elif isinstance(effect, fx.SetLock) and effect.unlocked:
                plan = next(p for p in self.world.plan.doors if p.id == effect.door)
                safe = plan.safe_state == "unlocked" and not self.loaded
                assert effect.door in self.latched or safe, "unlocked for good without fire"

    def _pulse_has_cause(self, event: ev.Event, now: Now, pulse: fx.PulseLock, found: tuple[fx.Effect, ...]) -> None:
        if self.mode(pulse.door, now) == "hold_open":
            _, until = self.modes[pulse.door]
            assert now.mono + pulse.seconds <= until + CAP_S
            return
        plan = next(p for p in self.world.plan.doors if p.id == pulse.door)
        match event:
            case ev.CardRead(reader, hashes) if reader in plan.readers and told(found, "access.granted"):
                assert not late(event, now), "too old to count (D12)"
                assert self._may(pulse.door, hashes, now), "a card that may not"
            case ev.PinEntered(reader) | ev.VisitorEntered(reader) if reader in plan.readers and _let_in(found):
                pass  # whether they may: keypads.py
            case ev.ExitChanged(door, pressed=True) if door == pulse.door:
                assert pulse.not_after_mono <= now.mono + 0.5
                assert plan.egress or self.mode(door, now) != "lockdown"
            case ev.Recorded():
                (grant,) = [d for d in told(found, "access.granted") if d["door"] == pulse.door]
                if "command" in grant:
                    self._signed_open(grant["command"], pulse.door, now)
                assert self.mode(pulse.door, now) != "lockdown"
            case _ if self.world.doors[pulse.door].exit_pressed and pulse.not_after_mono <= now.mono + 0.5:
                assert (
                    plan.egress or self.mode(pulse.door, now) != "lockdown"
                )  # the one before died, and they still press
            case _ if now.mono + pulse.seconds <= self.asked.get(pulse.door, 0.0) + 1e-6:
                pass  # the running one is renewed for somebody who asked while it ran
            case _:
                raise AssertionError(f"a pulse by {type(event).__name__}")

    def _signed_open(self, name: str, door: str, now: Now) -> None:
        command = self.world.centre.commands[name]
        assert (command.order, command.unit) == (Open(door), "b12-u2")
        assert command.scope == Scope("unit", "b12-u2")
        assert now.utc <= command.exp
        assert command.exp - command.iat <= 30.0
        assert name in self.world.disk.accepted, "acted before it was committed"
        assert self.mode(door, now) != "lockdown"
        self.opened_by[name] = self.opened_by.get(name, 0) + 1
        assert self.opened_by[name] == 1, "a remote open that acted twice"

    def _may(self, door: str, hashes: tuple[str, ...], now: Now) -> bool:
        """By card alone."""
        found = (holder for key in hashes for holder in self.world.people.get(key, ()))
        return any(self.passes(door, holder, now) for holder in found if not holder.pin_required)

    def passes(self, door: str, holder: Holder, now: Now) -> bool:
        """Our own reading of who may pass. D9: by a clock that nobody set those alone whose entry has no dates."""
        if holder.doors is not None and door not in holder.doors:
            return False
        limited = holder.from_utc is not None or holder.until_utc is not None
        if limited and now.clock is Trust.UNKNOWN:
            return False
        if (holder.until_utc or 1e18) <= now.utc or (holder.from_utc or -1e18) > now.utc:
            return False
        if self.mode(door, now) == "lockdown" and holder.role is not Role.EMERGENCY and door not in self.latched:
            return False
        return not (self._closed(door, now) and holder.role is Role.RESIDENT)

    def _closed(self, door: str, now: Now) -> bool:
        """Outside of the door's hours, where the clock is set."""
        hours = self._times(door).hours
        shut = hours is not None and now.clock in {Trust.SYNCED, Trust.HOLDOVER} and not within(hours, now)
        return shut and self.mode(door, now) == "normal" and door not in self.latched

    # --- what must happen

    def _fire(self, event: ev.Event, found: tuple[fx.Effect, ...]) -> None:
        if isinstance(event, ev.FireChanged):
            self.fire_told[event.door] = event.active
        self.latched -= {data["door"] for data in told(found, "door.fire_reset")}
        if isinstance(event, ev.FireChanged) and event.active:
            release = {p.id for p in self.world.plan.doors if p.on_fire == "release"}
            ordered = {e.door for e in found if isinstance(e, fx.SetLock) and e.unlocked}
            assert release <= ordered, "fire does not release in the same step"
            new = release - self.latched
            self.latched |= release
            if new:
                assert any(isinstance(e, fx.SaveLatch) and release <= e.doors for e in found)
        if isinstance(event, ev.Started):
            for effect in found:
                if isinstance(effect, fx.SetLock) and effect.door in self.latched:
                    assert effect.unlocked, "the latch did not survive the restart"
        if told(found, "door.fire_reset"):
            assert not any(self.fire_told.values()), "reset while a fire input is active"

    def _cards(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        """D6, D7: whoever may pass gets the order in this very step, whatever the store and the link are doing."""
        if not isinstance(event, ev.CardRead):
            return
        hashes, at = self.last_tap.get(event.reader, ((), -1e9))
        self.last_tap[event.reader] = (event.hashes, now.mono)
        if not self.loaded or (hashes == event.hashes and now.mono - at < 0.8):
            return
        door = self.door_of(event.reader)
        pulsed = any(isinstance(e, fx.PulseLock) and e.door == door for e in found)
        if self.mode(door, now) == "hold_open" and door not in self.latched:
            return  # a pulse only where the chain of leases is broken; whoever comes, it has its cause
        reset = door in {data["door"] for data in told(found, "door.fire_reset")}  # released when the card came
        open_already = reset or door in self.latched
        passes = self._may(door, event.hashes, now) and not open_already and not late(event, now)
        assert pulsed == passes or (passes and self.runs_on(door, now))

    def door_of(self, reader: str) -> str:
        (door,) = [p.id for p in self.world.plan.doors if reader in p.readers]
        return door

    def runs_on(self, door: str, now: Now) -> bool:
        """A pulse runs with time to spare, and this is one of those it is prolonged for."""
        return self.world.doors[door].relay.pulse_end - now.mono > 0.9 and self.asked.get(door, 0.0) > now.mono

    def _exits(self, event: ev.Event, found: tuple[fx.Effect, ...]) -> None:
        if isinstance(event, ev.ExitChanged) and event.pressed and event.door not in self.latched:
            plan = next(p for p in self.world.plan.doors if p.id == event.door)
            was_pressed = self.world.history[-1][0].doors
            before = next(d for d in was_pressed if d.id == event.door)
            open_already = self.safe_unlocked(event.door, self.world.now())
            if plan.egress and before.exit_since is None and not open_already:
                pulsed = any(isinstance(e, fx.PulseLock) and e.door == event.door for e in found)
                assert pulsed or self.runs_on(event.door, self.world.now())

    def _notices(self) -> None:
        for key, notice in self.world.state.board.notices.items():
            assert notice.rev >= self.world.disk.revs.get(f"notice {key[0]} {key[1]}", 0), "an older notice came back"

    def _key(self, event: ev.Event, found: tuple[fx.Effect, ...]) -> None:
        """The centre hears nothing from a stranger: the key goes ahead of facts, as long as there is a token."""
        if isinstance(event, ev.LinkUp):
            self.key_told = not self.world.disk.token
        for effect in found:
            if isinstance(effect, fx.SendEnrolment):
                assert self.world.disk.token, "a token that is spent"
                self.key_told = True
            assert self.key_told or not isinstance(effect, fx.SendBatch | fx.SendAhead), "facts ahead of the key"


def _let_in(found: tuple[fx.Effect, ...]) -> bool:
    return bool(told(found, "access.granted") or told(found, "access.duress"))


def late(event: ev.Event, now: Now) -> bool:
    return isinstance(event, ev.CardRead) and (event.not_before_mono or now.mono) < now.mono - 1.0
