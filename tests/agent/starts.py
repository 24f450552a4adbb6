"""A unit that is started again and again, with a system clock of any kind: the agent's own clock and core, and the real store or one in memory.

Time passes when a test says so; the true time is the test's own. The centre has a clock too, which may be wrong.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from agent.clock import Clock
from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import deadline, initial, step
from agent.core.plan import UnitPlan
from agent.core.status import applied_entries
from agent.core.time import Dates, Now
from agent.store import Store
from contract.digest import digest
from contract.facts import AccessGranted
from contract.kinds import Message
from contract.messages import Confirm, Holder, Notice
from tests.agent.core.bench import UNIT, UTC, card, devices_of, holders, unit_plan
from tests.agent.core.bench import notice as plain_notice
from tests.waiting import eventually
from tests.world import disk

BOOT_S = 20.0


class Machine:
    """What outlives a start. `system_utc`: what the system's clock says, which nobody can rely on. `folder` None: a disk in memory."""

    def __init__(
        self, folder: Path | None = None, people: tuple[Holder, ...] = (), plan: UnitPlan | None = None
    ) -> None:
        self.folder, self.people = folder, people
        self.plan = plan or unit_plan(displays=())
        self.memory = disk.Disk()
        self.mono = 1000.0
        self.true_utc = UTC
        self.system_utc = UTC
        self.centre_ahead_s = 0.0
        self.starts = 0

    def off(self, seconds: float, *, system_utc: float | None = None) -> None:
        """Time without power. The system's clock afterwards: the true time, or what a test says."""
        self.true_utc += seconds
        self.system_utc = self.true_utc if system_utc is None else system_utc

    @contextlib.contextmanager
    def started(self) -> Iterator[Run]:
        self.starts += 1
        self.mono = BOOT_S
        run = Run(self)
        try:
            yield run
        finally:
            run.close()


class Run:
    """One start up to its end, which is a clean stop or, with `killed`, a cut."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.queue: deque[ev.Event] = deque()
        self.effects: list[fx.Effect] = []
        self.online = False
        self.killed = False
        self._tokens = 0
        self._recorded: set[int] = set()
        self._loaded = 0
        self._disk_now = 0.0
        m = machine
        self.clock = Clock(m.plan.timezone, monotonic=lambda: m.mono, system=lambda: m.system_utc)
        self.state = initial(m.plan)
        self.real: Store | None = None
        self.fake: disk.Store | None = None
        if m.folder is None:
            self.fake = disk.Store(m.memory, lambda _, event: self.queue.append(event))
        else:
            self.real = Store(
                m.folder, m.plan.site, m.plan.unit, self.queue.append, retention_days=180, journal_mb=8,
                ballast_bytes=4096, utc=lambda: self.clock.sure_utc() or 0.0,
            )  # fmt: skip
        self.give(ev.Started(f"s{m.starts}", frozenset()))
        for device in devices_of(m.plan):
            self.give(ev.DeviceBack(device, "here"))
        self.give(ev.ContactChanged("main", open=False))
        if self.real is not None:
            self.real.start()
            eventually(lambda: any(isinstance(e, ev.StateLoaded) for e in list(self.queue)))
        elif self.fake is not None:
            self.queue.append(self.fake.opened())
            self.queue.append(ev.StateLoaded(tuple(m.memory.notices.values())))
        self.pump()
        self.give(ev.HoldersReplaced(holders(*m.people), None, ()))
        self.pass_s(2.0)

    # --- time

    def now(self) -> Now:
        return self.clock.now()

    def dates(self) -> Dates:
        return self.clock.dates()

    def pass_s(self, seconds: float, *, system_utc: float | None = None) -> None:
        """Time passes in few strides; the system's clock may be set to anything at their end."""
        end = self.machine.mono + seconds
        while self.machine.mono < end:
            due = deadline(self.state)
            self.tick(max(0.001, min(end, max(due or end, self.machine.mono + seconds / 10)) - self.machine.mono))
        if system_utc is not None:
            self.machine.system_utc = system_utc
            self.turn()

    def tick(self, seconds: float) -> None:
        """One stride."""
        self._advance(seconds)
        self.turn()

    def _advance(self, seconds: float) -> None:
        self.machine.mono += seconds
        self.machine.true_utc += seconds
        self.machine.system_utc += seconds

    def turn(self) -> None:
        change = self.clock.change()
        if change is not None:
            self.give(ev.ClockStepped(*change))
        self.give(ev.TimePassed())
        self.pump()

    # --- events

    def pump(self) -> None:
        """All that was posted, and what the store still owes for what was recorded."""
        while self.queue or self._owed():
            if self.fake is not None:
                self._disk_now = max(self._disk_now + disk.COMMIT_S, self.machine.mono)
                self.fake.work(self._disk_now)
            elif not self.queue:
                eventually(lambda: self.queue)
            if self.queue:
                self.give(self.queue.popleft())

    def _owed(self) -> bool:
        """Whether the store has not done all that was ordered."""
        if self.fake is not None:
            return not self.fake.idle()
        made = {e.token for e in self.effects if isinstance(e, fx.AppendFacts)}
        return bool(made - self._recorded) or any(isinstance(e, fx.LoadBatch) for e in self.effects[self._loaded :])

    def give(self, event: ev.Event) -> None:
        if isinstance(event, ev.Recorded):
            self._recorded.add(event.token)
        if isinstance(event, ev.BatchLoaded):
            self._loaded = len(self.effects)
        self.state, found = step(self.state, event, self.clock.now())
        self.effects += found
        for effect in found:
            self._carry_out(effect)

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.SetClock(utc, at_mono, doubted):
                self.clock.set(utc, at_mono, doubted=doubted)
            case fx.RaiseFloor(utc, confirmed_utc):
                self.clock.raise_floor(utc, confirmed_utc)
            case fx.PulseLock(door, order) | fx.SetLock(door, order):
                self.queue.append(ev.LockOrderSent(door, order))
                self.queue.append(ev.LockRead(door, isinstance(effect, fx.PulseLock)))
            case fx.SendBatch() if self.online:
                self.answer(effect)
            case fx.AppendFacts() | fx.LoadBatch() | fx.ConfirmFacts() | fx.SaveState() | fx.DropNotices() | fx.Purge():
                if self.real is not None:
                    self.real.order(effect)
                elif self.fake is not None and not isinstance(effect, fx.Purge):
                    self.fake.order(effect, self.machine.mono)
            case _:
                pass

    # --- people, messages, the centre

    def opens(self, name: str) -> bool:
        """Whether this holder's card is let in; where somebody's pulse still runs, the lock need not move for it."""
        self._advance(1.0)
        before = len(self.effects)
        self.give(ev.CardRead("card", card(name)))
        records = [effect for effect in self.effects[before:] if isinstance(effect, fx.AppendFacts)]
        return any(isinstance(dated.fact, AccessGranted) for record in records for dated in record.facts)

    def hear(self, message: Message) -> None:
        """A message whose signature holds."""
        self._tokens += 1
        self.give(ev.MessageReceived(self._tokens, message, isinstance(message, Notice)))
        self.pump()

    def hear_iat(self, iat: float) -> None:
        self.hear(plain_notice(f"n{self._tokens}", iat=iat))

    def connect(self) -> None:
        """The link comes up, and the centre answers from here on."""
        self.online = True
        self.give(ev.LinkUp("5"))
        self.give(ev.CentrePresence(online=True, since=self.machine.true_utc))
        self.pump()
        self.pass_s(2.0)

    def cut(self) -> None:
        self.online = False
        self.give(ev.LinkDown("test", taken_over=False))

    def answer(self, batch: fx.SendBatch) -> None:
        utc = self.machine.true_utc + self.machine.centre_ahead_s
        right = digest(applied_entries(self.state))
        plan = self.machine.plan
        said = Confirm(UNIT, utc, plan.unit, batch.epoch, batch.last, batch.head, batch.batch, utc, right)
        self.queue.append(ev.MessageReceived(0, said, retained=False))

    def close(self) -> None:
        if not self.killed:
            self.give(ev.StopAsked("SIGTERM"))
            self.pump()
        if self.real is not None:
            assert self.real.stop(10.0)


def certificate_passes(dates: Dates, begins: float, ends: float) -> bool:
    """As the link judges it."""
    over, begun = dates.over_utc, dates.begun_utc
    return not (over is not None and ends < over) and not (begun is not None and begins > begun)
