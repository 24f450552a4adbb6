"""The rules of the door when something fails: D5 (alarms of lock and door), D6 and D7 (a board, the link, the disk gone), orders that die."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import Trust
from contract.commands import Mode
from tests.agent.core.bench import UTC, Bench, door_plan, facts_in, facts_of, mode, of, the, unit_plan

# --- D5


@pytest.mark.claim("D5")
def test_two_wrong_read_backs_are_one_fault() -> None:
    bench = Bench().start()
    bench.forget()
    bench.do(ev.LockRead("main", unlocked=True))
    assert bench.kinds() == []
    for _ in range(4):
        order = bench.door().lock.order
        if order is not None:
            bench.do(ev.LockOrderSent("main", order))
        bench.do(ev.LockRead("main", unlocked=True), after=0.4)
    assert bench.kinds() == ["lock.fault"]
    assert not bench.all(fx.SetLock)[0].unlocked
    bench.settle()
    assert not bench.door().lock.faulted


@pytest.mark.claim("D5")
def test_a_relay_that_does_not_let_go_after_its_pulse_is_a_fault_within_two_seconds() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    bench.wait(4.0)
    bench.forget()
    for _ in range(20):
        order = bench.door().lock.order
        if order is not None:
            bench.do(ev.LockOrderSent("main", order))
            bench.do(ev.LockRead("main", unlocked=True))
        bench.wait(0.1)
    assert bench.kinds() == ["lock.fault"]


@pytest.mark.claim("D5")
def test_a_lock_that_reads_as_ordered_is_no_fault() -> None:
    bench = Bench().start()
    bench.forget()
    for _ in range(10):
        bench.tap("anna")
        bench.settle()
        bench.do(ev.ContactChanged("main", open=True), after=1.0)
        bench.do(ev.ContactChanged("main", open=False), after=1.0)
        bench.settle()
        bench.wait(10.0)
        bench.tap("old-li")
        bench.settle()
        bench.do(ev.LockRead("main", unlocked=False), after=12.2)
        bench.wait(20.0)
    assert "lock.fault" not in bench.kinds()


@pytest.mark.claim("D5")
def test_opened_without_a_grant_is_forced_and_with_one_it_is_not() -> None:
    bench = Bench().start()
    assert "door.forced" in facts_of(bench.do(ev.ContactChanged("main", open=True)))
    bench.do(ev.ContactChanged("main", open=False), after=1.0)
    bench.tap("anna")
    assert set(facts_of(bench.do(ev.ContactChanged("main", open=True), after=4.0))) == {"door.opened"}
    bench.do(ev.ContactChanged("main", open=False), after=5.0)
    assert "door.forced" in facts_of(bench.do(ev.ContactChanged("main", open=True), after=5.0))


@pytest.mark.claim("D5")
def test_a_door_open_too_long_warns_at_80_percent_and_is_told_once() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    bench.forget()
    opened = bench.mono
    bench.wait(200.0)
    tones = [at - opened for at, e in bench.effects if isinstance(e, fx.SoundTone) and e.tone == "warning"]
    assert tones[:3] == [pytest.approx(24.0), pytest.approx(30.0), pytest.approx(90.0)]
    assert bench.kinds().count("door.held") == 1


@pytest.mark.claim("D5")
def test_granted_and_never_opened_is_no_entry() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.settle()
    bench.do(ev.LockRead("main", unlocked=False), after=5.1)
    assert facts_of(bench.wait(3.0))["door.no_entry"] == {"door": "main", "by": "anna"}
    bench.tap("anna")
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    assert "door.no_entry" not in facts_of(bench.wait(20.0))


def test_a_door_without_a_contact_has_neither_no_entry_nor_forced() -> None:
    bench = Bench(unit_plan(door_plan(contact=False, contact_device=None))).start()
    bench.tap("anna")
    bench.settle()
    bench.do(ev.LockRead("main", unlocked=False), after=5.1)
    bench.wait(60.0)
    assert not {"door.no_entry", "door.forced", "lock.fault"} & set(bench.kinds())


@pytest.mark.claim("D5")
def test_the_lock_relocks_when_the_door_closes_unless_somebody_else_was_granted() -> None:
    bench = Bench().start()
    bench.tap("old-li")
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    bench.tap("anna")
    assert of(fx.SetLock, bench.do(ev.ContactChanged("main", open=False), after=1.0)) == []
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    relock = the(fx.SetLock, bench.do(ev.ContactChanged("main", open=False), after=1.0))
    assert not relock.unlocked


# --- D6, D7


@pytest.mark.claim("D6")
def test_the_lock_device_going_and_coming_rewrites_the_level_and_never_pulses() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.settle()
    bench.forget()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    found = bench.do(ev.DeviceBack("relay", ""), after=1.0)
    assert not the(fx.SetLock, found).unlocked
    mode(bench, "hold_open")
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    found = bench.do(ev.DeviceBack("relay", ""), after=1.0)
    assert the(fx.PulseLock, found).seconds == bench.door().plan.lease_s  # the mode holds, so its chain goes on at once


@pytest.mark.claim("D6")
def test_who_may_pass_a_door_held_open_gets_in_while_its_board_has_just_come_back() -> None:
    bench = Bench().start().online()
    mode(bench, "hold_open")
    bench.settle()
    bench.do(ev.DeviceGone("relay", "silent", ""))
    assert of(fx.PulseLock, bench.tap("anna")), "nothing holds it open: its lease is gone"
    bench.do(ev.LockOrderFailed("main", bench.door().lock.order or 0, "late"))
    assert of(fx.PulseLock, bench.wait(1.1)), "a link of the chain that failed is ordered again"


@pytest.mark.claim("D6")
def test_neither_link_nor_store_nor_display_moves_a_lock_or_stops_a_decision() -> None:
    bench = Bench().start()
    bench.forget()
    losses = (
        ev.LinkUp("5"),
        ev.CentrePresence(online=True, since=UTC),
        ev.LinkDown("gone"),
        ev.StoreFailed("full", ""),
        ev.StoreFailed("failed", ""),
        ev.DeviceGone("panel", "silent", ""),
        ev.DeviceGone("card", "port", ""),
        ev.ClockStepped(Trust.FLOOR, -3600.0),
        ev.CacheReset(),
        ev.StoreMended(0),
        ev.LinkUp("5"),
    )
    for event in losses:
        bench.do(event, after=0.5)
        assert bench.all(fx.PulseLock) == bench.all(fx.SetLock) == []
        found = bench.tap("anna")
        assert isinstance(found[0], fx.PulseLock)
        bench.settle()
        bench.do(ev.ContactChanged("main", open=True))
        bench.do(ev.LockRead("main", unlocked=False), after=5.2)
        bench.do(ev.ContactChanged("main", open=False))
        bench.wait(10.0)
        bench.forget()


@pytest.mark.claim("D7")
def test_a_card_moves_the_lock_at_once_and_its_order_dies_after_a_second() -> None:
    bench = Bench().start()
    found = bench.tap("anna")
    assert isinstance(found[0], fx.PulseLock)
    assert found[0].not_after_mono == pytest.approx(bench.mono + 1.0)
    record = the(fx.AppendFacts, found)
    assert record.durable_by_mono is None
    assert facts_in(record)[0].data == {"door": "main", "by": "anna", "via": "card"}


@pytest.mark.claim("D7")
def test_an_order_that_died_is_told_to_the_person_and_written_down() -> None:
    bench = Bench().start()
    order = the(fx.PulseLock, bench.tap("anna")).order
    found = bench.do(ev.LockOrderFailed("main", order, "late"))
    assert bench.page().title == "门没有打开"
    assert facts_of(found)["door.no_entry"]["detail"] == "order late"
    assert "door.forced" in facts_of(bench.do(ev.ContactChanged("main", open=True), after=1.0))


def test_a_mode_ends_by_monotonic_time_whatever_the_clock_does() -> None:
    bench = Bench().start()
    mode(bench, "lockdown", seconds=100.0)
    bench.utc -= 86_400.0
    bench.do(ev.ClockStepped(Trust.SYNCED, -86_400.0))
    bench.wait(99.0)
    assert bench.door().mode is Mode.LOCKDOWN
    bench.wait(1.1)
    assert bench.door().mode is Mode.NORMAL


def test_a_mode_under_fire_holds_after_the_reset() -> None:
    bench = Bench().start()
    bench.do(ev.FireChanged("main", active=True))
    bench.settle()
    mode(bench, "lockdown")
    assert bench.all(fx.SetLock)[-1].unlocked
    bench.do(ev.FireChanged("main", active=False))
    bench.tap("chief")
    assert not bench.all(fx.SetLock)[-1].unlocked
    assert of(fx.PulseLock, bench.tap("anna")) == []


def test_the_first_report_of_a_closed_contact_does_not_cut_an_opening() -> None:
    bench = Bench().start()
    bench.tap("anna")
    bench.forget()
    bench.do(ev.ContactChanged("main", open=False))
    assert bench.all(fx.SetLock) == []
