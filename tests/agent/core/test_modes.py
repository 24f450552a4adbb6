"""A door's mode over a restart: a lockdown goes on from the first moment, holding open ends, and a clock that is not known shortens neither."""

from __future__ import annotations

import math

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import KnownTime, Trust
from contract.commands import MODE_MAX_S, Mode, SetMode
from tests.agent.core.bench import (
    PEOPLE,
    Bench,
    command,
    door_plan,
    facts_in,
    facts_of,
    holders,
    mode,
    of,
    the,
    unit_plan,
)


def started(*kept: fx.KeptMode) -> Bench:
    """A unit just started whose store remembers these."""
    bench = Bench()
    bench.do(ev.Started("s2", frozenset()))
    bench.opened(modes=kept)
    return bench


def told(bench: Bench) -> list[fx.Effect]:
    return [effect for _, effect in bench.effects]


def lockdown(bench: Bench, seconds: float) -> fx.KeptMode:
    return fx.KeptMode("main", "lockdown", bench.utc + seconds)


@pytest.mark.parametrize("name", list(Mode))
def test_a_mode_is_kept_with_the_outcome_of_its_command(name: Mode) -> None:
    bench = Bench().start().online()
    until = bench.utc + 600
    found = bench.message(command(bench, SetMode(name, until), exp=bench.utc + 300))
    (accepted,) = of(fx.AppendFacts, found)
    assert accepted.modes == ()
    (done,) = [record for record in of(fx.AppendFacts, bench.recorded(accepted)) if record.finish]
    assert done.modes == (fx.KeptMode("main", str(name), until),)


@pytest.mark.claim("D4")
def test_a_lockdown_goes_on_after_a_restart_until_its_end() -> None:
    bench = started(lockdown(Bench(), 100.0))
    fact = facts_of(told(bench))["door.mode"]
    assert (fact["mode"], fact["detail"]) == ("lockdown", "goes on after a restart")
    assert of(fx.PulseLock, told(bench)) == []
    bench.wait(99.0)
    assert bench.door().mode is Mode.LOCKDOWN
    bench.wait(1.5)
    assert bench.door().mode is Mode.NORMAL


@pytest.mark.claim("D4")
def test_holding_open_ends_with_a_restart_and_pulses_nothing() -> None:
    bench = started(fx.KeptMode("main", "hold_open", Bench().utc + 100.0))
    assert bench.door().mode is Mode.NORMAL
    assert of(fx.PulseLock, told(bench)) == []
    (record,) = [r for r in of(fx.AppendFacts, told(bench)) if r.modes]
    assert record.modes[0].mode == "normal"  # told once, not at each start
    assert facts_in(record)[0].data == {"door": "main", "mode": "normal", "detail": "ended by a restart"}


@pytest.mark.parametrize("kept", [fx.KeptMode("main", "lockdown", 1.0), fx.KeptMode("attic", "lockdown", 4e9)])
def test_what_is_over_or_of_no_door_of_ours_is_passed_over(kept: fx.KeptMode) -> None:
    bench = started(kept)
    assert bench.door().mode is Mode.NORMAL
    assert "door.mode" not in facts_of(told(bench))


def test_without_a_clock_a_lockdown_lasts_rather_too_long_and_ends_when_the_time_is_known() -> None:
    bench = Bench(trust=Trust.UNKNOWN)
    true, bench.utc = bench.utc, 0.0
    bench.do(ev.Started("s2", frozenset()))
    bench.opened(modes=(fx.KeptMode("main", "lockdown", true + 60.0),), known=KnownTime(true - 40.0, true - 40.0))
    bench.wait(50.0)
    assert bench.door().mode is Mode.LOCKDOWN
    bench.trust, bench.utc = Trust.SYNCED, true + 30.0
    bench.do(ev.ClockStepped(Trust.SYNCED, true))
    bench.wait(29.0)
    assert bench.door().mode is Mode.LOCKDOWN
    bench.wait(2.0)
    assert bench.door().mode is Mode.NORMAL


def test_without_a_clock_a_lockdown_ends_by_the_newest_time_known() -> None:
    bench = Bench(trust=Trust.UNKNOWN)
    true, bench.utc = bench.utc, 0.0
    bench.do(ev.Started("s2", frozenset()))
    bench.opened(modes=(fx.KeptMode("main", "lockdown", true + 60.0),), known=KnownTime(true, true))
    bench.wait(59.0)
    assert bench.door().mode is Mode.LOCKDOWN
    bench.wait(2.0)
    assert bench.door().mode is Mode.NORMAL


def test_fire_stands_over_a_lockdown_from_before() -> None:
    bench = Bench()
    bench.do(ev.Started("s2", frozenset({"main"})))
    bench.opened(modes=(lockdown(bench, 100.0),))
    assert bench.door().latched
    assert bench.door().mode is Mode.LOCKDOWN
    assert bench.all(fx.SetLock)[-1].unlocked


def test_in_a_lockdown_from_before_only_emergency_cards_pass() -> None:
    bench = Bench().start()
    bench.opened(modes=(lockdown(bench, 100.0),))
    assert of(fx.PulseLock, bench.tap("anna")) == []
    assert the(fx.PulseLock, bench.tap("chief"))


def test_no_wrong_clock_makes_a_lockdown_longer_than_a_command_may() -> None:
    """Commanded by a centre ten years ahead, which was mended while the unit was off."""
    bench = Bench(trust=Trust.UNKNOWN)
    bench.do(ev.Started("s2", frozenset()))
    ahead = bench.utc + 3.2e8
    bench.opened(modes=(fx.KeptMode("main", "lockdown", ahead),), known=KnownTime(bench.utc, bench.utc))
    assert bench.door().mode_until == pytest.approx(bench.mono + MODE_MAX_S)
    bench.trust = Trust.SYNCED
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    assert bench.door().mode_until == pytest.approx(bench.mono + MODE_MAX_S)


def test_without_any_known_time_a_lockdown_still_ends() -> None:
    bench = Bench(trust=Trust.UNKNOWN)
    bench.utc = 4e9
    bench.do(ev.Started("s2", frozenset()))
    bench.opened(modes=(fx.KeptMode("main", "lockdown", 1.8e9),))
    until = bench.door().mode_until
    assert until is not None
    assert math.isclose(until, bench.mono + MODE_MAX_S)


# --- the lockdown file


def begun(*kept: fx.KeptMode, known: bool = True, safe_state: str = "locked") -> Bench:
    """The first moment of a start: neither journal nor holders are there."""
    bench = Bench(unit_plan(door_plan(safe_state=safe_state)), trust=Trust.UNKNOWN)
    bench.do(ev.Started("s2", frozenset(), lockdown=kept, lockdown_known=known))
    bench.do(ev.DeviceBack("relay", ""))
    bench.settle()
    return bench


@pytest.mark.claim("D4")
@pytest.mark.parametrize("safe_state", ["locked", "unlocked"])
def test_from_the_first_moment_of_a_start_a_lockdown_of_before_holds(safe_state: str) -> None:
    bench = begun(lockdown(Bench(), 600.0), safe_state=safe_state)
    assert not any(level.unlocked for level in bench.all(fx.SetLock)), "the safe state is not what it comes up in"
    found = bench.tap("anna", after=0.01)
    assert facts_of(found)["access.denied"]["reason"] == "lockdown"
    assert bench.page().title == "本门临时管控"
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, ()))
    assert facts_of(bench.tap("anna"))["access.denied"]["reason"] == "lockdown"
    assert the(fx.PulseLock, bench.tap("chief"))
    assert of(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True))) or bench.door().lock.renew_until


@pytest.mark.claim("D1")
def test_fire_in_the_first_moment_of_a_lockdown() -> None:
    bench = begun(lockdown(Bench(), 600.0))
    assert the(fx.SetLock, bench.do(ev.FireChanged("main", active=True))).unlocked


def test_the_journal_confirms_what_the_file_says_and_nobodys_way_out_is_cut() -> None:
    kept = lockdown(Bench(), 600.0)
    bench = begun(kept)
    bench.do(ev.ExitChanged("main", pressed=True))
    bench.settle()
    bench.forget()
    found = bench.opened(modes=(kept,))
    assert facts_of(found)["door.mode"]["detail"] == "goes on after a restart"
    assert of(fx.SetLock, found) == of(fx.PulseLock, found) == []
    assert bench.door().mode is Mode.LOCKDOWN
    bench.trust, bench.utc = Trust.SYNCED, kept.until_utc - 5.0
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    bench.wait(6.0)
    assert bench.door().mode is Mode.NORMAL
    assert bench.all(fx.SaveLockdown)[-1].doors == ()


@pytest.mark.parametrize("said", [(), (fx.KeptMode("main", "hold_open", 4e9),)])
def test_where_the_journal_says_otherwise_the_journal_is_right(said: tuple[fx.KeptMode, ...]) -> None:
    """The end was committed, and the power failed before the file had it."""
    bench = begun(lockdown(Bench(), 600.0), safe_state="unlocked")
    bench.opened(modes=said)
    assert bench.door().mode is Mode.NORMAL
    assert bench.all(fx.SaveLockdown)[-1].doors == ()
    assert bench.all(fx.SetLock)[-1].unlocked, "the safe state of a start"
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, ()))
    assert the(fx.PulseLock, bench.tap("anna"))


def test_without_a_journal_the_file_holds_until_the_lockdowns_own_end() -> None:
    kept = lockdown(Bench(), 600.0)
    bench = begun(kept)
    bench.do(ev.StoreHangs(hangs=True))
    bench.do(ev.StoreFailed("failed", "damaged"))
    bench.wait(700.0)
    assert bench.door().mode is Mode.LOCKDOWN, "how long it was off nobody knows"
    bench.trust, bench.utc = Trust.SYNCED, kept.until_utc - 5.0
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    bench.wait(6.0)
    assert bench.door().mode is Mode.NORMAL
    assert not any("lockdown" in line.text for line in bench.all(fx.WriteLog))


def test_a_file_that_is_read_late_counts_until_the_journal_is_open() -> None:
    kept = lockdown(Bench(), 600.0)
    bench = begun(known=False)
    bench.do(ev.LockdownRead((kept,), known=True))
    assert bench.door().mode is Mode.LOCKDOWN
    assert not bench.all(fx.SetLock)[-1].unlocked
    bench = begun(known=False)
    bench.opened()
    bench.do(ev.LockdownRead((kept,), known=True))
    assert bench.door().mode is Mode.NORMAL


def test_a_file_that_cannot_be_read_is_told_and_written_anew() -> None:
    bench = begun(known=False)
    bench.do(ev.StoreHangs(hangs=True))
    assert any("lockdown" in line.text for line in bench.all(fx.WriteLog))
    bench.opened(modes=(lockdown(bench, 600.0),))
    assert [each.door for each in bench.all(fx.SaveLockdown)[-1].doors] == ["main"]


def test_what_the_next_start_has_to_know_is_saved_as_it_changes() -> None:
    plan = unit_plan(door_plan(), door_plan(id="yard", lock_device="relay2", readers=("card2",)))
    bench = Bench(plan).start().online()
    mode(bench, "lockdown", seconds=600.0)
    until = bench.utc + 600.0
    saved = [
        [(each.door, round(each.until_utc - until)) for each in order.doors] for order in bench.all(fx.SaveLockdown)
    ]
    assert saved[-1] == [("main", 0), ("yard", 0)]
    bench.wait(1.0)
    mode(bench, "normal", door="yard")
    assert [each.door for each in bench.all(fx.SaveLockdown)[-1].doors] == ["main"]
    bench.forget()
    bench.wait(1.0)
    mode(bench, "hold_open", door="yard")
    assert bench.all(fx.SaveLockdown) == [], "no wear for what it does not hold"
    bench.wait(601.0)
    assert bench.all(fx.SaveLockdown)[-1].doors == ()


def test_an_emergency_card_in_the_first_moment_is_asked_to_wait_by_no_false_word() -> None:
    """Nobody is known yet: it is refused as in a lockdown, and passes as soon as rosters are read."""
    bench = begun(lockdown(Bench(), 600.0))
    assert facts_of(bench.tap("chief"))["access.denied"]["reason"] == "lockdown"
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, ()))
    assert the(fx.PulseLock, bench.tap("chief"))
