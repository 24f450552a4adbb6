"""A start whose fire latch cannot be read: nothing locks a door that fire may have released, and nothing releases one that it did not."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.state.door import Phase
from contract.commands import FireReset, Mode, SetMode
from tests.agent.core.bench import PEOPLE, Bench, command, door_plan, facts_of, holders, of, the, unit_plan

NONE: frozenset[str] = frozenset()


def started(bench: Bench | None = None) -> Bench:
    bench = bench or Bench()
    bench.do(ev.Started("s1", NONE, latch_known=False))
    return bench


def reads(bench: Bench, unlocked: bool) -> tuple[fx.Effect, ...]:
    bench.do(ev.DeviceBack("relay", "here"))
    return bench.do(ev.LockRead("main", unlocked))


@pytest.mark.claim("D4")
def test_until_it_is_known_the_lasting_level_is_left_alone() -> None:
    bench = Bench()
    assert not of(fx.SetLock, bench.do(ev.Started("s1", NONE, latch_known=False)))
    assert not of(fx.SetLock, reads(bench, unlocked=False))
    bench.opened()
    bench.do(ev.HoldersReplaced(holders(*PEOPLE)))
    assert not bench.all(fx.SetLock)


@pytest.mark.claim("D4")
@pytest.mark.claim("D1")
def test_a_lock_that_reads_released_stays_so_until_its_reset() -> None:
    bench = started()
    reads(bench, unlocked=True)
    found = bench.wait(limits.LATCH_WAIT_S + 0.1)
    assert the(fx.SetLock, found).unlocked
    assert "found released" in facts_of(found)["door.fire_release"]["detail"]
    assert the(fx.SaveLatch, found).doors == {"main"}
    assert bench.door().phase is Phase.FIRE
    bench.do(ev.FireChanged("main", active=False))
    assert not [each for each in of(fx.SetLock, bench.wait(3600)) if not each.unlocked]
    bench.do(ev.LatchRead(NONE, known=True))
    assert bench.door().latched, "late knowledge does not undo it"


@pytest.mark.claim("D4")
@pytest.mark.parametrize("safe", ["locked", "unlocked"])
def test_one_that_reads_locked_takes_its_safe_state(safe: str) -> None:
    bench = started(Bench(unit_plan(door_plan(safe_state=safe))))
    reads(bench, unlocked=False)
    found = bench.wait(limits.LATCH_WAIT_S + 0.1)
    assert the(fx.SetLock, found).unlocked is (safe == "unlocked")
    assert the(fx.SaveLatch, found).doors == NONE
    assert not bench.door().latched


@pytest.mark.claim("D4")
def test_a_lock_that_is_read_only_later_is_decided_then() -> None:
    bench = started()
    assert not of(fx.SetLock, bench.wait(60.0))
    assert the(fx.SetLock, reads(bench, unlocked=True)).unlocked
    assert bench.door().latched


@pytest.mark.claim("D1")
def test_an_active_fire_input_releases_without_any_latch() -> None:
    bench = started()
    bench.do(ev.DeviceBack("relay", "here"))
    found = bench.do(ev.FireChanged("main", active=True))
    assert the(fx.SetLock, found).unlocked
    assert the(fx.SaveLatch, found).doors == {"main"}
    assert not [each for each in of(fx.SetLock, bench.wait(60)) if not each.unlocked]


@pytest.mark.claim("D2")
def test_the_exit_button_works_meanwhile_and_ends_no_release() -> None:
    bench = started()
    bench.do(ev.DeviceBack("relay", "here"))
    assert not of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True))), "a pulse could end a release"
    assert of(fx.PulseLock, bench.do(ev.LockRead("main", unlocked=False), after=0.1))

    bench = started()
    bench.do(ev.DeviceBack("relay", "here"))
    bench.do(ev.ExitChanged("main", pressed=True))
    assert not of(fx.PulseLock, bench.do(ev.LockRead("main", unlocked=True), after=0.1)), "it is open already"

    bench = started()
    reads(bench, unlocked=False)
    assert of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True)))
    bench.settle()
    assert not [each for each in of(fx.SetLock, bench.wait(2.0)) if not each.unlocked], "a pulse is not cut short"


@pytest.mark.claim("D2")
def test_a_press_that_nobody_waits_for_any_more_opens_nothing() -> None:
    bench = started()
    bench.do(ev.DeviceBack("relay", "here"))
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.do(ev.ExitChanged("main", pressed=False), after=0.3)
    assert not of(fx.PulseLock, bench.do(ev.LockRead("main", unlocked=False), after=limits.EXIT_BLIND_S + 0.1))


@pytest.mark.claim("D4")
def test_what_is_read_late_holds() -> None:
    bench = started()
    reads(bench, unlocked=False)
    assert the(fx.SetLock, bench.do(ev.LatchRead(frozenset({"main"}), known=True))).unlocked
    bench = started()
    reads(bench, unlocked=True)
    assert not the(fx.SetLock, bench.do(ev.LatchRead(NONE, known=True))).unlocked, "the pulse of the run before ends"
    bench = started()
    reads(bench, unlocked=False)
    bench.wait(limits.LATCH_WAIT_S + 0.1)
    bench.settle()
    found = bench.do(ev.LatchRead(frozenset({"main"}), known=True), after=30.0)
    assert the(fx.SetLock, found).unlocked, "read after it was decided: it was released, and nobody reset it"


@pytest.mark.claim("D4")
def test_one_that_can_never_be_read_is_not_waited_for() -> None:
    bench = started()
    reads(bench, unlocked=True)
    found = bench.do(ev.LatchRead(NONE, known=False), after=0.2)
    assert the(fx.SetLock, found).unlocked
    assert bench.door().latched


def test_a_door_that_fire_does_not_release_waits_for_nothing() -> None:
    bench = Bench(unit_plan(door_plan(on_fire="nothing")))
    found = bench.do(ev.Started("s1", NONE, latch_known=False))
    assert not the(fx.SetLock, found).unlocked


def test_a_card_before_the_lock_was_read_is_asked_for_a_moment() -> None:
    bench = started()
    bench.opened()
    bench.do(ev.HoldersReplaced(holders(*PEOPLE)))
    found = bench.tap("anna", after=0.0)
    assert not of(fx.PulseLock, found)
    assert bench.page().title == "正在启动"
    reads(bench, unlocked=False)
    assert of(fx.PulseLock, bench.tap("anna"))


def test_a_lockdown_from_before_locks_nothing_that_may_be_released() -> None:
    bench = started()
    bench.do(ev.DeviceBack("relay", "here"))
    bench.opened(modes=(fx.KeptMode("main", "lockdown", bench.utc + 600),))
    assert not bench.all(fx.SetLock)
    bench.do(ev.LockRead("main", unlocked=True))
    bench.wait(limits.LATCH_WAIT_S + 0.1)
    assert bench.door().phase is Phase.FIRE


@pytest.mark.claim("D2")
def test_a_latch_read_late_cuts_nobodys_way_out_short() -> None:
    bench = started()
    reads(bench, unlocked=False)
    assert of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True)))
    bench.settle()
    found = [*bench.do(ev.LatchRead(NONE, known=True), after=0.2), *bench.wait(4.0)]
    assert not of(fx.SetLock, found)
    assert not bench.door().unsure


@pytest.mark.claim("D1")
@pytest.mark.claim("D4")
def test_what_somebody_has_reset_is_not_released_again_by_a_disk_that_answers_late() -> None:
    bench = started()
    reads(bench, unlocked=True)
    bench.wait(limits.LATCH_WAIT_S + 0.1)
    bench.do(ev.FireChanged("main", active=False))
    bench.do(ev.HoldersReplaced(holders(*PEOPLE)))
    assert not the(fx.SetLock, bench.tap("chief")).unlocked
    bench.settle()
    found = bench.do(ev.LatchRead(frozenset({"main"}), known=True), after=30.0)
    assert not of(fx.SetLock, found)
    assert the(fx.SaveLatch, found).doors == NONE
    assert of(fx.SetLock, bench.do(ev.FireChanged("main", active=True)))[0].unlocked, "the next fire is another"


@pytest.mark.claim("D1")
def test_a_reset_holds_for_a_door_of_which_it_is_not_known() -> None:
    bench = started()
    bench.opened()
    bench.do(ev.DeviceBack("relay", "here"))
    bench.do(ev.FireChanged("main", active=False))
    bench.message(command(bench, FireReset(), iat=bench.utc))
    bench.forget()
    (token,) = bench.state.commands.waiting
    found = bench.do(ev.Recorded(token, 1, (), "00", "00"))
    assert [reply.state for reply in bench.state.commands.replies] == ["accepted", "done"]
    assert not the(fx.SetLock, found).unlocked
    assert "door.fire_reset" in facts_of(found)
    reads(bench, unlocked=True)
    assert not [each for each in of(fx.SetLock, bench.wait(10.0)) if each.unlocked]


@pytest.mark.claim("D1")
def test_holding_open_sends_no_pulse_into_a_lock_that_was_not_read() -> None:
    bench = started()
    bench.opened()
    bench.message(command(bench, SetMode(Mode.HOLD_OPEN, bench.utc + 60), iat=bench.utc))
    (token,) = bench.state.commands.waiting
    bench.do(ev.Recorded(token, 1, (), "00", "00"))
    bench.do(ev.ExitChanged("main", pressed=True), after=2.0)
    bench.wait(10.0)
    assert not bench.all(fx.PulseLock)
    reads(bench, unlocked=True)
    assert bench.door().phase is Phase.FIRE
    assert not bench.all(fx.PulseLock)


def test_holding_open_begins_when_the_lock_is_read_at_last_and_fire_had_not_released_it() -> None:
    bench = started()
    bench.opened()
    bench.message(command(bench, SetMode(Mode.HOLD_OPEN, bench.utc + 60), iat=bench.utc))
    (token,) = bench.state.commands.waiting
    bench.do(ev.Recorded(token, 1, (), "00", "00"))
    bench.wait(10.0)
    assert not bench.all(fx.PulseLock)
    reads(bench, unlocked=False)
    assert of(fx.PulseLock, bench.wait(2.0))


@pytest.mark.claim("D2")
def test_the_exit_button_at_a_lock_that_is_lost_sends_no_pulse_into_it_before_it_was_read() -> None:
    bench = started()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.do(ev.ExitChanged("main", pressed=True), after=5.0)
    assert not bench.all(fx.PulseLock), "the driver keeps it for half a second"
    bench.do(ev.DeviceBack("relay", "here"), after=0.2)
    assert of(fx.PulseLock, bench.do(ev.LockRead("main", unlocked=False)))


@pytest.mark.claim("D4")
@pytest.mark.parametrize("flaps", [False, True])
def test_a_pulse_of_ours_is_not_taken_for_a_release_by_fire(flaps: bool) -> None:
    bench = started()
    reads(bench, unlocked=False)
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.settle()
    if flaps:
        bench.do(ev.DeviceGone("relay", "silent", ""), after=0.1)
        reads(bench, unlocked=True)
    found = bench.wait(limits.LATCH_WAIT_S + 0.1)
    assert not bench.door().latched
    assert not [each for each in of(fx.SetLock, found) if each.unlocked]
    assert the(fx.SaveLatch, found).doors == NONE
