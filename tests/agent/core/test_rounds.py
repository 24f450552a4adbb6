"""Patrol rounds at a unit: what the screen says after the tap, timing, missed stops told once, restarts, replaced rounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.marks import PatrolVisit
from contract.rounds import ROUNDS_PER_UNIT, Round, Weekday
from tests.agent.core.bench import UTC, YARD, facts_in, facts_of, of, the
from tests.agent.core.patrol import NOON, OTHERS, Patrol, a_round, local, patrol, stop, window

# --- after the tap


def test_the_screen_says_when_and_where_to_next_and_the_fact_says_for_what() -> None:
    its = a_round(stop("14:00-15:00"), stop("14:00-15:00", "b12-u3", name="12号楼3单元"), ordered=True)
    bench = patrol(its)
    bench.until("14:05")
    assert bench.checkin() == {"round": "r1", "stop": "main", "by": "wang", "timing": "on_time"}
    assert bench.page().title == "签到成功 14:05"
    assert "下一站 12号楼3单元" in "".join(bench.page().body)
    assert bench.page().tone == "yes"


def test_a_stop_without_a_name_is_called_by_its_unit_and_one_that_opens_later_says_when() -> None:
    bench = patrol(a_round(stop("14:00-15:00"), stop("16:30-17:00", "b12-u3")))
    bench.until("14:05")
    bench.checkin()
    assert "b12-u3 16:30" in "".join(bench.page().body)


@pytest.mark.parametrize(
    ("time", "timing"),
    [("14:50", "early"), ("15:00", "on_time"), ("15:29", "on_time"), ("15:30", "late"), ("15:39", "late")],
)
def test_timing_within_the_grace(time: str, timing: str) -> None:
    bench = patrol(a_round(stop("15:00-15:30")))
    bench.until(time)
    assert bench.checkin()["timing"] == timing
    bench.until("18:00")
    assert bench.told("patrol.missed") == []


def test_too_early_is_said_so_and_does_not_do_the_stop() -> None:
    bench = patrol(a_round(stop("15:00-15:30")))
    bench.until("14:30")
    assert bench.checkin()["timing"] == "early"
    assert bench.page().title == "未到时间 14:30"
    assert "15:00-15:30" in "".join(bench.page().body)
    bench.until("18:00")
    assert [each["stop"] for each in bench.told("patrol.missed")] == ["main"]


def test_after_the_grace_it_is_missed_and_the_check_in_late() -> None:
    bench = patrol(a_round(stop("14:30-15:00")))
    bench.until("15:20")
    assert bench.checkin() == {"round": "r1", "stop": "main", "by": "wang", "timing": "late"}
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("14:30-15:00")}]


def test_what_counts_for_no_stop_is_told_as_such() -> None:
    bench = patrol(a_round(stop("14:30-15:00")))
    bench.until("14:35")
    bench.checkin()
    assert bench.page().title == "签到成功 14:35"
    bench.until("14:50")
    bench.checkin()
    assert bench.page().title == "签到成功 14:50", "once more: the stop is done"
    late = patrol(a_round(stop("14:30-15:00")))
    late.until("15:20")
    late.checkin()
    assert (late.page().title, late.page().body) == ("已过时间 15:20", ("已签到 不计入巡查", "本站 14:30-15:00"))
    goes_on = patrol(a_round(stop("14:30-15:00"), stop("15:00-16:00", "b12-u3")))
    goes_on.until("15:20")
    goes_on.checkin()
    assert goes_on.page().body == ("已签到 不计入巡查", "下一站 b12-u3")
    early = patrol(a_round(stop("14:30-15:00")))
    early.until("14:22")
    early.checkin()
    early.until("14:24")
    early.checkin()
    assert early.page().title == "签到成功 14:24", "within the grace, and done"


def test_out_of_order_is_known_of_this_units_own_stops() -> None:
    bench = Patrol()
    plan = bench.state.plan
    back = replace(plan.doors[0], id="back", readers=("card2",))
    bench = Patrol(replace(plan, doors=(*plan.doors, back)))
    bench.start(*OTHERS)
    bench.put(
        a_round(stop("14:00-15:00", "b12-u1"), stop("14:00-15:00"), stop("14:00-15:00", door="back"), ordered=True)
    )
    bench.until("14:10")
    assert bench.checkin("wang", "card2")["timing"] == "out_of_order"
    assert bench.page().body[0] == "已计入 但顺序不对"
    assert bench.checkin()["timing"] == "on_time"  # of b12-u1 a unit alone knows nothing


def test_a_holder_who_is_not_of_its_staff_checks_in_without_a_round() -> None:
    bench = patrol(a_round(stop("14:00-15:00"), staff=frozenset({"zhao"})))
    assert bench.checkin() == {"round": None, "stop": "main", "by": "wang"}
    assert bench.page().title.startswith("签到成功")
    bench.until("15:20")
    assert len(bench.told("patrol.missed")) == 1


def test_fifty_taps_are_a_check_in_a_minute_and_one_stop() -> None:
    its = a_round(stop("14:00-15:00"), stop("16:00-17:00"))
    bench = patrol(its)
    for _ in range(50):
        found = [r for r in of(fx.AppendFacts, bench.tap("wang", after=2.5)) if facts_in(r)[0].kind == "patrol.checkin"]
        if found:
            bench.recorded(found[0])
    assert len(bench.told("patrol.checkin")) == 3
    assert {each["timing"] for each in bench.told("patrol.checkin")} == {"on_time"}
    bench.until("18:00")
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("16:00-17:00")}]


def test_one_tap_counts_for_every_round_that_has_this_stop_open() -> None:
    first, second = a_round(stop("14:00-16:00")), a_round(stop("14:00-15:00"), id="r2")
    bench = patrol(first, second)
    assert bench.checkin()["round"] == "r2"
    bench.until("18:00")
    assert bench.told("patrol.missed") == []
    assert sorted(each["round"] for each in bench.told("patrol.completed")) == ["r1", "r2"]


@pytest.mark.claim("D10")
def test_a_check_in_that_was_not_saved_does_no_stop() -> None:
    bench = patrol(a_round(stop("14:00-15:00")))
    records = of(fx.AppendFacts, bench.tap("wang"))
    (record,) = [r for r in records if facts_in(r)[0].kind == "patrol.checkin"]
    bench.do(ev.RecordRefused(record.token, "late"))
    bench.until("15:20")
    assert len(bench.told("patrol.missed")) == 1
    assert bench.told("patrol.completed") == []


def test_what_a_hanging_store_may_have_saved_is_taken_from_what_it_keeps() -> None:
    bench = patrol(a_round(stop("14:00-15:00")))
    (taken,) = [r.rounds.visit for r in of(fx.AppendFacts, bench.tap("wang")) if r.rounds is not None]
    assert taken is not None
    found = [r.rounds.not_visit for r in of(fx.AppendFacts, bench.wait(3.1)) if r.rounds is not None]
    assert [(each.door, each.by, each.utc) for each in found if each] == [(taken.door, taken.by, taken.utc)]


# --- missed and completed


def test_missed_is_told_once_when_the_grace_is_over_and_again_the_next_day() -> None:
    bench = patrol(a_round(stop("14:30-15:00")))
    bench.until("15:09")
    bench.wait(59.0)
    assert bench.told("patrol.missed") == []
    bench.wait(1.1)
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("14:30-15:00")}]
    bench.until("15:09", day=1)
    assert len(bench.told("patrol.missed")) == 1
    bench.until("15:11", day=1)
    assert len(bench.told("patrol.missed")) == 2


def test_a_restart_between_window_and_grace_neither_forgets_nor_repeats() -> None:
    its = a_round(stop("14:30-15:00"), stop("15:20-15:30"))
    bench = patrol(its)
    bench.until("14:40")
    bench.checkin()
    bench.until("15:35")
    run = bench.again()
    run.until("15:39")
    assert run.told("patrol.missed") == []
    run.until("15:41")
    assert run.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("15:20-15:30")}]
    last = run.again(visits=(PatrolVisit("main", "wang", local("14:40"), timed=True),))
    last.until("23:59")
    assert last.told("patrol.missed") == []


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    bench = patrol(a_round(stop("14:30-15:00")))
    bench.until("15:11")
    assert len(bench.told("patrol.missed")) == 1
    run = bench.again()
    run.until("23:00")
    assert run.told("patrol.missed") == []


def test_off_over_the_whole_window_it_is_told_at_the_start_of_today_and_yesterday_only() -> None:
    bench = patrol(a_round(stop("14:30-15:00"), iat=NOON - 10 * 86_400))
    run = bench.again()
    run.utc += 3 * 86_400
    run.mono += 3 * 86_400
    run.do(ev.TimePassed())
    run.until("15:11", day=3)
    days = [each["from"][:10] for each in run.told("patrol.missed")]
    assert days == ["2026-11-26", "2026-11-27"]


def test_completed_only_where_all_stops_are_this_units_own() -> None:
    bench = patrol(
        a_round(stop("14:00-15:00"), stop("15:00-16:00")),
        a_round(stop("14:00-16:00"), stop("14:00-16:00", "b1"), id="r2"),
    )
    bench.checkin()
    assert bench.told("patrol.completed") == []
    bench.until("15:10")
    bench.checkin()
    bench.wait(70.0)
    bench.checkin()
    assert bench.told("patrol.completed") == [{"round": "r1", "day": "2026-11-24"}]
    run = bench.again()
    run.checkin()
    assert run.told("patrol.completed") == []


def test_a_window_over_midnight() -> None:
    bench = patrol(a_round(stop("23:30-00:30"), week=frozenset({Weekday.TUE})))
    bench.until("00:20", day=1)
    assert bench.checkin()["timing"] == "on_time"
    assert bench.told("patrol.completed") == [{"round": "r1", "day": "2026-11-24"}]
    bench.until("23:59", day=2)
    assert bench.told("patrol.missed") == []


# --- rounds that change


def test_replaced_in_the_middle_of_the_day_what_was_done_stays_done() -> None:
    bench = patrol(a_round(stop("14:00-15:00"), stop("16:00-17:00")))
    bench.checkin()
    bench.until("15:30")
    bench.put(a_round(stop("14:00-15:00"), stop("16:00-16:30"), rev=2, iat=bench.utc))
    bench.until("23:00")
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("16:00-16:30")}]


def test_one_that_comes_after_its_window_misses_nothing_today() -> None:
    bench = patrol()
    bench.until("15:30")
    bench.put(a_round(stop("14:00-15:00"), stop("15:00-16:00"), iat=bench.utc))
    bench.until("23:00")
    assert bench.told("patrol.missed") == [{"round": "r1", "stop": "main", **window("15:00-16:00")}]


def test_withdrawn_it_is_gone_from_memory_cache_and_digest_and_comes_back_no_more() -> None:
    its = a_round(stop("14:30-15:00"))
    bench = patrol(its)
    gone = Round(YARD, "r1", 2, UTC, withdrawn=True)
    save = the(fx.SaveState, bench.message(gone))
    found = bench.do(ev.StateSaved(save.token, "round", str(YARD), "r1", 2))
    assert the(fx.DropNotices, found) == fx.DropNotices(((str(YARD), "r1"),), "round")
    assert facts_of(found)["state.applied"]["rev"] == 2
    for old in (its, gone):
        assert of(fx.SaveState, bench.message(old)) == []
    found = bench.do(ev.StateLoaded((gone,)))
    assert bench.state.desired.of(Round) == ()
    assert the(fx.DropNotices, found).kind == "round"
    bench.until("23:00")
    assert bench.told("patrol.missed") == []
    assert bench.checkin()["round"] is None


def test_more_rounds_than_a_unit_takes_are_refused() -> None:
    bench = patrol(*(a_round(stop("14:00-15:00"), id=f"r{n}") for n in range(ROUNDS_PER_UNIT)))
    found = bench.message(a_round(stop("14:00-15:00"), id="more"))
    assert facts_of(found)["state.refused"]["reason"] == "full"
    bench.put(Round(YARD, "r0", 2, UTC, withdrawn=True))
    bench.put(a_round(stop("14:00-15:00"), id="more"))
