"""Doors with hours and with a schedule that holds them open: edges, holidays, summer time, restarts, clocks that leap, and commands in between."""

from __future__ import annotations

from datetime import UTC as ZONE_UTC
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import weekly
from agent.core.local import local_time
from agent.core.state.door import Phase
from agent.core.time import Now, Trust
from contract import codec
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Settings
from tests.agent.core.bench import UNIT, UTC, YARD, Bench, Told, door_plan, facts_of, mode, of, the, unit_plan

WEEKDAYS = tuple((Span(7 * 60, 9 * 60),) if day < 5 else () for day in range(7))
SCHOOL = Hours(WEEKDAYS, frozenset({"2026-11-26"}), (Span(10 * 60, 10 * 60 + 30),))
DAY_TIME = Hours(tuple((Span(6 * 60, 22 * 60),) for _ in range(7)))
NIGHT = Hours(tuple((Span(0, 6 * 60), Span(22 * 60, 1440)) for _ in range(7)))
ALWAYS = Hours(tuple((Span(0, 1440),) for _ in range(7)))
SEVEN = UTC + 17 * 3600.0
"""Wednesday 2026-11-25, 07:00 local."""
DAY = 86_400.0


def settings(rev: int = 1, *, hold_open: Hours | None = SCHOOL, hours: Hours | None = None) -> Settings:
    profiles = {name: each for name, each in (("open", hold_open), ("day", hours)) if each is not None}
    times = DoorTimes("day" if hours else None, "open" if hold_open else None)
    return Settings(UNIT, rev, UTC - 60.0, hours=profiles, doors={"main": times})


def unit(utc: float = SEVEN - 60.0, made: Settings | None = None) -> Bench:
    """Started, online and clock set, at this time."""
    bench = Bench()
    bench.utc = utc - 10.0
    bench.start().online()
    bench.wait(utc - bench.utc)
    bench.message(made or settings())
    bench.forget()
    return bench


def modes(bench: Bench) -> list[Told]:
    return [fact for fact in bench.facts() if fact.kind == "door.mode"]


def told(bench: Bench) -> list[tuple[str, str | None]]:
    return [(fact.data["mode"], fact.data.get("detail")) for fact in modes(bench)]


def live(bench: Bench, seconds: float) -> None:
    """The lock does what it is told, as time passes."""
    end = bench.mono + seconds
    while bench.mono < end:
        bench.wait(min(4.0, end - bench.mono))
        bench.settle()


def test_held_open_from_the_first_second_of_its_span_to_the_last() -> None:
    bench = unit()
    bench.wait(SEVEN - bench.utc - 0.01)
    assert bench.door().phase is Phase.NORMAL
    assert of(fx.PulseLock, [effect for _, effect in bench.effects]) == []
    bench.wait(0.02)
    assert bench.door().phase is Phase.HELD
    assert told(bench) == [("hold_open", "by its schedule")]
    assert modes(bench)[0].data["until"] == "2026-11-25T01:00:00.000Z"
    pulse = bench.all(fx.PulseLock)[-1]
    assert pulse.seconds == bench.door().plan.lease_s
    live(bench, 7190.0)
    assert bench.door().phase is Phase.HELD
    assert max(pulse.seconds for pulse in bench.all(fx.PulseLock)) <= bench.door().plan.lease_s
    bench.wait(SEVEN + 7200.0 - bench.utc + 0.01)
    assert bench.door().phase is Phase.NORMAL
    assert told(bench)[1:] == [("normal", "its hours are over")]
    assert not bench.all(fx.SetLock)[-1].unlocked
    assert "lock.fault" not in bench.kinds()


def test_no_pulse_of_the_chain_outlasts_its_span() -> None:
    bench = unit()
    live(bench, 60.0 + 7200.0)
    for mono, effect in bench.effects:
        if isinstance(effect, fx.PulseLock):
            at = bench.utc - (bench.mono - mono)
            assert at + effect.seconds <= SEVEN + 7200.0 + 5.0  # half a lease; the relocking at its end cuts it


def test_on_a_holiday_the_holidays_spans_hold() -> None:
    bench = unit(SEVEN + DAY - 60.0)
    bench.wait(120.0)
    assert bench.door().phase is Phase.NORMAL
    bench.wait(3 * 3600.0)
    assert bench.door().phase is Phase.HELD
    bench.wait(1800.0)
    assert bench.door().phase is Phase.NORMAL


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FLOOR])
def test_nothing_is_held_open_by_a_clock_that_nobody_set(trust: Trust) -> None:
    bench = Bench(trust=trust)
    bench.utc = SEVEN - 60.0
    bench.start()
    bench.message(settings())
    bench.wait(120.0)
    assert bench.door().phase is Phase.NORMAL
    bench.trust = Trust.SYNCED
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    assert bench.door().phase is Phase.HELD, "it runs, and the agent was there when it began"


def test_what_was_begun_ends_by_itself_without_the_clock_too() -> None:
    bench = unit()
    bench.wait(120.0)
    bench.trust = Trust.FLOOR
    bench.do(ev.ClockStepped(Trust.FLOOR, 0.0))
    live(bench, 7130.0)
    assert bench.door().phase is Phase.HELD
    live(bench, 12.0)
    assert bench.door().phase is Phase.NORMAL


@pytest.mark.claim("D4")
@pytest.mark.parametrize("known_at_once", [True, False])
def test_a_restart_within_the_span_pulses_nothing_and_says_so(known_at_once: bool) -> None:
    bench = Bench(trust=Trust.SYNCED if known_at_once else Trust.UNKNOWN)
    bench.utc = SEVEN + 600.0
    bench.start()
    bench.do(ev.StateLoaded((settings(),)))
    bench.wait(30.0)
    bench.trust = Trust.SYNCED
    bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    bench.wait(3600.0)
    assert bench.all(fx.PulseLock) == []
    assert told(bench) == [("normal", "its schedule's opening is not resumed after a restart")]
    bench.online()
    mode(bench, "hold_open", seconds=600.0)
    assert bench.door().phase is Phase.HELD, "a command may"
    bench.wait(601.0)
    assert bench.door().phase is Phase.NORMAL
    bench.wait(SEVEN + 2 * DAY - bench.utc + 1.0)
    assert bench.door().phase is Phase.HELD, "and the next span comes"


@pytest.mark.parametrize("name", ["normal", "lockdown"])
def test_a_command_ends_the_span_that_runs(name: str) -> None:
    bench = unit()
    bench.wait(120.0)
    mode(bench, name, seconds=300.0)
    assert bench.door().phase is not Phase.HELD
    assert not bench.all(fx.SetLock)[-1].unlocked
    bench.forget()
    bench.message(settings(2))
    bench.wait(3600.0)
    assert bench.all(fx.PulseLock) == []
    assert bench.door().phase is Phase.NORMAL
    bench.wait(2 * DAY)
    assert bench.door().phase is Phase.HELD, "Friday, after Thursday's holiday"


def test_a_lockdown_that_holds_when_the_span_begins_uses_it_up() -> None:
    bench = unit()
    mode(bench, "lockdown", seconds=600.0)
    bench.wait(7000.0)
    assert bench.all(fx.PulseLock) == []
    assert bench.door().phase is Phase.NORMAL


def test_of_command_and_schedule_the_later_end_counts() -> None:
    bench = unit()
    bench.wait(120.0)
    mode(bench, "hold_open", seconds=300.0)
    live(bench, 301.0)
    assert bench.door().phase is Phase.HELD
    assert told(bench)[-1] == ("hold_open", "by its schedule")
    mode(bench, "hold_open", seconds=7200.0)
    live(bench, SEVEN + 7200.0 - bench.utc + 5.0)
    assert bench.door().phase is Phase.HELD
    assert told(bench)[-1] == ("hold_open", None)
    assert bench.all(fx.SetLock) == [], "the chain never broke"
    live(bench, 600.0)
    assert bench.door().phase is Phase.NORMAL


def test_settings_that_go_end_it() -> None:
    bench = unit()
    bench.wait(120.0)
    bench.message(settings(2, hold_open=None, hours=DAY_TIME))
    assert bench.door().phase is Phase.NORMAL
    assert told(bench)[-1] == ("normal", "no longer scheduled")


def test_the_most_specific_scope_wins_with_the_profiles_it_names() -> None:
    bench = unit()
    bench.wait(120.0)
    made = settings(5, hold_open=ALWAYS)
    bench.message(Settings(YARD, 9, UTC, hours=made.hours, doors=made.doors))
    live(bench, 7200.0)
    assert bench.door().phase is Phase.NORMAL


def test_fire_stands_over_a_schedule_and_the_schedule_comes_back_after_its_reset() -> None:
    bench = unit()
    bench.wait(120.0)
    bench.do(ev.FireChanged("main", active=True))
    bench.forget()
    bench.wait(7200.0)
    assert bench.door().phase is Phase.FIRE
    assert bench.all(fx.PulseLock) == bench.all(fx.SetLock) == []
    bench.do(ev.FireChanged("main", active=False))
    bench.tap("chief")
    assert bench.door().phase is Phase.NORMAL, "its hours are over"
    assert not bench.all(fx.SetLock)[-1].unlocked


def test_a_span_over_midnight_is_one() -> None:
    bench = unit(SEVEN + 15 * 3600.0 - 60.0, settings(hold_open=NIGHT))
    live(bench, 120.0)
    assert bench.door().phase is Phase.HELD
    assert modes(bench)[0].data["until"] == "2026-11-25T22:00:00.000Z"
    bench.forget()
    live(bench, 3 * 3600.0)
    assert bench.door().phase is Phase.HELD
    assert modes(bench) == []
    assert bench.all(fx.SetLock) == []
    mode(bench, "normal")
    bench.wait(3600.0)
    assert bench.door().phase is Phase.NORMAL


def test_a_door_that_always_stands_open_does_so_again_the_day_after_a_command() -> None:
    bench = unit(SEVEN, settings(hold_open=ALWAYS))
    assert bench.door().phase is Phase.NORMAL, "the day had begun before the start"
    bench.wait(17 * 3600.0 + 1.0)
    assert bench.door().phase is Phase.HELD
    bench.forget()
    live(bench, 300.0)
    bench.utc, bench.mono = bench.utc + DAY - 900.0, bench.mono + DAY - 900.0
    bench.settle()
    live(bench, 900.0)
    assert bench.door().phase is Phase.HELD
    assert bench.all(fx.SetLock) == []


# --- residents' hours


def hours_door(utc: float, trust: Trust = Trust.SYNCED) -> Bench:
    bench = Bench(trust=trust)
    bench.utc = utc - 10.0
    bench.start().online()
    bench.message(settings(hold_open=None, hours=DAY_TIME))
    bench.wait(utc - bench.utc - 1.0)
    return bench


@pytest.mark.parametrize(
    ("after_six", "opens"), [(-0.01, False), (0.0, True), (16 * 3600.0 - 0.01, True), (16 * 3600.0, False)]
)
def test_a_doors_hours_at_their_edges(after_six: float, opens: bool) -> None:
    bench = hours_door(SEVEN - 3600.0 + after_six)
    found = bench.tap("anna")
    assert bool(of(fx.PulseLock, found)) is opens
    if not opens:
        assert facts_of(found)["access.denied"]["reason"] == "hours"
        assert bench.page().title == "现在不在通行时段"


@pytest.mark.claim("D9")
@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FLOOR])
def test_where_nobody_knows_the_hour_a_doors_hours_shut_no_resident_out(trust: Trust) -> None:
    bench = hours_door(SEVEN - 7200.0, trust)
    assert the(fx.PulseLock, bench.tap("anna"))


@pytest.mark.claim("D2")
def test_off_hours_the_way_out_fire_and_signed_opens_go_on() -> None:
    bench = hours_door(SEVEN - 7200.0)
    assert the(fx.PulseLock, bench.do(ev.ExitChanged("main", pressed=True)))
    assert the(fx.SetLock, bench.do(ev.FireChanged("main", active=True))).unlocked


# --- the screen


def test_the_idle_page_says_that_the_door_is_held_open_or_locked_down() -> None:
    bench = unit()
    bench.wait(120.0)
    assert bench.page().footer == "门已保持打开"
    mode(bench, "lockdown", seconds=300.0)
    bench.wait(10.0)
    assert bench.page().footer == "管控中 限应急卡"
    bench.wait(300.0)
    assert bench.page().footer == ""


# --- what is said of it


def test_a_schedule_can_neither_lock_down_nor_name_what_is_not_there() -> None:
    plain = {"scope": "site/badahu", "rev": 1, "iat": 1.0}
    with pytest.raises(codec.FieldError, match="no schedule locks down"):
        codec.read(Settings, {**plain, "doors": {"main": {"lockdown": "day"}}})
    with pytest.raises(codec.FieldError, match="doors: main: hold_open: no such profile"):
        codec.read(Settings, {**plain, "doors": {"main": {"hold_open": "day"}}})


# --- clocks that leap


ZONE = ZoneInfo("Europe/Berlin")


def at_local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def berlin(utc: float) -> int:
    delta = datetime.fromtimestamp(utc, ZONE).utcoffset()
    return 0 if delta is None else int(delta.total_seconds())


class Summer(Bench):
    """A unit in a place with summer time."""

    def now(self) -> Now:
        self.offset_s = berlin(self.utc)
        return super().now()


@pytest.mark.parametrize(
    ("eve", "end", "long_h"),
    [("2026-03-29T00:30", "2026-03-29T04:00", 2.5), ("2026-10-25T00:30", "2026-10-25T04:00", 4.5)],
    ids=["spring", "autumn"],
)
def test_summer_time_begins_and_ends_within_a_span(eve: str, end: str, long_h: float) -> None:
    """01:00 to 04:00 local is two hours in March and four in October."""
    span = Hours(tuple((Span(60, 240),) for _ in range(7)))
    bench = Summer(unit_plan(door_plan(), timezone="Europe/Berlin"))
    bench.utc = at_local(eve)
    bench.start().online()
    bench.message(settings(hold_open=span))
    live(bench, at_local(end) - bench.utc - 2.0)
    assert bench.door().phase is Phase.HELD
    live(bench, 4.0)
    assert bench.door().phase is Phase.NORMAL
    assert at_local(end) - at_local(eve) == long_h * 3600.0
    ups = [fact for fact in modes(bench) if fact.data["mode"] == "hold_open"]
    assert len(ups) == 1


@pytest.mark.claim("F32")
@pytest.mark.parametrize("leap", [-3650 * DAY, 3650 * DAY, -3600.0, 3600.0, 2.0**31 - SEVEN, -SEVEN])
def test_a_clock_that_is_set_moves_the_schedule_at_once(leap: float) -> None:
    bench = unit()
    bench.wait(120.0)
    assert bench.door().phase is Phase.HELD
    bench.utc += leap
    bench.do(ev.ClockStepped(Trust.SYNCED, leap))
    runs = weekly.within(SCHOOL, bench.now())
    assert (bench.door().phase is Phase.HELD) is runs
    bench.utc -= leap
    bench.do(ev.ClockStepped(Trust.SYNCED, -leap))
    assert bench.door().phase is Phase.HELD
    live(bench, SEVEN + 7200.0 - bench.utc + 0.1)
    assert bench.door().phase is Phase.NORMAL


@pytest.mark.parametrize("hours", [SCHOOL, NIGHT, ALWAYS, DAY_TIME])
@pytest.mark.parametrize("offset", [0, 28_800, -34_200, 50_400])
def test_a_span_lies_around_every_moment_that_is_within_its_profile(hours: Hours, offset: int) -> None:
    for step in range(8 * 96):
        now = Now(0.0, UTC + step * 900.0 + 1.0, offset, Trust.SYNCED)
        span = weekly.opening(hours, now)
        assert (span is not None) is weekly.within(hours, now)
        after = weekly.changes_in_s(hours, now)
        assert 0.0 < after <= DAY
        if span is not None:
            assert span.begin_utc <= now.utc < span.end_utc
            assert span.end_utc - span.begin_utc <= DAY
            assert now.utc + after <= span.end_utc + 1e-3
            begins = local_time(now, span.begin_utc + 1e-3)
            assert f"{begins:%Y-%m-%d %H:%M}" == span.name
            for at in (span.begin_utc + 0.1, span.end_utc - 0.1):
                assert weekly.opening(hours, Now(0.0, at, offset, Trust.SYNCED)) is not None


def test_at_the_ends_of_the_calendar_nothing_fails() -> None:
    for utc in (-1e18, -1.0, 0.0, 2.0**31, 2.0**32, 253_402_300_799.0, 1e18):
        for offset in (-86_400, 0, 86_400):
            weekly.opening(NIGHT, Now(0.0, utc, offset, Trust.SYNCED))
            assert weekly.changes_in_s(NIGHT, Now(0.0, utc, offset, Trust.SYNCED)) > 0.0
    assert datetime.fromtimestamp(SEVEN, ZONE_UTC) + timedelta(hours=8) == datetime(2026, 11, 25, 7, tzinfo=ZONE_UTC)
