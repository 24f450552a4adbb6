"""Patrol rounds at the centre: put from CSV, withdrawn, listed; the sheet of a day over many units, what comes late, a worker's track; proven."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text, update

from centre import act_words, round_sheet, rounds, state
from centre.round_sheet import StopState
from centre.schema import pruned
from centre.schema_rounds import round_revs
from contract import chain
from contract.bounds import rfc3339
from contract.messages import Kind
from contract.rounds import Weekday
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import FakeUnit

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 24, tzinfo=ZONE)
STOPS = "unit,from,until\nb12-u1,09:00,10:00\nb12-u2,09:30,10:30\n"
MADE = DAY.timestamp() - 86_400.0
"""When rounds were put: the day before."""


def utc(clock: str, day: int = 0) -> float:
    hour, minute = map(int, clock.split(":"))
    return DAY.timestamp() + day * 86_400 + hour * 3600 + minute * 60


def put(desk: Desk, stops: str = STOPS, now: float = MADE, **changes: Any) -> str:
    draft = rounds.RoundDraft(
        rounds.Scope("grid", "g07"), "白天巡查", rounds.stops_of(stops.encode()), **{"id": "r1", **changes}
    )
    return rounds.put(desk.office, draft, now, "zhang").id


def pair(desk: Desk) -> tuple[FakeUnit, FakeUnit]:
    return desk.unit("b12-u1", "grid/g07"), desk.unit("b12-u2", "grid/g07")


def say(
    desk: Desk, unit: FakeUnit, clock: str, by: str = "wang", *, day: int = 0, trust: str = "synced", **data: Any
) -> None:
    """A check-in at this time, in the books at once."""
    line_of(unit, "patrol.checkin", utc(clock, day), trust, {"round": None, "stop": "main", "by": by, **data})
    desk.take(unit.batch(len(unit.lines)))


def line_of(unit: FakeUnit, kind: str, at: float, trust: str, data: dict[str, Any]) -> None:
    line = chain.line(len(unit.lines) + 1, at, trust, 1, len(unit.lines) * 1.5, kind, data)
    unit.lines.append(line)
    unit.h.append(chain.next_hash(unit.h[-1], line))


def later(desk: Desk, unit: FakeUnit, clock: str, day: int = 0) -> None:
    """The unit has told everything up to then."""
    line_of(unit, "door.opened", utc(clock, day), "synced", {"door": "main"})
    desk.take(unit.batch(len(unit.lines)))


def sheet(desk: Desk, clock: str = "23:00", *, day: int = 0, of: int = 0) -> round_sheet.DaySheet:
    when = datetime.fromtimestamp(DAY.timestamp() + of * 86_400, ZONE).date()
    return round_sheet.sheet(desk.office, "r1", when, utc(clock, day))


def states(found: round_sheet.DaySheet) -> list[tuple[str, str | None]]:
    return [(each.state.value, each.timing) for each in found.stops]


# --- the sheet


def test_two_units_one_round_one_late_and_one_missed(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk)
    say(desk, one, "10:05")
    later(desk, two, "11:00")
    found = sheet(desk)
    assert states(found) == [("done", "late"), ("missed", None)]
    assert not found.complete
    assert found.unheard == ()
    checkin = found.stops[0].checkin
    assert checkin is not None
    assert (checkin.unit, checkin.by, checkin.at_utc) == ("b12-u1", "wang", utc("10:05"))


def test_what_comes_late_changes_the_sheet_and_until_then_it_says_so(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk)
    assert states(sheet(desk, "09:40")) == [("awaited", None), ("awaited", None)]
    say(desk, one, "09:10")
    found = sheet(desk, day=7)
    assert states(found) == [("done", "on_time"), ("unheard", None)]
    assert found.unheard == ("b12-u2",)
    say(desk, two, "09:45")  # a week later, when its network is back
    found = sheet(desk, day=7)
    assert found.complete
    assert found.unheard == ()


def test_a_unit_that_is_online_with_no_backlog_has_told_everything(desk: Desk) -> None:
    pair(desk)
    put(desk)
    with desk.books.changing() as conn:
        conn.execute(
            text("UPDATE units SET online = :on, status = :status, heard_utc = :at WHERE unit = 'b12-u1'"),
            {"on": True, "status": '{"backlog":0}', "at": utc("12:00")},
        )
    assert states(sheet(desk)) == [("missed", None), ("unheard", None)]
    with desk.books.changing() as conn:
        conn.execute(text("UPDATE units SET online = :on"), {"on": False})
    assert states(sheet(desk)) == [("unheard", None), ("unheard", None)]


def test_what_was_given_up_with_age_is_not_missed(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk)
    for unit in (one, two):
        for clock in ("08:00", "09:15", "11:00"):
            line_of(unit, "door.opened", utc(clock), "synced", {"door": "main"})
        desk.take(unit.batch())
    assert states(sheet(desk)) == [("missed", None), ("missed", None)]
    with desk.books.changing() as conn:
        epoch = conn.execute(text("SELECT id FROM epochs WHERE unit = 'b12-u1'")).scalar()
        row = {"epoch_id": epoch, "base": 1, "h": b"", "link": "first", "start": b"", "pruned_utc": MADE}
        conn.execute(insert(pruned).values(**row))
    assert states(sheet(desk)) == [("unheard", None), ("missed", None)]


def test_in_order_over_units_that_know_nothing_of_each_other(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk, ordered=True)
    say(desk, two, "09:35", round="r1", timing="on_time")  # all that its door can know
    say(desk, one, "09:50", round="r1", timing="on_time")
    assert states(sheet(desk)) == [("done", "on_time"), ("done", "out_of_order")]


def test_only_staff_and_only_what_was_saved_counts(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk, staff=frozenset({"zhao"}))
    say(desk, one, "09:10", "wang")
    say(desk, two, "09:40", "zhao")
    told = {"stop": "main", "by": "zhao", "checkin": rfc3339(utc("09:40"))}
    line_of(two, "patrol.not_saved", utc("09:41"), "synced", told)
    desk.take(two.batch(len(two.lines)))
    later(desk, one, "11:00")
    later(desk, two, "11:00")
    assert states(sheet(desk)) == [("missed", None), ("missed", None)]


def test_a_check_in_from_afar_does_nothing_and_is_shown(desk: Desk) -> None:
    one, _two = pair(desk)
    put(desk)
    say(desk, one, "07:00")
    say(desk, one, "12:00")
    found = sheet(desk).stops[0]
    assert found.state is StopState.MISSED
    assert [each.at_utc for each in found.strays] == [utc("07:00"), utc("12:00")]


def test_replaced_in_the_middle_of_the_day_each_stop_is_as_it_was_when_it_ended(desk: Desk) -> None:
    one, two = pair(desk)
    put(desk)
    say(desk, one, "09:10")
    put(desk, "unit,from,until\nb12-u1,15:00,16:00\n", now=utc("12:00"))
    later(desk, two, "11:00")
    found = sheet(desk, "13:00")
    assert states(found) == [("done", "on_time"), ("awaited", None), ("missed", None)]
    assert [each.unit for each in sheet(desk, day=1, of=1).stops] == ["b12-u1"]


def test_withdrawn_its_days_stay_and_later_ones_have_none(desk: Desk) -> None:
    one, _two = pair(desk)
    put(desk)
    say(desk, one, "09:10")
    rounds.withdraw(desk.office, "r1", utc("20:00"), "zhang")
    assert len(sheet(desk).stops) == 2
    assert sheet(desk, day=2, of=1).stops == ()
    assert "not walked on this day" in desk.run("round", "show", "r1", "2026-11-25").output


def test_before_it_was_put_nothing_was_missed(desk: Desk) -> None:
    pair(desk)
    put(desk)
    assert sheet(desk, of=-2).stops == ()


@ONE_ENGINE
def test_a_window_over_midnight(desk: Desk) -> None:
    one, _two = pair(desk)
    put(desk, "unit,from,until\nb12-u1,23:30,00:30\n", week=frozenset({Weekday.TUE}))
    say(desk, one, "00:20", day=1)
    assert states(sheet(desk, day=2)) == [("done", "on_time")]
    assert sheet(desk, day=2, of=1).stops == ()


@ONE_ENGINE
@pytest.mark.parametrize(
    ("day", "hour"), [("2026-03-28", 8), ("2026-03-29", 7), ("2026-03-30", 7), ("2026-10-24", 7), ("2026-10-25", 8)]
)
def test_a_day_on_which_clocks_change_goes_by_the_wall_clock(desk: Desk, day: str, hour: int) -> None:
    desk.office.save(replace(desk.office.site, timezone="Europe/Berlin"))
    one, _two = pair(desk)
    put(desk, now=0.0)
    when = datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()
    line_of(one, "patrol.checkin", when + hour * 3600 + 61, "synced", {"round": None, "stop": "main", "by": "wang"})
    line_of(one, "door.opened", when + 86_400 * 2, "synced", {"door": "main"})
    desk.take(one.batch())
    (first, *_rest) = round_sheet.sheet(desk.office, "r1", date.fromisoformat(day), when + 86_400 * 2).stops
    assert (first.from_utc, first.state, first.timing) == (when + hour * 3600, StopState.DONE, "on_time")


def test_a_fact_that_came_again_counts_once(desk: Desk) -> None:
    one, _two = pair(desk)
    put(desk)
    say(desk, one, "09:10")
    desk.take(one.batch(1))
    assert len(round_sheet.track(desk.office, "wang", DAY.date())) == 1


# --- the command line


def write(tmp_path: Path, words: str = STOPS, encoding: str = "utf-8") -> str:
    file = tmp_path / "stops.csv"
    file.write_bytes(words.encode(encoding))
    return str(file)


ARGS = ("--scope", "grid/g07", "--title", "白天巡查")


def test_put_show_track_withdraw_by_hand(desk: Desk, tmp_path: Path) -> None:
    one, _two = pair(desk)
    with desk.books.changing() as conn:
        conn.execute(text("UPDATE units SET name = '12号楼1单元' WHERE unit = 'b12-u1'"))
    args = ("--week", "mon-fri,sun", "--holiday", "2027-01-01", "--staff", "wang", "--grace", "5", "--ordered")
    put = desk.run("round", "put", write(tmp_path), *ARGS, *args, "--by", "zhang")
    assert "centre: wang: in no roster\n" in put.stderr, "there is none to know them by"
    name = put.stdout.splitlines()[0]
    with desk.books.reading() as conn:
        (made,) = rounds.revisions(conn, name)
        row = rounds.where(conn, name)
    assert (made.ordered, made.grace_s, made.staff) == (True, 300, frozenset({"wang"}))
    assert made.week == frozenset(Weekday) - {Weekday.SAT}
    assert [(each.unit, each.door, each.name) for each in made.stops] == [
        ("b12-u1", "main", "12号楼1单元"),
        ("b12-u2", "main", None),
    ]
    assert row is not None
    assert row.topic == f"doorward/1/badahu/down/grid/g07/round/{name}"
    assert "白天巡查" in desk.run("round", "list").output
    say(desk, one, "09:10", round=name, timing="on_time")
    tracked = json.loads(desk.run("round", "track", "wang", "2026-11-24", "--json").output)
    assert (tracked["unit"], tracked["timing"]) == ("b12-u1", "on_time")
    assert json.loads(desk.run("round", "show", name, "2026-11-24", "--json").output)["id"] == name
    desk.run("round", "withdraw", name, "--by", "zhao")
    assert desk.run("round", "list").output == ""
    assert "withdrawn" in desk.run("round", "list", "--all").output
    with desk.books.reading() as conn:
        assert [each.by for each in act_words.listed(conn, 9) if "round=" in each.detail] == ["zhao", "zhang"]
    desk.run("round", "withdraw", name, code=2)
    desk.run("round", "put", write(tmp_path), *ARGS, "--id", name, code=2)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("unit,from,until\n", "holds no stop"),
        ("unit,from,until\nb12-u1,9,10\n", "2: from: '9' is no time of day"),
        ("unit,from,until\nb12-u1,09:00,09:00\n", "2: until: a window that is none"),
        ("unit,from\nb12-u1,09:00\n", "column is missing"),
        ("unit,from,until\nb12-u1,09:00,10:00\nelsewhere,09:00,10:00\n", "3: unit: elsewhere is not in grid/g07"),
        ("unit,from,until\nb12-u9,09:00,10:00\n", "b12-u9: no such unit"),
        ("单元,开始,结束\n" + "".join(f"b12-u1,0{n}:00,10:00\n" for n in range(9)), "more than 8 of one door"),
        ("unit,from,until\n" + "b12-u1,09:00,10:00\n" * 2, "two of one door begin together"),
    ],
)
def test_a_file_that_is_not_taken(desk: Desk, tmp_path: Path, words: str, said: str) -> None:
    pair(desk)
    desk.unit("elsewhere", "grid/g08")
    found = desk.run("round", "put", write(tmp_path, words), *ARGS, code=pytest.approx(1.5, abs=0.5))  # type: ignore[arg-type]
    assert said in found.output
    assert desk.run("round", "list").output == ""


@ONE_ENGINE
def test_a_file_as_a_spreadsheet_of_the_street_office_saves_it(desk: Desk, tmp_path: Path) -> None:
    pair(desk)
    words = "单元;开始;结束;点位\nb12-u1;8:00;9:30:00;东门\n"
    name = desk.run("round", "put", write(tmp_path, words, "gbk"), *ARGS).output.splitlines()[0]
    with desk.books.reading() as conn:
        (stop,) = rounds.revisions(conn, name)[0].stops
    assert (stop.begins, stop.ends, stop.name) == (480, 570, "东门")


@ONE_ENGINE
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("show", "r9"), "r9: no such round"),
        (("withdraw", "r9"), "r9: no such round"),
        (("show", "r1", "24.11."), "no date"),
        (("track", "wang", "2026-02-30"), "no date"),
    ],
)
def test_what_is_not_there_is_one_line(desk: Desk, args: tuple[str, ...], said: str) -> None:
    assert said in desk.run("round", *args, code=2).output


def test_more_rounds_than_a_unit_takes_are_not_put(desk: Desk) -> None:
    pair(desk)
    for number in range(32):
        put(desk, id=f"r{number}")
    with pytest.raises(rounds.CentreError, match="32 rounds"):
        put(desk, id="more")
    put(desk, id="r0")
    rounds.withdraw(desk.office, "r5", MADE, "zhang")
    put(desk, id="more")


def test_a_withdrawn_round_is_nothing_to_have(desk: Desk) -> None:
    pair(desk)
    put(desk)
    rounds.withdraw(desk.office, "r1", MADE, "zhang")
    with desk.books.reading() as conn:
        assert not any(each.kind == Kind.ROUND for found in state.due(conn).values() for each in found)


# --- the proof


def test_every_revision_is_proven(desk: Desk) -> None:
    pair(desk)
    put(desk)
    put(desk, ordered=True, now=MADE + 60)
    desk.run("verify")
    with desk.books.changing() as conn:
        first = conn.execute(text("SELECT min(rev) FROM round_revs")).scalar()
        conn.execute(update(round_revs).where(round_revs.c.rev == first).values(token=b"another"))
    assert f"round r1 of grid/g07: revision {first} is not what the journal tells" in desk.run("verify", code=1).output
    with desk.books.changing() as conn:
        conn.execute(round_revs.delete().where(round_revs.c.rev == first))
    assert f"revision {first} is not what the journal tells" in desk.run("verify", code=1).output


@ONE_ENGINE
def test_facts_of_patrols_are_found_by_their_index(desk: Desk) -> None:
    """PostgreSQL's plan depends on what its tables hold."""
    with desk.books.reading() as conn:
        query = "EXPLAIN QUERY PLAN SELECT line FROM facts WHERE substr(kind, 1, 7) = 'patrol.' AND at_utc >= 1 AND at_utc < 2"
        assert "facts_patrol" in str(conn.execute(text(query)).all())
    assert datetime.fromtimestamp(utc("00:00"), UTC).hour == 16
