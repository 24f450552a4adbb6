"""Visitors' codes: good on their local day, once, durable before the lock is asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.limits import STORE_SLACK_S, VISITOR_DURABLE_S
from agent.core.time import Trust
from contract.visitors import VisitorCode, Visitors, codes_of, visitor_key
from tests.agent.core.bench import UNIT, UTC, Bench, door_plan, facts_of, mode, of, the, unit_plan

KEY = visitor_key(bytes(32), "badahu", "b12-u2")
TODAY = "2026-11-24"


def use(unit: Bench, serial: int | None = 3, day: str | None = TODAY, reader: str = "card") -> tuple[fx.Effect, ...]:
    return unit.do(ev.VisitorEntered(reader, serial, day, unit.mono + 1.0), after=1.0)


def record(found: tuple[fx.Effect, ...]) -> fx.AppendFacts:
    return next(each for each in of(fx.AppendFacts, found) if each.visitor is not None)


def day_of(unit: Bench) -> str:
    """The local date, worked out another way than the product does."""
    return (date(1970, 1, 1) + timedelta(days=int((unit.utc + unit.offset_s) // 86_400))).isoformat()


def reason(found: tuple[fx.Effect, ...]) -> str | None:
    return facts_of(found).get("access.denied", {}).get("reason")


@pytest.mark.claim("D10")
def test_the_use_is_durable_before_the_lock_is_asked() -> None:
    unit = Bench().start()
    found = use(unit)
    assert not of(fx.PulseLock, found)
    kept = record(found)
    assert kept.visitor == fx.UsedVisitor("main", TODAY, 3)
    assert kept.durable_by_mono == unit.mono + VISITOR_DURABLE_S
    assert facts_of((kept,)) == {"visitor.used": {"door": "main", "day": TODAY, "serial": 3}}
    unit.wait(0.3)
    found = unit.recorded(kept)
    assert the(fx.PulseLock, found).seconds == 5.0
    granted = facts_of(found)["access.granted"]
    assert (granted["by"], granted["via"], granted["visitor"]) == (None, "visitor", f"{TODAY}/3")
    unit.settle()
    assert unit.page().title == "请进"


def test_once() -> None:
    unit = Bench().start()
    first = use(unit)
    assert not [each for each in of(fx.AppendFacts, use(unit)) if each.visitor], "nor while the disk works"
    unit.recorded(record(first))
    assert reason(use(unit)) == "used"
    assert unit.page().title == "访客码已用过"
    assert not unit.state.access.tries
    assert record(use(unit, 4))


def test_used_before_the_restart_is_used() -> None:
    unit = Bench().start()
    unit.opened(visitors=(fx.UsedVisitor("main", TODAY, 3),))
    assert reason(use(unit)) == "used"
    assert record(use(unit, 4))


def test_each_door_has_codes_of_its_own() -> None:
    unit = Bench(unit_plan(door_plan(), door_plan(id="cellar", readers=("card2",)))).start()
    unit.recorded(record(use(unit)))
    assert record(use(unit, reader="card2")).visitor == fx.UsedVisitor("cellar", TODAY, 3)


@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-25", None])
def test_of_another_day_it_is_wrong_like_any_other(day: str | None) -> None:
    unit, other = Bench().start(), Bench().start()
    found, wrong = use(unit, 3, day), use(other, None, None)
    assert [each for each in found if not isinstance(each, fx.ShowPage)] == [
        each for each in wrong if not isinstance(each, fx.ShowPage)
    ]
    assert unit.page() == other.page()
    assert reason(found) == "unknown"
    assert unit.state.access.tries["card"].wrong == 1


@pytest.mark.claim("D9")
@pytest.mark.parametrize("trust", list(Trust))
def test_it_needs_a_clock(trust: Trust) -> None:
    unit = Bench(trust=trust).start()
    found = use(unit)
    if trust in {Trust.SYNCED, Trust.HOLDOVER}:
        assert record(found)
    else:
        assert reason(found) == "clock"
        assert not unit.all(fx.UseVisitorDay)
        assert not unit.state.access.tries


def test_lockdown_and_what_was_revoked() -> None:
    unit = Bench().start().online()
    unit.message(Visitors(UNIT, 1, UTC, (VisitorCode("main", TODAY, 3),)))
    assert reason(use(unit)) == "expired"
    waiting = record(use(unit, 4))
    mode(unit, "lockdown")
    found = unit.recorded(waiting)
    assert reason(found) == "lockdown"
    assert not of(fx.PulseLock, found)
    assert reason(use(unit, 5)) == "lockdown"
    unit.message(Visitors(UNIT, 2, UTC, ()))
    mode(unit, "normal")
    assert record(use(unit))


def test_where_the_disk_takes_nothing_nobody_is_let_in() -> None:
    for trouble in (ev.StoreFailed("read_only", ""), ev.StoreFailed("full", ""), ev.StoreHangs(hangs=True)):
        unit = Bench().start()
        unit.do(trouble)
        assert not of(fx.PulseLock, use(unit))
        assert unit.page().title == "暂时不能用"
        assert not unit.state.access.visits
    unit = Bench().start()
    waiting = record(use(unit))
    unit.do(ev.RecordRefused(waiting.token, "late", 1))
    assert unit.page().title == "暂时不能用"
    assert record(use(unit)), "and it is good as before"


def test_a_disk_that_hangs_is_not_waited_for_and_the_code_is_not_lost() -> None:
    unit = Bench().start()
    waiting = record(use(unit))
    unit.wait(VISITOR_DURABLE_S + STORE_SLACK_S)
    assert unit.page().title == "暂时不能用"
    found = unit.recorded(waiting)
    assert not of(fx.PulseLock, found), "late is not at all"
    found = use(unit)
    assert of(fx.PulseLock, found)
    assert not [each for each in of(fx.AppendFacts, found) if each.visitor]
    assert reason(use(unit)) == "used"


def test_a_good_one_begins_the_tries_anew() -> None:
    unit = Bench().start()
    for _ in range(4):
        use(unit, None, None)
    unit.recorded(record(use(unit)))
    assert unit.state.access.tries["card"].wrong == 0


@pytest.mark.parametrize(("utc", "offset_s"), [(UTC, 28_800), (UTC + 9 * 3600.0, -18_000), (UTC - 5 * 3600.0, 50_400)])
def test_the_keypads_get_the_local_day_at_its_first_moment(utc: float, offset_s: int) -> None:
    unit = Bench(offset_s=offset_s)
    unit.utc = utc
    unit.start()
    assert unit.all(fx.UseVisitorDay) == [fx.UseVisitorDay(day_of(unit))]
    for _ in range(2):
        unit.forget()
        left = 86_400.0 - (unit.utc + offset_s) % 86_400.0
        unit.stopped(left - 1.0)
        unit.wait(0.99)
        assert not unit.all(fx.UseVisitorDay)
        unit.wait(0.02)
        assert unit.all(fx.UseVisitorDay) == [fx.UseVisitorDay(day_of(unit))]


def test_summer_time_begins_and_ends_and_the_clock_jumps() -> None:
    unit = Bench().start()
    for offset, leap in ((32_400, 0.0), (28_800, 0.0), (28_800, 86_400.0 * 400), (28_800, -86_400.0 * 400)):
        unit.offset_s, unit.utc = offset, unit.utc + leap
        unit.do(ev.TimePassed())
        day = day_of(unit)
        assert unit.state.access.visitor_day == day
        kept = record(use(unit, 7, day))
        assert kept.visitor == fx.UsedVisitor("main", day, 7)
        unit.do(ev.RecordRefused(kept.token, "late", 1))


def test_used_ones_are_not_forgotten_for_a_month_nor_kept_for_ever() -> None:
    unit = Bench().start()
    unit.recorded(record(use(unit)))
    unit.stopped(29 * 86_400.0)
    assert unit.state.access.visited
    unit.stopped(3 * 86_400.0)
    assert not unit.state.access.visited


def test_through_the_keypad() -> None:
    unit = Bench().start()
    codes = dict(codes_of(KEY, "b12-u2", "main", TODAY))
    unit.keypad().use_codes({code: (TODAY, serial) for code, serial in codes.items()})
    code = next(code for code, serial in codes.items() if serial == 11)
    found = unit.type(f"{code}#")
    assert record(tuple(found)).visitor == fx.UsedVisitor("main", TODAY, 11)
    assert not of(fx.PulseLock, unit.type("00000001#"))


@pytest.mark.slow
def test_a_million_guesses_stay_within_the_bound() -> None:
    """Row 30: so many guesses at full speed, and how many of them were looked at in how many days of the clock."""
    unit = Bench().start()
    looked, guesses, begin = 0, 0, unit.mono
    while guesses < 1_000_000:
        tries = unit.state.access.tries.get("card")
        if tries is not None and tries.until is not None:
            guesses += int((tries.until - unit.mono) / 0.8)  # nine keys as fast as they can be pressed, refused unseen
            found = use(unit, None, None)
            assert reason(found) in {None, "locked_out"}
            unit.stopped(tries.until - unit.mono)
        else:
            looked += reason(use(unit, None, None)) == "unknown"
            guesses += 1
    days = (unit.mono - begin) / 86_400.0
    assert days > 5.0
    assert 20 * looked / days / 1e8 < 3e-4
