"""The clock's trust and its independence of the system's clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import limits
from agent.calendar import Calendar
from agent.clock import Clock
from agent.core.time import Dates, Trust

T0 = 1_795_500_000.0  # 2026-11-24


class Times:
    def __init__(self, mono: float = 100.0, system: float = T0) -> None:
        self.mono = mono
        self.system = system

    def pass_s(self, seconds: float) -> None:
        self.mono += seconds
        self.system += seconds

    def clock(self) -> Clock:
        return Clock("Asia/Shanghai", monotonic=lambda: self.mono, system=lambda: self.system)


def test_knows_nothing_at_first_and_gives_local_time() -> None:
    now = Times().clock().now()
    assert now.clock is Trust.UNKNOWN
    assert now.offset_s == 8 * 3600


def test_a_floor_holds_against_a_system_clock_of_1970() -> None:
    times = Times(system=3.0)
    clock = times.clock()
    clock.raise_floor(T0)
    times.pass_s(60)
    assert clock.now().utc == pytest.approx(T0 + 60)
    assert clock.now().clock is Trust.FLOOR
    clock.raise_floor(T0 - 1000)
    assert clock.now().utc == pytest.approx(T0 + 60)


@pytest.mark.claim("F32")
@given(jump=st.floats(-3.2e8, 3.2e8))
def test_once_set_steps_of_the_system_clock_change_nothing(jump: float) -> None:
    times = Times()
    clock = times.clock()
    clock.set(T0 + 5, times.mono)
    times.system += jump
    times.pass_s(10)
    assert clock.now().utc == pytest.approx(T0 + 15)
    assert clock.now().clock is Trust.SYNCED


def test_trust_wanes_to_holdover_and_then_to_a_floor() -> None:
    times = Times()
    clock = times.clock()
    clock.set(T0, times.mono)
    times.pass_s(24 * 3600 + 1)
    assert clock.now().clock is Trust.HOLDOVER
    times.pass_s(2 * 24 * 3600)
    assert clock.now().clock is Trust.FLOOR
    clock.set(times.system, times.mono)
    assert clock.now().clock is Trust.SYNCED


def test_change_tells_news_once_and_keeps_small_corrections_to_itself() -> None:
    times = Times()
    clock = times.clock()
    assert clock.change() is None
    clock.set(T0 + 100, times.mono)
    change = clock.change()
    assert change is not None
    assert change[0] is Trust.SYNCED
    assert change[1] == pytest.approx(100)
    assert clock.change() is None
    clock.set(clock.now().utc + 0.5, times.mono)
    assert clock.change() is None


def test_the_timezone_can_be_changed_and_summer_time_is_seen() -> None:
    times = Times(system=1_750_000_000.0)  # June 2025
    clock = times.clock()
    clock.use_timezone("Europe/Berlin")
    assert clock.now().offset_s == 7200
    times.pass_s(180 * 24 * 3600)
    assert clock.now().offset_s == 3600


def test_a_floor_is_sure_and_the_systems_clock_beyond_it_is_not() -> None:
    times = Times(system=T0 + 1e9)
    clock = times.clock()
    assert clock.now().sure_utc is None
    clock.raise_floor(T0)
    times.pass_s(60)
    now = clock.now()
    assert (now.clock, now.utc, now.sure_utc, now.runs_on) == (Trust.FLOOR, T0 + 1e9 + 60, T0 + 60, False)


def test_a_fresh_confirm_lowers_what_was_known() -> None:
    times = Times()
    clock = times.clock()
    clock.raise_floor(T0 + 1e9)
    clock.set(T0, times.mono)
    clock.raise_floor(T0 + 1e9)  # of a journal that is opened late
    times.pass_s(4 * 24 * 3600)
    now = clock.now()
    assert (now.clock, now.utc, now.sure_utc, now.runs_on) == (
        Trust.FLOOR,
        T0 + 4 * 24 * 3600,
        T0 + 4 * 24 * 3600,
        True,
    )


@pytest.mark.claim("F24")
def test_what_proves_that_a_certificate_is_over_or_has_not_begun() -> None:
    times = Times(system=0.0)
    clock = times.clock()
    assert clock.dates() == Dates()
    clock.raise_floor(T0)  # by some message or a doubted confirm
    assert clock.dates() == Dates()
    clock.raise_floor(T0 + 60, T0)
    assert clock.dates() == Dates(over_utc=T0)
    times.pass_s(limits.STALE_CLOCK_S - 1)
    assert clock.dates() == Dates(over_utc=pytest.approx(T0 + limits.STALE_CLOCK_S - 1))
    times.pass_s(1)
    assert clock.dates() == Dates()
    clock.set(T0, times.mono)
    assert clock.dates() == Dates(T0, T0)
    clock.set(T0 + 1e8, times.mono, doubted=True)
    assert clock.dates() == Dates()


@pytest.mark.claim("F32")
@pytest.mark.parametrize("system", [-1e18, -1.0, 0.0, 2.0**31, 2.0**32, 253_402_300_799.0, 1e12, 1e18, 1e300])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_no_clock_of_the_system_trips_the_agent(system: float, zone: str) -> None:
    times = Times(system=system)
    clock = Clock(zone, monotonic=lambda: times.mono, system=lambda: times.system)
    calendar = Calendar(clock, lambda event: True)
    calendar.start()
    try:
        for act in (lambda: None, lambda: clock.raise_floor(T0), lambda: clock.set(T0, times.mono)):
            act()
            calendar.rearm()
            now = clock.now()
            assert 0.0 <= now.utc < 253_402_300_799.0
            assert abs(now.offset_s) <= 14 * 3600
    finally:
        calendar.stop()
