"""The core as a state machine in a simulated world: people, fire, faults of every part, crashes at any point; the rules of the door hold throughout.

Where each rule is looked at, after every step:
D1 `watch._fire`, `watch._unlocks` (no pulse ends a release) and the end of each life (the latch on the disk is the latch in force) · D2 `watch._exits`, `openings` (held for a minute: told) ·
D3 `watch._unlocks`, `a_dead_agent_leaves_no_lasting_unlock_but_for_fire` · D4 `watch._fire` at a start, `watch._pulse_has_cause` (a start is no cause) ·
D5 `openings` (forced, held), `watch.stepped` (a false lock.fault) and the end of each life (back to rest) · D6, D7 `watch._cards`, `keypads._pin` (the order comes in the step, whatever disk and link do), `watch._signed_open` ·
D8 `keypads._entered`, `keypads._kept` · D9 `watch.passes`, `keypads._code` · D10 `keypads._visitor`, `keypads._told`, `watch._signed_open` · D11 `watch._told` · D12 `watch._pulse_has_cause`, `keypads._entered`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agent.core import events as ev
from contract.commands import Command, FireReset, Mode, Open, Order, SetMode
from contract.messages import Category, Notice
from contract.scopes import Scope
from tests.agent.core.bench import door_plan, unit_plan
from tests.world.typists import NAMES, PEOPLE, READERS, UNIT, YARD, Typists, doors, long, short
from tests.world.world import World


class UnitInItsWorld(Typists):
    @initialize(
        safe=st.sampled_from(["locked", "unlocked"]),
        egress=st.booleans(),
        online=st.sampled_from([True, True, False]),
    )
    def begin(self, safe: str, egress: bool, online: bool) -> None:
        main = door_plan(safe_state=safe, egress=egress)
        yard = door_plan(
            id="yard",
            lock_device="relay2",
            contact=False,
            contact_device=None,
            exit_device="relay2",
            fire_device="relay2",
            readers=("card2",),
        )
        self.world = World(unit_plan(main, yard), PEOPLE)
        self.names = self.revs = 0
        self.world.broker_up = self.world.centre_up = online
        self.world.run(2.0)

    # --- people

    @rule(name=st.sampled_from(NAMES), door=doors)
    def tap(self, name: str, door: str) -> None:
        self.world.give(ev.CardRead(READERS[door], (f"key-{name}",)))

    @rule(name=st.sampled_from(NAMES), age=st.sampled_from([0.9, 1.1, 60.0]))
    def tap_of_before(self, name: str, age: float) -> None:
        self.world.give(ev.CardRead("card", (f"key-{name}",), self.world.mono - age))

    @rule(door=doors, force=st.booleans())
    def push(self, door: str, force: bool) -> None:
        self.world.doors[door].push(self.world.mono, force=force)

    @rule(door=doors)
    def close(self, door: str) -> None:
        self.world.doors[door].close()

    @rule(door=doors, pressed=st.booleans())
    def exit_button(self, door: str, pressed: bool) -> None:
        self.world.doors[door].press(pressed)

    @rule(door=doors, active=st.booleans())
    def fire(self, door: str, active: bool) -> None:
        self.world.doors[door].set_fire(active)

    @rule(name=st.sampled_from(NAMES), after=short)
    def come_home(self, name: str, after: float) -> None:
        self.tap(name, "main")
        self.world.run(after)
        self.world.doors["main"].push(self.world.mono)
        self.world.run(after)
        self.world.doors["main"].close()

    # --- time

    @rule(seconds=short)
    def moment(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(seconds=long)
    def while_(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(seconds=st.sampled_from([-3.2e8, -3600.0, -1.5, 1.5, 3600.0, 3.2e8]))
    def clock_jumps(self, seconds: float) -> None:
        self.world.step_clock(seconds)

    # --- the centre

    def _command(self, order: Order, **changes: object) -> None:
        self.names += 1
        utc = self.world.true_utc
        command = Command("badahu", UNIT, f"c{self.names}", "b12-u2", utc, utc + 20.0, order, "desk-1", "test")
        self.world.command(replace(command, **changes))  # type: ignore[arg-type]

    @rule(door=doors)
    def remote_open(self, door: str) -> None:
        self._command(Open(door))

    @rule(
        door=doors,
        wrong=st.sampled_from(["expired", "early", "other unit", "other site", "too long", "retained", "other scope"]),
    )
    def wrong_open(self, door: str, wrong: str) -> None:
        utc = self.world.true_utc
        changes: dict[str, dict[str, object]] = {
            "expired": {"iat": utc - 40.0, "exp": utc - 20.0},
            "early": {"iat": utc + 60.0, "exp": utc + 80.0},
            "other unit": {"unit": "b12-u3"},
            "other site": {"site": "elsewhere"},
            "too long": {"exp": utc + 300.0},
            "other scope": {"scope": Scope("yard", "y99")},
        }
        if wrong == "retained":
            self.names += 1
            command = Command("badahu", UNIT, f"c{self.names}", "b12-u2", utc, utc + 20, Open(door), "desk-1", "x")
            self.world.command(command, retained=True)
        else:
            self._command(Open(door), **changes[wrong])

    @precondition(lambda self: self.world.centre.commands)
    @rule(data=st.data())
    def the_broker_plays_an_old_command_again(self, data: st.DataObject) -> None:
        commands = self.world.centre.commands
        self.world.command(commands[data.draw(st.sampled_from(sorted(commands)))])

    @rule(mode=st.sampled_from(Mode), seconds=st.sampled_from([20.0, 300.0]))
    def mode(self, mode: Mode, seconds: float) -> None:
        self._command(SetMode(mode, self.world.true_utc + seconds))

    @rule()
    def fire_reset(self) -> None:
        self._command(FireReset())

    @rule(name=st.sampled_from(["n1", "n2"]), rev=st.integers(1, 6), withdrawn=st.booleans())
    def notice(self, name: str, rev: int, withdrawn: bool) -> None:
        known = self.world.centre.notices.get(name)
        text = f"rev {rev}"
        if known is not None and known.rev == rev:
            withdrawn = known.withdrawn
        self.world.publish(
            Notice(YARD, name, rev, self.world.true_utc, Category.SERVICE, name, text, withdrawn=withdrawn)
        )

    @rule()
    def all_is_well(self) -> None:
        """Online with a clock that is set: where remote commands are taken."""
        world = self.world
        if not world.alive:
            world.boot()
        world.cut_after = None
        world.lose = world.repeat = 0
        world.delay_s = 0.01
        self.disk(failing=False)
        world.store.slow_s = 0.0
        world.run(1.0)
        self.broker(up=True)
        self.centre(up=True)
        world.run(1.0)

    @rule(door=doors, after=short, effects=st.none() | st.integers(0, 4))
    def well_and_open(self, door: str, after: float, effects: int | None) -> None:
        """The path of a remote open, cut off anywhere."""
        self.all_is_well()
        self.remote_open(door)
        self.world.run(0.011)
        self.world.cut_after = effects
        self.world.run(after)
        self.world.doors[door].push(self.world.mono)
        self.world.run(after)

    # --- faults

    @rule()
    def crash(self) -> None:
        self.world.crash()

    @rule(effects=st.integers(0, 4))
    def crash_within_the_next_step(self, effects: int) -> None:
        self.world.cut_after = effects

    @precondition(lambda self: not self.world.alive)
    @rule()
    def boot(self) -> None:
        self.world.boot()

    @rule()
    def crash_to_the_door_only(self) -> None:
        self.world.crash()
        self.world.boot(door_only=True)

    @rule(failing=st.booleans())
    def disk(self, failing: bool) -> None:
        store = self.world.store
        if store.failing and not failing:
            self.world.give(ev.StoreMended(0))
        elif failing and not store.failing:
            self.world.give(ev.StoreFailed("full", ""))
        store.failing = failing

    @rule(seconds=st.sampled_from([0.0, 2.5]))
    def slow_disk(self, seconds: float) -> None:
        self.world.store.slow_s = seconds

    @rule(up=st.booleans())
    def broker(self, up: bool) -> None:
        self.world.broker_up = up
        if up:
            self.world.connect()
        else:
            self.world.disconnect()

    @rule(up=st.booleans())
    def centre(self, up: bool) -> None:
        self.world.set_centre(up)

    @rule(lose=st.integers(0, 4), repeat=st.integers(0, 4), delay=st.sampled_from([0.01, 0.4, 12.0]))
    def bad_network(self, lose: int, repeat: int, delay: float) -> None:
        self.world.lose, self.world.repeat, self.world.delay_s = lose, repeat, delay

    @rule(door=doors, seconds=st.sampled_from([0.4, 3.0]))
    def hung_line(self, door: str, seconds: float) -> None:
        self.world.doors[door].hung_until = self.world.mono + seconds

    @rule(door=doors)
    def unplug(self, door: str) -> None:
        hardware = self.world.doors[door]
        if hardware.plugged:
            hardware.unplug()
        else:
            hardware.plug()

    # --- what holds

    @invariant()
    def a_dead_agent_leaves_no_lasting_unlock_but_for_fire(self) -> None:
        if not hasattr(self, "world"):
            return
        for plan in self.world.plan.doors:
            relay = self.world.doors[plan.id].relay
            if relay.level:
                assert plan.safe_state == "unlocked" or plan.on_fire == "release"
            assert relay.pulse_end <= self.world.mono + 60.0 + 3.5  # 3.5: a hung line

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.mend()
        books = [world.centre.books.get((world.disk.epoch, seq)) for seq in range(1, len(world.disk.lines) + 1)]
        assert books == world.disk.lines, "facts lost or out of order"
        assert len(world.centre.books) == len(world.disk.lines), "a fact counted twice"
        assert not world.disk.pending, "a command without an outcome"
        assert not world.disk.token, "enrolled, and the token is not spent"
        for name, door in world.doors.items():
            lasting = name in world.watch.latched
            assert door.relay.unlocked(world.mono) is lasting, "not back to rest"
        assert world.watch.latched == set(world.disk.latched)
        if world.state.now.clock == "synced":
            wanted = {(n.id, n.rev) for n in world.centre.notices.values() if not n.withdrawn}
            assert {(n.id, n.rev) for n in world.state.board.notices.values()} == wanted
        world.watch.keypads.ended()
        assert world.replayed(), "the same run gave other effects"


LONG = settings(
    max_examples=40,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ),  # a failure is replayed from the database; shrinking takes minutes
)
QUICK = settings(LONG, max_examples=12, stateful_step_count=30, derandomize=True)


@pytest.mark.slow
@pytest.mark.claim("D1")
@pytest.mark.claim("D3")
@pytest.mark.claim("D4")
@pytest.mark.claim("D6")
@pytest.mark.claim("D7")
@pytest.mark.claim("D2")
@pytest.mark.claim("D5")
@pytest.mark.claim("D8")
@pytest.mark.claim("D9")
@pytest.mark.claim("D10")
@pytest.mark.claim("D11")
@pytest.mark.claim("D12")
def test_the_rules_hold_in_a_short_life() -> None:
    run_state_machine_as_test(UnitInItsWorld, settings=QUICK)


@pytest.mark.slow
@pytest.mark.claim("F21")
@pytest.mark.claim("F32")
@pytest.mark.claim("F40")
def test_the_rules_hold_in_many_lives() -> None:
    run_state_machine_as_test(UnitInItsWorld, settings=LONG)


@pytest.mark.soak
def test_the_rules_hold_in_very_many_lives() -> None:
    run_state_machine_as_test(UnitInItsWorld, settings=settings(LONG, max_examples=5000, stateful_step_count=120))


@pytest.mark.claim("D8")
@pytest.mark.parametrize("dead", [False, True])
def test_a_guesser_gets_five_tries_a_lock_out(dead: bool) -> None:
    """The right code among them opens nothing, over power cuts either."""
    life = UnitInItsWorld()
    life.begin("locked", egress=True, online=True)
    life.all_is_well()
    for door, seconds in (("main", 0.0), ("main", 5.0), ("yard", 0.0), ("main", 65.0)):
        life.guess_until_it_is_locked(door, seconds, dead)
    life.teardown()
