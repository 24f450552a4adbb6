"""A door's mode over a restart: a lockdown goes on, holding open ends, and a clock that is not known shortens neither."""

from __future__ import annotations

import math

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import KnownTime, Trust
from contract.commands import MODE_MAX_S, Mode, SetMode
from tests.agent.core.bench import Bench, command, facts_in, facts_of, of, the


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
