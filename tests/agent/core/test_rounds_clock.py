"""Patrol rounds by an unknown, a wrong, a changed clock; and the most that there can be of them."""

from __future__ import annotations

import time

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.marks import PatrolVisit, ToldStop
from agent.core.replay_codec import dumps, loads
from agent.core.time import Now, Trust
from contract.bounds import rfc3339
from contract.rounds import ROUNDS_PER_UNIT
from tests.agent.core.bench import UNIT, UTC, of
from tests.agent.core.patrol import OTHERS, Patrol, a_round, local, patrol, stop, window


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FLOOR])
def test_without_a_set_clock_a_check_in_is_kept_and_says_nothing_of_rounds(trust: Trust) -> None:
    bench = patrol(a_round(stop("14:00-15:00")), trust=trust)
    assert bench.checkin() == {"round": None, "stop": "main", "by": "wang"}
    bench.wait(3 * 86_400.0)
    assert bench.told("patrol.missed") == []
    assert bench.told("patrol.completed") == []


def test_1970_at_the_start_then_set_counts_the_check_ins_of_this_run_where_they_were() -> None:
    bench = Patrol(trust=Trust.UNKNOWN)
    real = bench.utc
    bench.utc = 5.0
    bench.start(*OTHERS)
    bench.put(a_round(stop("14:00-15:00"), stop("15:30-16:00")))
    assert bench.checkin()["round"] is None
    bench.wait(3 * 3600.0)
    bench.utc, bench.trust = real + 3 * 3600.0 + 2.0, Trust.SYNCED
    bench.do(ev.ClockStepped(Trust.SYNCED, 1e9))
    bench.wait(1.0)
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("15:30-16:00")}]


def test_where_an_earlier_run_saw_somebody_nobody_knows_when_the_centre_says_what_was_missed() -> None:
    bench = patrol(a_round(stop("14:00-15:00"), stop("16:00-17:00"), stop("14:00-15:00", door="back")))
    bench.until("14:50")
    run = bench.again(visits=(PatrolVisit("main", "wang", 77.0, timed=False),))
    run.until("23:00")
    assert [(each["stop"], each["from"]) for each in run.told("patrol.missed")] == [
        ("back", window("14:00-15:00")["from"]),
        ("main", window("16:00-17:00")["from"]),
    ]


def test_a_clock_that_runs_on_for_weeks_without_the_centre_still_tells() -> None:
    bench = patrol(a_round(stop("14:00-15:00")), trust=Trust.FLOOR)

    def now() -> Now:
        return Now(bench.mono, bench.utc, bench.offset_s, Trust.FLOOR, bench.utc, runs_on=True)

    bench.now = now  # type: ignore[method-assign]
    assert bench.checkin()["timing"] == "on_time"


@pytest.mark.parametrize("hour", [3600, -3600])
def test_a_day_on_which_clocks_change_goes_by_the_wall_clock(hour: int) -> None:
    bench = patrol(a_round(stop("18:00-19:00"), stop("20:00-21:00")))
    bench.until("17:00")
    bench.offset_s += hour
    bench.wait(3600.0 - hour + 600.0)  # 18:10 on the wall
    assert bench.checkin()["timing"] == "on_time"
    bench.wait(3 * 3600.0 - 61.0)  # 21:09
    assert bench.told("patrol.missed") == []
    bench.wait(62.0)
    (missed,) = bench.told("patrol.missed")
    assert missed["from"] == rfc3339(local("20:00") - hour)


def test_a_thousand_years_of_clocks_make_no_error() -> None:
    bench = patrol(a_round(stop("00:00-24:00"), stop("23:00-01:00")))
    for utc in (0.0, 1.0, 2_147_483_648.0, 4e9, 253_402_300_799.0, 1e12, -5.0):
        bench.utc = utc
        bench.do(ev.ClockStepped(Trust.SYNCED, 1e9))
        bench.wait(61.0)
        of(fx.AppendFacts, bench.tap("wang"))
        bench.wait(limits.ROUNDS_LOOK_S + 1.0)


def test_a_state_with_rounds_comes_back_whole_from_a_crash_file() -> None:
    bench = patrol(a_round(stop("14:00-15:00"), stop("16:00-17:00", "b12-u3"), staff=frozenset({"wang"})))
    bench.checkin()
    bench.until("15:20")
    assert loads(dumps(bench.state)) == bench.state
    for effect in bench.all(fx.AppendFacts):
        assert loads(dumps(effect)) == effect


def test_what_was_told_is_bounded() -> None:
    bench = patrol(a_round(stop("14:30-15:00")))
    many = tuple(ToldStop("yard/y07 r9", f"2020-01-01 main {n}") for n in range(limits.TOLD_STOPS_MAX))
    run = bench.again(told_stops=many)
    run.until("16:00")
    assert len(run.told("patrol.missed")) == 1
    assert len(run.state.rounds.told) == limits.TOLD_STOPS_MAX
    run.until("23:00")
    assert len(run.told("patrol.missed")) == 1


def test_the_most_rounds_with_the_most_check_ins_hold_nothing_up() -> None:
    stops = tuple(stop(f"{n:02d}:00-{n + 2:02d}:00", door="main") for n in range(8))
    stops += tuple(stop("08:00-09:00", f"u{n}") for n in range(56))
    bench = patrol(*(a_round(*stops, id=f"r{n}") for n in range(ROUNDS_PER_UNIT)))
    visits = tuple(PatrolVisit("main", "wang", UTC - 300.0 * n, timed=True) for n in range(limits.VISITS_MAX, 0, -1))
    run = bench.again(visits=visits)
    before = time.perf_counter()
    run.tap("wang", after=0.0)
    assert time.perf_counter() - before < 1.0
    assert UNIT in run.state.plan.scopes
