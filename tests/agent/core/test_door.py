"""The rules of the door D1 to D4, one by one; when something fails, test_door_faults.py."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from contract.commands import FireReset, Mode
from tests.agent.core.bench import Bench, command, door_plan, facts_of, mode, of, the, unit_plan

# --- D1


@pytest.mark.claim("D1")
@pytest.mark.parametrize(
    "before", ["starting", "idle", "pulse", "lockdown", "hold_open", "waiting", "store gone", "stopping"]
)
def test_fire_releases_in_the_same_step_whatever_the_state(before: str) -> None:
    bench = Bench()
    if before == "starting":
        bench.do(ev.Started("s1", frozenset()))
    else:
        bench.start()
    match before:
        case "pulse":
            bench.tap("anna")
        case "lockdown" | "hold_open":
            mode(bench, before)
        case "waiting":
            bench.message(command(bench))
        case "store gone":
            bench.do(ev.StoreFailed("failed", "gone"))
        case "stopping":
            bench.do(ev.StopAsked("SIGTERM"))
    found = bench.do(ev.FireChanged("main", active=True))
    order, latch = found[0], found[1]
    assert isinstance(order, fx.SetLock)
    assert order.unlocked
    assert latch == fx.SaveLatch(frozenset({"main"}))
    assert facts_of(found)["door.fire_release"] == {"door": "main"}
    assert bench.page().kind == "fire"


@pytest.mark.claim("D1")
def test_the_release_stays_until_the_input_is_clear_and_somebody_resets_it() -> None:
    bench = Bench().start()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    assert of(fx.SetLock, bench.tap("chief")) == []  # the input is still active
    assert bench.page().kind == "fire"
    bench.do(ev.FireChanged("main", active=False))
    bench.wait(3600.0)
    assert bench.door().latched
    assert of(fx.PulseLock, bench.tap("anna")) == []  # a pulse would end the release
    found = bench.tap("chief")
    assert not the(fx.SetLock, found).unlocked
    assert the(fx.SaveLatch, found).doors == frozenset()
    assert facts_of(found)["door.fire_reset"]["by"] == "chief"
    assert not bench.door().latched


@pytest.mark.claim("D1")
def test_the_latch_survives_a_restart() -> None:
    bench = Bench()
    found = bench.do(ev.Started("s2", frozenset({"main"})))
    assert the(fx.SetLock, found).unlocked
    bench.do(ev.LockOrderFailed("main", the(fx.SetLock, found).order, "lost"))
    assert the(fx.SetLock, bench.do(ev.DeviceBack("relay", ""))).unlocked
    assert bench.page().kind == "fire"
    bench.opened()
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, FireReset()))))
    assert bench.door().latched  # the input was not read yet: unknown is not clear


@pytest.mark.claim("D1")
def test_a_fire_seen_before_the_first_event_of_the_run_is_not_forgotten_by_it() -> None:
    """Ports run before the loop does: their levels may be there first."""
    bench = Bench()
    bench.do(ev.DeviceBack("relay", ""))
    bench.do(ev.FireChanged("main", active=True))
    found = bench.do(ev.Started("s1", frozenset()))
    assert bench.door().latched
    assert the(fx.SetLock, found).unlocked


@pytest.mark.claim("D1")
def test_no_reset_while_the_board_of_the_fire_input_is_gone() -> None:
    """Its last level says nothing any more: one that cannot be read is not clear."""
    bench = Bench().start().online()
    bench.do(ev.FireChanged("main", active=True))
    bench.do(ev.FireChanged("main", active=False))
    bench.do(ev.DeviceGone("relay", "silent", ""))
    bench.tap("chief")
    assert bench.door().latched
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, FireReset(), name="r1"))))
    assert bench.door().latched
    bench.do(ev.DeviceBack("relay", ""))
    assert bench.door().latched
    bench.do(ev.FireChanged("main", active=False))
    bench.tap("chief")
    assert not bench.door().latched


@pytest.mark.claim("D1")
def test_one_fire_input_releases_every_door_that_releases_on_fire() -> None:
    doors = (
        door_plan(id="front", readers=("a",)),
        door_plan(id="yard", fire=False, readers=("b",)),
        door_plan(id="cellar", fire=False, on_fire="nothing", readers=("c",)),
    )
    bench = Bench(unit_plan(*doors)).start()
    found = bench.do(ev.FireChanged("front", active=True))
    assert {o.door: o.unlocked for o in of(fx.SetLock, found)} == {"front": True, "yard": True}
    assert the(fx.SaveLatch, found).doors == {"front", "yard"}
    assert of(fx.PulseLock, bench.tap("anna", "c")) != []  # the cellar goes on as before


def test_a_door_that_does_nothing_on_fire_only_notes_it() -> None:
    bench = Bench(unit_plan(door_plan(on_fire="nothing"))).start()
    found = bench.do(ev.FireChanged("main", active=True))
    assert of(fx.SetLock, found) == []
    assert facts_of(found) == {"input.changed": {"input": "fire", "door": "main", "value": True}}


@pytest.mark.claim("D1")
def test_a_release_that_does_not_reach_the_lock_is_ordered_again() -> None:
    bench = Bench().start()
    found = bench.do(ev.FireChanged("main", active=True))
    for _ in range(5):
        order = the(fx.SetLock, found)
        assert order.unlocked
        bench.do(ev.LockOrderFailed("main", order.order, "silent"))
        found = tuple(bench.wait(0.25))


# --- D2


@pytest.mark.claim("D2")
def test_the_exit_button_unlocks_in_the_same_step() -> None:
    bench = Bench().start()
    found = bench.do(ev.ExitChanged("main", pressed=True))
    pulse = found[0]
    assert isinstance(pulse, fx.PulseLock)
    assert pulse.not_after_mono - bench.mono <= 0.5
    assert facts_of(found)["access.granted"] == {"door": "main", "by": None, "via": "exit_button"}


@pytest.mark.claim("D2")
def test_a_button_still_pressed_when_its_board_comes_back_unlocks() -> None:
    bench = Bench().start()
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""), after=0.5)
    bench.do(ev.DeviceBack("relay", ""), after=3.0)
    assert of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True)))


@pytest.mark.claim("D2")
@pytest.mark.parametrize("gap_s", [0.0, 1.0, 4.0])
def test_the_exit_button_of_a_door_held_open_unlocks_whatever_became_of_the_lease(gap_s: float) -> None:
    """The board lost power for a moment: the lease ended with it."""
    bench = Bench().start().online()
    mode(bench, "hold_open")
    bench.settle()
    bench.do(ev.LockRead("main", unlocked=False), after=1.0)
    bench.wait(gap_s)
    assert of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True)))


@pytest.mark.claim("D2")
def test_the_exit_button_of_a_released_door_orders_the_release_again_where_it_reads_locked() -> None:
    bench = Bench().start()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    for _ in range(3):
        bench.do(ev.LockRead("main", unlocked=False), after=0.4)
        bench.do(ev.LockOrderSent("main", bench.door().lock.order or 0))
    assert bench.door().lock.faulted
    assert the(fx.SetLock, bench.do(ev.ExitChanged("main", pressed=True))).unlocked


@pytest.mark.claim("D2")
def test_lockdown_stops_the_exit_button_only_where_the_door_says_so() -> None:
    for egress in (True, False):
        bench = Bench(unit_plan(door_plan(egress=egress))).start()
        mode(bench, "lockdown")
        found = bench.do(ev.ExitChanged("main", pressed=True))
        assert bool(of(fx.PulseLock, found)) is egress
        if not egress:
            assert facts_of(found)["access.denied"]["reason"] == "lockdown"
        forced = "door.forced" in facts_of(bench.do(ev.ContactChanged("main", open=True), after=1.0))
        assert forced is not egress


@pytest.mark.claim("D2")
def test_an_exit_button_held_for_a_minute_is_an_alarm_once() -> None:
    bench = Bench().start()
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.settle()
    bench.do(ev.LockRead("main", unlocked=False), after=5.2)
    bench.forget()
    bench.wait(300.0)
    stuck = [f.data for f in bench.facts() if f.kind == "input.changed"]
    assert stuck == [{"input": "exit_button", "door": "main", "value": True, "detail": "stuck"}]
    assert bench.all(fx.PulseLock) == []
    bench.do(ev.ExitChanged("main", pressed=False))
    assert bench.kinds().count("input.changed") == 2


@pytest.mark.claim("D2")
def test_a_door_with_an_inside_handle_raises_no_forced() -> None:
    for way, forced in (("mechanical", False), ("button", True), ("none", True)):
        bench = Bench(unit_plan(door_plan(exit=way))).start()
        found = bench.do(ev.ContactChanged("main", open=True))
        assert ("door.forced" in facts_of(found)) is forced


# --- D3


@pytest.mark.claim("D3")
def test_every_unlock_is_a_pulse_with_the_cap() -> None:
    from contract.messages import Holder

    bench = Bench().start(Holder("slow", unlock_s=3600.0))
    assert the(fx.PulseLock, bench.tap("slow")).seconds == 60.0


@pytest.mark.claim("D3")
def test_the_cap_holds_for_every_pulse_whoever_asks() -> None:
    bench = Bench(unit_plan(door_plan(pulse_s=300.0, lease_s=300.0))).start()
    bench.do(ev.ExitChanged("main", pressed=True))
    mode(bench, "hold_open")
    bench.wait(200.0)
    pulses = bench.all(fx.PulseLock)
    assert len(pulses) > 1
    assert all(pulse.seconds <= 60.0 for pulse in pulses)


@pytest.mark.claim("D3")
def test_nobodys_opening_is_cut_short_by_the_next_person() -> None:
    bench = Bench().start()
    bench.tap("old-li")
    bench.settle()
    bench.forget()
    bench.tap("anna", after=2.0)
    bench.wait(8.9)
    assert bench.all(fx.PulseLock) == bench.all(fx.SetLock) == []  # the longer pulse goes on
    pulse = the(fx.PulseLock, bench.tap("anna", after=0.5))  # too short a rest of it for a further person
    assert pulse.seconds == pytest.approx(5.0)


@pytest.mark.claim("D3")
def test_hold_open_is_a_chain_of_leases_that_ends_with_its_mode() -> None:
    bench = Bench().start()
    bench.forget()
    mode(bench, "hold_open", seconds=32.0)
    for _ in range(40):
        bench.settle()
        bench.wait(1.0)
    pulses = [(at, e) for at, e in bench.effects if isinstance(e, fx.PulseLock)]
    assert len(pulses) >= 6
    assert all(e.seconds <= 10.0 for _, e in pulses)
    end = max(at + e.seconds for at, e in pulses)
    assert end - pulses[0][0] == pytest.approx(32.0, abs=0.5)
    assert bench.door().mode is Mode.NORMAL
    assert not bench.all(fx.SetLock)[-1].unlocked


@pytest.mark.claim("D3")
def test_a_door_held_open_raises_neither_forced_nor_held_and_is_not_relocked_by_closing() -> None:
    bench = Bench().start()
    mode(bench, "hold_open")
    bench.settle()
    bench.forget()
    bench.do(ev.ContactChanged("main", open=True))
    for _ in range(20):
        bench.settle()
        bench.wait(5.0)
    bench.do(ev.ContactChanged("main", open=False))
    assert bench.all(fx.SetLock) == []
    assert bench.kinds() == ["door.opened", "door.closed"]


# --- D4


@pytest.mark.claim("D4")
@pytest.mark.parametrize("safe_state", ["locked", "unlocked"])
def test_start_writes_the_safe_state_and_never_pulses(safe_state: str) -> None:
    bench = Bench(unit_plan(door_plan(safe_state=safe_state)))
    first = bench.do(ev.Started("s1", frozenset()))[0]
    assert isinstance(first, fx.SetLock)
    assert first.unlocked is (safe_state == "unlocked")
    bench.do(ev.DeviceBack("relay", ""))
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True))
    assert "door.forced" not in bench.kinds()  # found open
    bench.do(ev.ContactChanged("main", open=False))
    bench.opened()
    from tests.agent.core.bench import PEOPLE, holders

    bench.do(ev.HoldersReplaced(holders(*PEOPLE)))
    bench.wait(60.0)
    assert not bench.all(fx.SetLock)[-1].unlocked  # cards can be decided now
    assert bench.all(fx.PulseLock) == []
