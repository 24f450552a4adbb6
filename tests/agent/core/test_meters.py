"""Water meters: one reading a day is told, odd ones at once, and water that somebody used is a sign of life; a leak is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.plan import MeterPlan
from agent.core.time import Trust
from contract.care import CareRule
from contract.commands import Erase
from contract.messages import Settings
from tests.agent.core.bench import UNIT, UTC, Bench, Told, command, facts_in, holders, of, the, unit_plan
from tests.agent.core.test_care import HOMES, PEOPLE

HOUR = 3600.0
WATER = MeterPlan("water", "301", 4 * 60 + 17, HOUR)


def unit(rule: CareRule | None = None, plan: MeterPlan = WATER, trust: Trust = Trust.SYNCED, **opened: Any) -> Bench:
    bench = Bench(unit_plan(meters=(plan,)), trust=trust)
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.DeviceBack("relay", "here"))
    bench.settle()
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, (), watched=HOMES))
    bench.opened(**opened)
    bench.message(Settings(UNIT, 1, UTC, care=rule or CareRule(12.0)))
    bench.settle()
    bench.stopped(1.0)
    return bench


class Meter:
    """Counts `litres`; read each hour."""

    def __init__(self, bench: Bench, litres: int = 50_000, step: int = 1) -> None:
        self.bench, self.litres, self.step = bench, litres, step

    def read(self, used: int = 0) -> list[Told]:
        self.litres += used
        found = self.bench.do(ev.MeterCounted("water", self.litres // self.step * self.step, self.step))
        return [fact for record in of(fx.AppendFacts, found) for fact in facts_in(record)]

    def passes(self, hours: float) -> list[Told]:
        """So many hours without a reading, looked at every ten minutes; what was told."""
        before = len(self.bench.effects)
        for _ in range(round(6 * hours)):
            self.bench.stopped(600.0)
        return self._told(before)

    def _told(self, before: int) -> list[Told]:
        found = [effect for _, effect in self.bench.effects[before:]]
        return [fact for record in of(fx.AppendFacts, found) for fact in facts_in(record)]

    def hours(self, *used: int) -> list[Told]:
        """Each hour so much; what was told meanwhile."""
        before = len(self.bench.effects)
        for litres in used:
            self.passes(1.0)
            self.read(litres)
        return self._told(before)


def kept(bench: Bench) -> tuple[fx.KeptMeter, ...]:
    rows: dict[str, fx.KeptMeter] = {}
    for record in bench.all(fx.AppendFacts):
        rows |= {row.name: row for row in record.meters}
    return tuple(row for row in rows.values() if not row.gone)


def told_of(found: list[Told], kind: str) -> list[dict[str, Any]]:
    return [dict(fact.data) for fact in found if fact.kind == kind]


def silent(found: list[Told]) -> list[dict[str, Any]]:
    return [data for data in told_of(found, "care.silent") if data["holder"] == "li"]


# --- the day's reading


def test_the_first_reading_is_told_and_then_one_a_day_at_its_time() -> None:
    meter = Meter(unit())  # 14:00
    assert told_of(meter.read(), "meter.read") == [{"device": "water", "room": "301", "litres": 50_000}]
    assert told_of(meter.hours(*[5] * 14), "meter.read") == []  # 04:00
    assert [data["litres"] for data in told_of(meter.hours(5), "meter.read")] == [50_075]
    assert told_of(meter.hours(*[0] * 23), "meter.read") == []
    assert len(told_of(meter.hours(*[0] * 24), "meter.read")) == 1


def test_a_day_that_was_told_is_not_told_again_after_a_restart() -> None:
    meter = Meter(unit())
    meter.read()
    again = Meter(unit(meters=kept(meter.bench)))
    assert told_of(again.read(3), "meter.read") == []
    assert len(told_of(again.hours(*[0] * 15), "meter.read")) == 1


def test_a_start_whose_clock_is_not_set_yet_tells_no_day_twice() -> None:
    meter = Meter(unit())
    meter.read()
    for _ in range(3):
        again = Meter(unit(trust=Trust.FLOOR, meters=kept(meter.bench)))
        assert told_of(again.read(), "meter.read") == []
        again.bench.trust = Trust.SYNCED
        assert told_of(again.hours(0), "meter.read") == []
        meter = again
    never = Meter(unit(trust=Trust.UNKNOWN))
    assert len(told_of(never.read(), "meter.read")) == 1
    again = Meter(unit(trust=Trust.UNKNOWN, meters=kept(never.bench)))
    assert told_of(again.hours(*[0] * 23), "meter.read") == []
    assert len(told_of(again.hours(0, 0), "meter.read")) == 1


def test_a_meter_that_was_silent_at_its_time_is_told_when_it_answers() -> None:
    meter = Meter(unit())
    meter.read()
    meter.bench.stopped(20 * HOUR)
    assert len(told_of(meter.read(40), "meter.read")) == 1


def test_without_a_clock_a_day_is_24_hours() -> None:
    meter = Meter(unit(trust=Trust.UNKNOWN))
    assert len(told_of(meter.read(), "meter.read")) == 1
    assert told_of(meter.hours(*[0] * 23), "meter.read") == []
    assert len(told_of(meter.hours(0, 0), "meter.read")) == 1
    meter.bench.trust = Trust.SYNCED
    assert len(told_of(meter.read(), "meter.read")) == 1, "the day is known now"
    meter.bench.trust = Trust.UNKNOWN
    assert told_of(meter.hours(0), "meter.read") == []


def test_a_clock_that_was_in_2040_for_a_while_holds_no_reading_back() -> None:
    meter = Meter(unit())
    meter.bench.utc += 14 * 365 * 86_400
    meter.read()
    meter.bench.utc -= 14 * 365 * 86_400
    meter.bench.stopped(1.0)
    assert len(told_of(meter.read(), "meter.read")) == 1
    assert len(told_of(meter.hours(*[0] * 24), "meter.read")) == 1


# --- odd ones


def test_another_meter_is_told_and_counting_begins_anew() -> None:
    meter = Meter(unit())
    meter.read()
    meter.hours(30, 0)
    meter.litres = 12
    (doubt,) = told_of(meter.hours(0), "meter.doubt")
    assert doubt == {"device": "water", "room": "301", "reason": "lower", "litres": 12, "was": 50_030}
    assert told_of(meter.hours(0, 40), "meter.doubt") == []


def test_more_than_a_pipe_brings_is_told_and_is_no_use() -> None:
    meter = Meter(unit())
    meter.read()
    found = meter.hours(*[0] * 11, 50_000_000)
    assert [data["reason"] for data in told_of(found, "meter.doubt")] == ["jump"]
    assert silent(found) or silent(meter.hours(0)), "and nobody's sign of life"
    meter.litres -= 50_000_000
    assert [data["reason"] for data in told_of(meter.hours(0), "meter.doubt")] == ["lower"]


# --- a sign of life


def test_use_is_a_sign_and_no_use_is_told_with_the_meter_that_says_so() -> None:
    meter = Meter(unit())
    meter.read()
    assert silent(meter.hours(0, 0, 40, *[0] * 10)) == []
    (data,) = silent(meter.hours(0, 0, 0))
    assert data == {"holder": "li", "room": "301", "meters": ["water"]}
    (seen,) = told_of(meter.hours(15), "care.seen")
    assert seen == {"holder": "li", "source": "meter:water"}


def test_a_household_without_a_meter_is_told_without_one() -> None:
    bench = unit(plan=replace(WATER, room=None))
    meter = Meter(bench)
    meter.read()
    assert silent(meter.hours(*[100, 0] * 7)) == [{"holder": "li", "room": "301"}]


@pytest.mark.parametrize("leak", [1, 3, 15, 60, 400])
@pytest.mark.parametrize("step", [1, 10])
def test_a_leak_is_no_sign_of_life(leak: int, step: int) -> None:
    """Whatever it brings and however coarsely it is counted: from the second reading on it is known as what always runs."""
    meter = Meter(unit(), step=step)
    meter.read()
    (data,) = silent(meter.hours(*[leak] * 14))
    assert data["meters"] == ["water"]
    assert told_of(meter.hours(*[leak] * 30), "care.seen") == []
    assert len(told_of(meter.hours(leak + 45), "care.seen")) == 1, "somebody beside the leak is one"


def test_a_tap_that_is_left_running_ends_as_a_leak() -> None:
    """A person who fell with the tap open: it counts for as many readings as are looked back at, and no longer."""
    meter = Meter(unit())
    meter.read()
    meter.hours(0, 0, 30, 0)
    assert silent(meter.hours(*[300] * (limits.METER_LOOK_BACK + 9))) == []
    assert len(silent(meter.hours(300, 300))) == 1


def test_use_counts_from_the_reading_before() -> None:
    """It may have been just after that: rather a word too early than none."""
    meter = Meter(unit(plan=replace(WATER, every_s=6 * HOUR)))
    meter.read()
    meter.passes(5.9)
    meter.read()
    meter.passes(5.9)
    meter.read(60)
    assert silent(meter.passes(5.8)) == []
    assert len(silent(meter.passes(0.5))) == 1


def test_a_meter_read_too_rarely_for_the_limit_says_nothing() -> None:
    meter = Meter(unit(CareRule(8.0), replace(WATER, every_s=6 * HOUR)))
    meter.read()
    found = meter.hours(0, 0, 0, 0, 0, 0, 80, 0, 0)
    assert silent(found) == [{"holder": "li", "room": "301"}]


def test_a_meter_that_fell_silent_is_not_named() -> None:
    meter = Meter(unit())
    meter.read()
    meter.hours(0, 0, 40)
    assert silent(meter.passes(13.0)) == [{"holder": "li", "room": "301"}]


def test_the_settings_say_how_much_is_use() -> None:
    meter = Meter(unit(CareRule(12.0, litres=50.0)))
    meter.read()
    assert len(silent(meter.hours(0, *[49, 0] * 6))) == 1
    assert told_of(meter.hours(55), "care.seen")


def test_a_line_that_flaps_makes_no_leak_a_sign() -> None:
    """Read at each return, minutes apart: such readings are not compared, else a leak would have been still for a minute."""
    meter = Meter(unit(), step=10)
    meter.read()
    meter.hours(25, 25, 25)
    for _ in range(40):
        meter.bench.stopped(60.0)
        meter.read(1 if _ % 2 else 0)
    found = meter.hours(*[25] * 14)
    assert len(silent(found)) == 1
    assert told_of(found, "care.seen") == []


# --- restarts


def test_use_while_the_unit_was_off_is_a_sign_and_takes_nobody_nearer_than_halfway() -> None:
    meter = Meter(unit())
    meter.read()
    meter.hours(0, 0, 40)
    rows = kept(meter.bench)
    later = unit(
        meters=tuple(replace(row, at_utc=UTC - 20 * HOUR) for row in rows),
        homes=(fx.KeptHome("room 301", "li", "301", 11 * HOUR, UTC - 20 * HOUR, silent=False),),
    )
    again = Meter(later, rows[0].litres)
    again.read(120)
    assert silent(again.hours(0, 0, 0, 0, 0)) == []
    assert len(silent(again.hours(0, 0))) == 1, "six hours of twelve were given for it"


@pytest.mark.claim("F54")
def test_nothing_of_a_meter_stays_of_somebody_who_was_erased() -> None:
    """Also where they have been in no roster for hours, and nobody watches there any more."""
    meter = Meter(unit())
    meter.read()
    meter.hours(0, 40)
    bench = meter.bench
    bench.do(ev.HoldersReplaced(holders(*(each for each in PEOPLE if each.id != "li")), None, ()))
    meter.hours(0, 0, 30)
    assert kept(bench)[0].holder == "li"
    bench.online()
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench, Erase("li")))))
    assert bench.state.meters == {}
    assert kept(bench) == ()


def test_meters_that_are_gone_from_the_configuration_leave_the_journal() -> None:
    bench = unit(meters=(fx.KeptMeter("old", 5),))
    assert [(row.name, row.gone) for r in bench.all(fx.AppendFacts) for row in r.meters] == [("old", True)]


@given(st.lists(st.tuples(st.integers(0, 2**53 - 1), st.floats(0, 90_000), st.sampled_from([*Trust])), max_size=12))
def test_any_course_of_readings_is_survived_and_told_in_bounds(course: list[tuple[int, float, Trust]]) -> None:
    bench = unit()
    for litres, after, trust in course:
        bench.trust = trust
        bench.stopped(after)
        bench.do(ev.MeterCounted("water", litres, 10))
    assert all(row.litres >= 0 and (row.quiet is None or row.quiet >= 0) for row in kept(bench))
    bench.do(ev.MeterCounted("nobody", 5))


def test_a_meter_of_another_room_is_no_sign_of_this_one() -> None:
    meter = Meter(unit(plan=replace(WATER, room="302")))
    meter.read()
    assert silent(meter.hours(*[100, 0] * 7)) == [{"holder": "li", "room": "301"}]
