"""A start whose fire latch is not known, in any order of events, with locks that do as they are told: no release is undone, none is made up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from contract.commands import FireReset, Mode, Open, Order, SetMode
from tests.agent.core.bench import PEOPLE, Bench, command, door_plan, facts_in, holders, unit_plan

DOORS = ("main", "back")
RELAYS = {"main": "relay", "back": "relay2"}
READERS = {"main": "card", "back": "card2"}
WIRE_S = 0.04
"""From an order to its contact: the next step of the world."""
ACTS = (
    *("poll", "poll", "poll", "lose", "find", "burn", "clear", "press", "let go", "tap", "open", "hold", "reset"),
    *("latch says so", "latch cannot be read", "store opens", "in lockdown", "holders", "a moment", "a second", "long"),
)


@dataclass
class Lock:
    """One door's output as it really is. It is read only once its device was found."""

    unlocked: bool
    here: bool = False
    until: float | None = None


class World:
    """Two doors, each with a board of its own. `released`: those that fire had released before the start."""

    def __init__(self, released: frozenset[str], safe: str, on_fire: str) -> None:
        back = {f"{part}_device": "relay2" for part in ("lock", "contact", "exit", "fire")}
        plans = (
            door_plan(safe_state=safe, pulse_s=2.0),
            door_plan(id="back", readers=("card2",), on_fire=on_fire, pulse_s=2.0, **back),
        )
        self.bench = Bench(unit_plan(*plans))
        self.locks = {name: Lock(name in released) for name in DOORS}
        releasing = {"main"} if on_fire == "nothing" else set(DOORS)
        self.written = frozenset(released & releasing)
        self.held = set(self.written)
        """Never to be locked: released by fire, and nobody has reset it."""
        self.safe = {"main"} if safe == "unlocked" else set()
        self.may = set(self.written) | self.safe
        """May be given a lasting release: fire did, or its safe state says so."""
        self.releasing = releasing
        self.told_latch = self.opened = False
        self.pressed: dict[str, float] = {}
        self.orders: list[tuple[float, fx.SetLock | fx.PulseLock]] = []
        self.count = 0
        self.do(ev.Started("s1", frozenset(), latch_known=False))

    # --- time and the locks

    def do(self, event: ev.Event) -> None:
        self.bench.do(event)
        self.collect()

    def collect(self) -> None:
        for _, effect in self.bench.effects:
            if isinstance(effect, fx.AppendFacts):
                for fact in facts_in(effect):
                    if fact.kind == "door.fire_reset":  # the person has said that the fire is over
                        self.held.discard(fact.data["door"])
                        self.may -= {fact.data["door"]} - self.safe
        for at, effect in self.bench.effects:
            if isinstance(effect, fx.SetLock | fx.PulseLock):
                self.orders.append((at, effect))
                lasting = isinstance(effect, fx.SetLock) and effect.unlocked
                assert not lasting or effect.door in self.may, f"{effect.door} is released, and nothing says so"
        self.bench.forget()

    def run(self, seconds: float) -> None:
        end = self.bench.mono + seconds
        while self.bench.mono < end - 1e-9:
            self.bench.wait(min(WIRE_S, end - self.bench.mono))
            self.collect()
            self.carry_out()
            for name in DOORS:
                self.judge(name)

    def carry_out(self) -> None:
        due, self.orders = self.orders, []
        for _, effect in due:
            lock, now = self.locks[effect.door], self.bench.mono
            if effect.not_after_mono < now:
                self.do(ev.LockOrderFailed(effect.door, effect.order, "late"))
            elif not lock.here:
                self.orders.append((now, effect))  # the driver keeps it until it is too late
            else:
                pulse = isinstance(effect, fx.PulseLock)
                lock.unlocked = True if pulse else effect.unlocked
                lock.until = now + effect.seconds if pulse else None
                self.do(ev.LockOrderSent(effect.door, effect.order))

    def judge(self, name: str) -> None:
        lock, now = self.locks[name], self.bench.mono
        if lock.until is not None and now >= lock.until:
            lock.unlocked, lock.until = False, None
        assert lock.unlocked or name not in self.held, f"{name} was released by fire, nobody reset it, and it is locked"
        if lock.unlocked:
            self.pressed.pop(name, None)
        since = self.pressed.get(name)
        assert since is None or now - since <= limits.EXIT_DEADLINE_S, f"{name}: the exit button does nothing"

    # --- what may happen

    def act(self, what: str, name: str) -> None:
        getattr(self, what.replace(" ", "_"))(name)
        self.run(WIRE_S)

    def poll(self, name: str) -> None:
        lock = self.locks[name]
        if lock.here:
            self.judge(name)
            self.do(ev.LockRead(name, lock.unlocked))

    def lose(self, name: str) -> None:
        self.locks[name].here = False
        self.orders = [order for order in self.orders if order[1].door != name]
        self.pressed.pop(name, None)
        self.do(ev.DeviceGone(RELAYS[name], "silent", ""))

    def find(self, name: str) -> None:
        self.locks[name].here = True
        self.do(ev.DeviceBack(RELAYS[name], "here"))
        self.run(WIRE_S)
        self.poll(name)

    def burn(self, name: str) -> None:
        if self.locks[name].here:
            self.may |= self.releasing
            self.do(ev.FireChanged(name, active=True))

    def clear(self, name: str) -> None:
        if self.locks[name].here:
            self.do(ev.FireChanged(name, active=False))

    def press(self, name: str) -> None:
        """Where the lock can be driven the way out is open within half a second."""
        if self.locks[name].here:
            self.pressed.setdefault(name, self.bench.mono)
            self.do(ev.ExitChanged(name, pressed=False))
            self.do(ev.ExitChanged(name, pressed=True))

    def let_go(self, name: str) -> None:
        self.do(ev.ExitChanged(name, pressed=False))

    def tap(self, name: str) -> None:
        self.do(ev.CardRead(READERS[name], (f"key-{'anna' if self.count % 2 else 'chief'}",)))
        self.count += 1

    def open(self, name: str) -> None:
        self.ordered(Open(name))

    def hold(self, name: str) -> None:
        self.ordered(SetMode(Mode.HOLD_OPEN, self.bench.utc + 5.0, name))

    def reset(self, name: str) -> None:
        self.ordered(FireReset())

    def ordered(self, order: Order) -> None:
        self.count += 1
        self.bench.message(command(self.bench, order, name=f"c{self.count}", iat=self.bench.utc))
        for token in list(self.bench.state.commands.waiting):
            self.bench.do(ev.Recorded(token, 1, (), "00", "00"))
        self.collect()

    def latch_says_so(self, name: str) -> None:
        if not self.told_latch:
            self.told_latch = True
            self.do(ev.LatchRead(self.written, known=True))

    def latch_cannot_be_read(self, name: str) -> None:
        if not self.told_latch:
            self.told_latch = True
            self.do(ev.LatchRead(frozenset(), known=False))

    def store_opens(self, name: str) -> None:
        if not self.opened:
            self.opened = True
            self.bench.opened()
            self.collect()

    def in_lockdown(self, name: str) -> None:
        if not self.opened:
            self.opened = True
            self.bench.opened(modes=(fx.KeptMode(name, "lockdown", self.bench.utc + 5.0),))
            self.collect()

    def holders(self, name: str) -> None:
        self.do(ev.HoldersReplaced(holders(*PEOPLE)))

    def a_moment(self, name: str) -> None:
        self.run(0.3)

    def a_second(self, name: str) -> None:
        self.run(limits.LATCH_WAIT_S)

    def long(self, name: str) -> None:
        self.run(6.0)


starts = st.tuples(
    st.sets(st.sampled_from(DOORS)), st.sampled_from(["locked", "unlocked"]), st.sampled_from(["release", "nothing"])
)
command_progress = st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(DOORS)), max_size=30)


@pytest.mark.slow
@pytest.mark.claim("D1")
@pytest.mark.claim("D4")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=starts, progress=command_progress)
def test_no_order_of_events_undoes_a_release_or_makes_one_up(
    start: tuple[set[str], str, str], progress: list[tuple[str, str]]
) -> None:
    released, safe, on_fire = start
    world = World(frozenset(released), safe, on_fire)
    for what, name in progress:
        world.act(what, name)
    for name in DOORS:
        world.act("find", name)
    world.run(10.0)
