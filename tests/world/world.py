"""One unit in its world: everything outside the core, with one clock and one queue of things to come. Deterministic: the same calls give the same run."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import deadline, initial, step
from agent.core.plan import UnitPlan
from agent.core.state import State
from agent.core.time import Now, Trust
from contract.commands import Command
from contract.kinds import Message
from contract.messages import Confirm, Holder, Notice, Settings
from contract.rounds import Round
from tests.agent.core.bench import UTC, by_pin, holders
from tests.world.centre import Centre
from tests.world.disk import Disk, Store
from tests.world.hardware import DoorHardware
from tests.world.watch import Watch

BOOT_S = 0.3


class World:
    """`crash` ends the agent at once; the hardware, the disk, the broker and the centre live on."""

    def __init__(self, plan: UnitPlan, people: tuple[Holder, ...]) -> None:
        self.plan, self.people, self.pins = plan, holders(*people), by_pin(*people)
        self.mono, self.true_utc = 1000.0, UTC
        self.disk = Disk()
        self.centre = Centre(self._answer)
        self.watch = Watch(self)
        self.doors = {
            p.id: DoorHardware(p.id, p.lock_device, self._post_if_alive, self.later, lambda: self.mono, p.contact)
            for p in plan.doors
        }
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.runs = 0
        self.alive = False
        self.link_up = self.broker_up = self.centre_up = False
        self.lose = self.repeat = 0
        self.delay_s = 0.01
        self.cut_after: int | None = None
        """Of the next step that has effects, only so many are carried out; then the agent dies."""
        self.history: list[tuple[State, ev.Event, Now, tuple[fx.Effect, ...]]] = []
        self.boot()

    # --- time and the queue

    def later(self, delay: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.mono + max(0.0, delay), next(self._order), act))

    def run(self, seconds: float) -> None:
        """Let time pass: the queue, the store and the core's deadlines, in order."""
        end = self.mono + seconds
        for _ in range(200_000):
            due = deadline(self.state) if self.alive else None
            soon = self._queue[0][0] if self._queue else None
            nearest = min((t for t in (due, soon) if t is not None), default=None)
            if nearest is None or nearest > end:
                break
            self._to(max(nearest, self.mono))
            if soon is not None and soon <= self.mono:
                heapq.heappop(self._queue)[2]()
            elif due is not None:
                self.give(ev.TimePassed())
            if self.alive:
                self.store.work(self.mono)
        else:
            raise AssertionError("the world never rests")
        self._to(end)
        if self.alive:
            self.store.work(self.mono)

    def _to(self, mono: float) -> None:
        self.true_utc += mono - self.mono
        self.mono = mono

    def now(self) -> Now:
        utc = self.mono + self._offset
        return Now(self.mono, utc, 28_800, self.trust, None if self.trust is Trust.UNKNOWN else utc)

    # --- the agent

    def boot(self, *, door_only: bool = False) -> None:
        self.runs += 1
        self.alive = True
        self.cut_after = None
        self.state = initial(self.plan)
        self._offset, self.trust = 0.0, Trust.UNKNOWN
        run = self.runs
        self.store = Store(self.disk, lambda delay, event: self._post(run, delay, event))
        self.watch.booted()
        self.door_only = door_only
        self.give(
            ev.Started(
                f"s{run}",
                self.disk.latched,
                door_only=door_only,
                enrolment_pending=self.disk.token,
                lockdown=self.disk.lockdown,
            )
        )
        for door in self.doors.values():
            if door.plugged:
                door.found(0.05)
            else:
                self._post(run, 0.05, ev.DeviceGone(door.device, "port", ""))
        self.later(BOOT_S, lambda: self._open_store(run))

    def _open_store(self, run: int) -> None:
        if self.alive and run == self.runs:
            self.give(self.store.opened())
            kept = () if self.disk.settings is None else (self.disk.settings,)
            self.give(ev.StateLoaded((*self.disk.notices.values(), *self.disk.rounds.values(), *kept)))
            self.give(ev.HoldersReplaced(self.people, by_pin=self.pins))

    def crash(self) -> None:
        self.alive = False
        self.store.alive = False
        self.link_up = False

    def give(self, event: ev.Event) -> None:
        """One turn of the loop."""
        if not self.alive:
            return
        before, now = self.state, self.now()
        self.state, found = step(before, event, now)
        due = deadline(self.state)
        assert due is None or due > self.mono, f"{type(event).__name__} left a deadline in the past"
        self.history.append((before, event, now, found))
        self.watch.stepped(before, event, now, found)
        for number, effect in enumerate(found):
            if self.cut_after is not None and number >= self.cut_after:
                self.crash()
                return
            self._carry_out(effect)

    def _post_if_alive(self, delay: float, event: ev.Event) -> None:
        self._post(self.runs, delay, event)

    def _post(self, run: int, delay: float, event: ev.Event) -> None:
        def arrive() -> None:
            if run == self.runs:
                self.give(event)

        self.later(delay, arrive)

    # --- effects

    def _carry_out(self, effect: fx.Effect) -> None:
        run = self.runs
        match effect:
            case fx.PulseLock() | fx.SetLock():
                self.doors[effect.door].order(effect, self.mono)
            case fx.ShowPage(display, token):
                self._post(run, 0.15, ev.PageDrawn(display, token))
            case fx.SetClock(utc, at_mono):
                self._offset = utc - at_mono
                self.set_trust(Trust.SYNCED)
            case fx.RaiseFloor(utc):
                if self.trust is not Trust.SYNCED:
                    self._offset = max(self._offset, utc - self.mono)
                    self.set_trust(Trust.FLOOR)
            case fx.Connect() if self.broker_up:
                self.later(0.05, lambda: self.connect(run))
            case fx.SendEnrolment() if self.link_up:  # not told again over the same connection, so never lost
                self.later(self.delay_s, lambda: self.centre.enrol() if self.centre_up else None)
            case fx.SpendToken():
                self.disk.token = False
            case fx.SendBatch():
                self._up(lambda: self.centre.take(effect, self.true_utc))
            case fx.SendReply():
                self._up(lambda: self.centre.replies.append(effect))
            case fx.SendStatus(status) if status.stale and self.link_up and self.centre_up:
                for notice in self.centre.notices.values():  # the centre publishes the missing state again
                    self._down(notice)
                for kept in (self.centre.settings, self.centre.round):
                    if kept is not None:
                        self._down(kept)
            case fx.Stop():
                self.crash()
            case (
                fx.SaveLatch()
                | fx.SaveLockdown()
                | fx.AppendFacts()
                | fx.LoadBatch()
                | fx.ConfirmFacts()
                | fx.SaveState()
                | fx.DropNotices()
            ):
                self.store.order(effect, self.mono)
            case _:
                pass

    def set_trust(self, trust: Trust) -> None:
        if trust is not self.trust:
            self.trust = trust
            self._post(self.runs, 0.0, ev.ClockStepped(trust, 0.0))

    def step_clock(self, seconds: float) -> None:
        """The wall clock jumps; nobody trusts it until the centre has spoken again."""
        self._offset += seconds
        self.trust = Trust.FLOOR
        self.give(ev.ClockStepped(Trust.FLOOR, seconds))

    # --- broker and centre

    def _up(self, arrive: Callable[[], None]) -> None:
        if not self.link_up:
            return
        if self.lose > 0:
            self.lose -= 1
            return
        times = 2 if self.repeat > 0 else 1
        self.repeat = max(0, self.repeat - 1)
        for n in range(times):
            self.later(self.delay_s * (1 + 7 * n), lambda: arrive() if self.centre_up else None)

    def _down(self, message: Message, *, retained: bool = False) -> None:
        if not self.link_up:
            return
        if self.lose > 0 and not retained:
            self.lose -= 1
            return
        times = 2 if self.repeat > 0 else 1
        self.repeat = max(0, self.repeat - 1)
        run = self.runs
        for n in range(times):
            token = next(self._order) + 1

            def arrive(token: int = token) -> None:
                if run == self.runs and self.link_up:
                    self.give(ev.MessageReceived(token, message, retained))

            self.later(self.delay_s * (1 + 3 * n), arrive)

    def _answer(self, confirm: Confirm) -> None:
        self._down(confirm)

    def connect(self, run: int | None = None) -> None:
        if (
            not self.alive
            or self.link_up
            or not self.broker_up
            or not self.state.connected
            or run not in {None, self.runs}
        ):
            return
        self.link_up = True
        self.give(ev.LinkUp("5"))
        self.give(ev.CentrePresence(self.centre_up, self.true_utc))
        for notice in self.centre.notices.values():
            self._down(notice, retained=True)
        for kept in (self.centre.settings, self.centre.round):
            if kept is not None:
                self._down(kept, retained=True)

    def disconnect(self) -> None:
        if self.link_up:
            self.link_up = False
            self.give(ev.LinkDown("gone"))

    def set_centre(self, up: bool) -> None:
        self.centre_up = up
        if self.link_up:
            self.give(ev.CentrePresence(up, self.true_utc))

    def publish(self, notice: Notice) -> None:
        newest = self.centre.notices.get(notice.id)
        if newest is None or newest.rev < notice.rev:
            self.centre.notices[notice.id] = notice
        self._down(notice)

    def set_times(self, settings: Settings) -> None:
        self.centre.settings = settings
        self._down(settings)

    def set_round(self, its: Round) -> None:
        self.centre.round = its
        self._down(its)

    def command(self, command: Command, *, retained: bool = False) -> None:
        self.centre.commands.setdefault(command.id, command)
        self._down(command, retained=retained)

    # --- at the end

    def mend(self) -> None:
        """Everything works again, and there is time for it."""
        self.lose = self.repeat = 0
        self.delay_s = 0.01
        self.cut_after = None
        if not self.alive:
            self.boot()
        for door in self.doors.values():
            door.hung_until = 0.0
            if not door.plugged:
                door.plug()
        self.store.slow_s = 0.0
        if self.store.failing:
            self.store.failing = False
            self.give(ev.StoreMended(0))
        self.broker_up = True
        self.run(1.0)
        if not self.centre_up:
            self.set_centre(True)
        self.connect()
        self.run(1300.0)

    def replayed(self) -> bool:
        """The whole run once more, from its events and times alone."""
        return all(step(before, event, now)[1] == found for before, event, now, found in self.history)
