"""Check-ins that a unit made without a clock: on the sheet of their day and in the worker's track once their times are known."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select, update

from centre import checkins, round_sheet
from centre.checkins import Checkin
from centre.round_sheet import DaySheet
from centre.schema import batches, epochs, facts
from centre.timing import taken_since
from contract import chain
from contract.bounds import rfc3339
from tests.centre.conftest import Desk
from tests.centre.test_rounds import DAY, MADE, later, line_of, put, states, utc

DAY_S = 86_400.0
TODAY = DAY.date()


class Blind:
    """A unit and what its clocks say: the true time is `start` + `mono`, the system is `ahead` of it."""

    def __init__(self, desk: Desk, name: str = "b12-u1", *, start: float = DAY.timestamp(), ahead: float = 0.0) -> None:
        self.desk, self.start, self.ahead, self.boot = desk, start, ahead, 1
        self.unit = desk.unit(name, "grid/g07")
        self.sent = 0

    def cut(self, start: float) -> None:
        """The power went; it is back at `start`."""
        self.boot, self.start = self.boot + 1, start

    def said(self, at: float, clock: str) -> float:
        """The date that a fact of then bears."""
        return at if clock == "synced" else max(at + self.ahead, 0.0)

    def note(self, kind: str, at: float, clock: str = "unknown", **data: object) -> None:
        mono = at - self.start
        line = chain.line(len(self.unit.lines) + 1, self.said(at, clock), clock, self.boot, mono, kind, data)
        self.unit.lines.append(line)
        self.unit.h.append(chain.next_hash(self.unit.h[-1], line))

    def tap(self, at: float, clock: str = "unknown", by: str = "wang") -> None:
        self.note("patrol.checkin", at, clock, round=None, stop="main", by=by)

    def send(self, at: float) -> None:
        self.desk.now = at
        self.desk.take(self.unit.batch(self.sent + 1))
        self.sent = len(self.unit.lines)

    def set(self, at: float) -> None:
        """It hears the centre."""
        self.note("door.opened", at, "synced", door="main")
        self.send(at)


def sheet(desk: Desk, off: int = 0, now: float | None = None) -> DaySheet:
    return round_sheet.sheet(desk.office, "r1", TODAY + timedelta(days=off), now or utc("23:00", 30))


def track(desk: Desk, off: int = 0) -> list[Checkin]:
    return round_sheet.track(desk.office, "wang", TODAY + timedelta(days=off))


def busy(desk: Desk, days: int) -> None:
    """Another unit tells a little each day, which the books take then."""
    desk.now = MADE
    other = desk.unit("b12-u9", "grid/g07")
    for day in range(days):
        for hour in (3, 15):
            desk.now = DAY.timestamp() + day * DAY_S + hour * 3600
            line_of(other, "patrol.checkin", desk.now - 5, "synced", {"round": None, "stop": "main", "by": "zhao"})
            desk.take(other.batch(len(other.lines)))
    desk.now = MADE


SYSTEMS = {
    "1970": -utc("00:00"),
    "two days behind": -2 * DAY_S,
    "a year behind": -365 * DAY_S,
    "eight hours ahead": 8 * 3600.0,
    "five days ahead": 5 * DAY_S,
    "ahead by decades": 80 * 365 * DAY_S,
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_week_without_a_clock_is_on_the_sheets_of_its_days_once_the_time_is_known(desk: Desk, system: str) -> None:
    busy(desk, 9)
    blind = Blind(desk, start=utc("08:00"), ahead=SYSTEMS[system])
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n")
    true = [utc("09:10", day) + 0.4 for day in range(7)]
    for each in true:
        blind.tap(each)
    blind.send(utc("08:00", 7))
    assert all(states(sheet(desk, day)) == [("unheard", None)] for day in range(7))
    blind.set(utc("08:00", 7) + 0.1)
    for day, at in enumerate(true):
        found = sheet(desk, day)
        assert (states(found), found.untimed) == ([("done", "on_time")], ())
        (walked,) = track(desk, day)
        assert walked == found.stops[0].checkin
        assert (walked.sure, walked.worked_out) == (True, True)
        assert abs(walked.at_utc - at) < 2.0
        assert walked.earliest_utc <= at <= walked.latest_utc
    assert track(desk, -1) == track(desk, 7) == []
    assert "09:10:00 (worked out) by wang" in desk.run("round", "show", "r1", "2026-11-27").output
    assert "09:10:00 (worked out)  b12-u1" in desk.run("round", "track", "wang", "2026-11-27").output


def test_a_date_of_another_day_is_on_the_sheet_of_its_own_alone(desk: Desk) -> None:
    """A system's clock three days slow dates the check-in of today into the window of then."""
    blind = Blind(desk, start=utc("08:00"), ahead=-3 * DAY_S)
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n", now=MADE - 9 * DAY_S)
    blind.tap(utc("09:10"))
    blind.set(utc("12:00"))
    assert states(sheet(desk)) == [("done", "on_time")]
    assert sheet(desk, -3).stops[0].checkin is None
    assert track(desk, -3) == []
    assert len(track(desk)) == 1


def test_a_unit_that_never_learns_the_time_does_no_stop_and_is_told_below_the_sheets_it_may_be_of(desk: Desk) -> None:
    desk.now = MADE
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n")
    later(desk, blind.unit, "08:00")
    blind.sent = 1
    blind.cut(utc("08:30"))
    blind.tap(utc("09:10"))
    blind.send(utc("07:00", 2))
    for day, maybe in ((-1, 0), (0, 1), (1, 1), (2, 0), (3, 0)):
        found = sheet(desk, day)
        assert all(each.checkin is None for each in found.stops)
        assert len(found.untimed) == maybe
    (lost,) = sheet(desk).untimed
    assert (lost.by, lost.sure) == ("wang", False)
    assert (lost.earliest_utc, lost.latest_utc) == (utc("08:00"), utc("07:00", 2))
    told = "time not known, between 2026-11-24 08:00:00 and 2026-11-26 07:00:00"
    assert f"check-in by wang at b12-u1 main, {told}" in desk.run("round", "show", "r1", "2026-11-24").output
    assert told in desk.run("round", "track", "wang", "2026-11-25").output
    assert len(track(desk, 2)) == 1
    assert track(desk, 3) == []


def test_a_unit_that_was_never_told_the_time_at_all_was_not_before_it_was_registered(desk: Desk) -> None:
    desk.now = utc("07:00", -1)
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n", now=MADE - 9 * DAY_S)
    blind.tap(utc("09:10"))
    blind.send(utc("11:00"))
    assert [len(sheet(desk, day).untimed) for day in (-3, -2, -1, 0, 1)] == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(("back", "done"), [("09:15", True), ("15:00", False)])
def test_a_run_that_was_never_set_counts_where_what_lies_around_it_is_near_enough(
    desk: Desk, back: str, done: bool
) -> None:
    desk.now = MADE
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n")
    blind.note("door.opened", utc("09:08"), "synced", door="main")
    blind.cut(utc("09:09"))
    blind.tap(utc("09:10"))
    blind.cut(utc(back) - 60)
    blind.set(utc(back))
    later(desk, blind.unit, "20:00")
    found = sheet(desk)
    assert states(found) == ([("done", "on_time")] if done else [("missed", None)])
    assert len(found.untimed) == (0 if done else 1)
    if done:
        assert "(worked out, ±7 min)" in desk.run("round", "show", "r1", "2026-11-24").output


def test_what_was_not_saved_does_not_count_by_its_true_time_either(desk: Desk) -> None:
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n")
    for at in (utc("09:10"), utc("09:20")):
        blind.tap(at)
        untold = rfc3339(blind.said(at, "unknown"))
        if at == utc("09:10"):
            blind.note("patrol.not_saved", at + 3, stop="main", by="wang", checkin=untold)
    blind.set(utc("12:00"))
    (only,) = track(desk)
    assert only.at_utc == pytest.approx(utc("09:20"), abs=2.0)


def test_said_at_midnight_by_a_clock_set_that_moment_it_was_not_saved(desk: Desk) -> None:
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    blind.tap(utc("23:59") + 58)
    untold = rfc3339(blind.said(utc("23:59") + 58, "unknown"))
    blind.note("patrol.not_saved", utc("00:00", 1) + 1, "synced", stop="main", by="wang", checkin=untold)
    blind.set(utc("12:00", 1))
    assert track(desk) == []


def test_the_date_of_a_newest_fact_without_a_clock_says_not_that_all_was_heard(desk: Desk) -> None:
    """By its system it is decades later; the network was lost before the window ended."""
    blind = Blind(desk, start=utc("08:00"), ahead=80 * 365 * DAY_S)
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\n")
    blind.note("door.opened", utc("09:30"), "unknown", door="main")
    blind.send(utc("09:30"))
    assert states(sheet(desk)) == [("unheard", None)]
    blind.set(utc("09:31"))
    assert states(sheet(desk)) == [("unheard", None)]
    blind.set(utc("10:30"))
    assert states(sheet(desk)) == [("missed", None)]


def test_two_units_in_order_by_true_times(desk: Desk) -> None:
    """The first one had no clock: as its line has it, it was walked decades before."""
    blind, seeing = Blind(desk, start=utc("08:00"), ahead=-utc("00:00")), Blind(desk, "b12-u2")
    put(desk, "unit,from,until\nb12-u1,09:00,10:00\nb12-u2,09:00,10:00\n", ordered=True)
    blind.tap(utc("09:40"))
    seeing.tap(utc("09:35"), "synced")
    seeing.set(utc("12:00"))
    blind.set(utc("12:00"))
    assert states(sheet(desk)) == [("done", "on_time"), ("done", "out_of_order")]
    assert [each.unit for each in track(desk)] == ["b12-u2", "b12-u1"]


# --- what is looked at


def test_where_to_begin_is_found_whatever_is_missing_between(desk: Desk) -> None:
    rng = random.Random(5)
    desk.now = MADE
    box = desk.unit("b12-u1", "grid/g07")
    for _ in range(60):
        desk.now += rng.choice((0.0, 60.0, 9000.0))
        box.fact("door.opened", rng.choice((1, 1, 7)), door="main")
        desk.take(box.batch(len(box.lines) - rng.choice((0, 0, 1)) if len(box.lines) > 1 else 1))
        if desk.rows(select(epochs.c.seq))[0][0] < len(box.lines):
            desk.take(box.batch(desk.rows(select(epochs.c.seq))[0][0] + 1))
    with desk.books.changing() as conn:
        for gone in rng.sample(range(5, 40), 12):
            conn.execute(batches.delete().where(batches.c.id == gone))
    joined = facts.join(
        batches, (facts.c.epoch_id == batches.c.epoch_id) & facts.c.seq.between(batches.c.first, batches.c.last)
    )
    taken = desk.rows(select(facts.c.n, batches.c.taken_utc).select_from(joined))
    with desk.books.reading() as conn:
        for utc_ in (0.0, *(MADE + off for off in range(-7200, int(desk.now - MADE) + 7200, 1800)), 1e12):
            begin = taken_since(conn, utc_)
            wanted = [n for n, at in taken if at >= utc_]
            assert begin <= min(wanted, default=10**9)
            skipped = [n for n, at in taken if at < utc_ - 2 * 9000.0 - 3600.0]
            assert begin >= max(skipped, default=0)


@pytest.mark.parametrize("units", [None, {"b12-u9"}])
def test_only_facts_of_patrols_are_read_by_their_index(desk: Desk, units: set[str] | None) -> None:
    busy(desk, 2)
    said: list[tuple[str, object]] = []
    with desk.books.reading() as conn:
        event.listen(
            conn, "before_cursor_execute", lambda _, __, statement, given, *___: said.append((statement, given))
        )
        assert len(checkins.of_span(conn, utc("00:00"), utc("00:00", 1), units)) == 2
        asked = [each for each in said if "facts.line" in each[0]]
        assert len(asked) == 3
        if conn.dialect.name == "sqlite":
            for statement, given in asked:
                plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()  # type: ignore[arg-type]
                assert "INDEX facts_patrol (at_utc" in plan[0][3], plan
                assert not any("SCAN facts" in row[3] for row in plan), plan


def test_the_books_of_old_days_with_no_batch_left_are_read_whole(desk: Desk) -> None:
    busy(desk, 3)
    blind = Blind(desk, start=utc("08:00"), ahead=-utc("00:00"))
    blind.tap(utc("09:10"))
    blind.set(utc("12:00"))
    with desk.books.changing() as conn:
        conn.execute(update(batches).values(taken_utc=0.0))
        assert taken_since(conn, 1.0) <= desk.rows(select(func.max(facts.c.n)))[0][0]
    assert date(2026, 11, 24) == TODAY
    with desk.books.changing() as conn:
        conn.execute(batches.delete())
        assert taken_since(conn, utc("08:00")) == 0
    assert len(track(desk)) == 1
