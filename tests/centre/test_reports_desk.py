"""Reports and services at the centre: assigned, answered, closed, each an act; what is overdue climbs; how long it took and how content people were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from centre import case_figures, cases, health, reports_desk, retention, said, schema, settings
from centre.cases import CLIMB_S, DUE_S, Case, CaseFilter, Level, Stage
from centre.errors import BadValueError, CentreError
from centre.health import Cause
from centre.reports_desk import Assignment
from centre.schema_reports import case_steps, setting_revs
from centre.settings import Change
from contract import chain
from contract.envelope import unverified_payload
from contract.people import ReportKind
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import FakeUnit

DAY = 86_400.0
CODES = {
    "21": {"words": {"zh-CN": "垃圾清运"}, "to": "sanitation", "due_s": 7200},
    "7": {"words": {"zh-CN": "水管漏水"}, "to": "water", "kind": "service", "who": "resident"},
}


@pytest.fixture
def unit(desk: Desk) -> FakeUnit:
    made = desk.unit("b12-u2", "yard/y07", "grid/g5")
    settings.put(desk.office, Scope("site", "badahu"), Change(codes=CODES), desk.now)
    return made


def filed(unit: FakeUnit, report: str = "r1-1", code: str = "21", **data: Any) -> None:
    unit.fact("report.filed", **({"report": report, "code": code, "by": "wang", "room": None, "door": "main"} | data))


def told(unit: FakeUnit, at: float, clock: str, kind: str, *, boot: int = 1, mono: float = 1.0, **data: Any) -> None:
    """A fact with any clock."""
    line = chain.line(len(unit.lines) + 1, at, clock, boot, mono, kind, data)
    unit.lines.append(line)
    unit.h.append(chain.next_hash(unit.h[-1], line))


def case(desk: Desk, name: str = "r1-1") -> Case:
    with desk.books.reading() as conn:
        return cases.one(conn, "badahu", name)


def rate(unit: FakeUnit, notice: str, value: int, by: str) -> None:
    data = {"notice": notice, "scope": "unit/b12-u2", "rev": 1, "value": value, "by": by, "room": None, "door": "main"}
    unit.fact("ask.answered", **data)


def test_the_whole_course_of_one(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    now = unit.at
    found = case(desk)
    assert (found.stage, found.to, found.due_utc, found.level(now)) == (
        Stage.FILED,
        "sanitation",
        now + 7200,
        Level.GRID,
    )
    reports_desk.assign(desk.office, "r1-1", Assignment("police"), "li", now + 600)
    found = case(desk)
    assert (found.stage, found.to, found.due_utc) == (Stage.ASSIGNED, "police", now + 7200)
    found = reports_desk.answer(desk.office, "r1-1", "已清走", "li", now + 3600, tell=now + DAY)
    notice = found.steps[-1].notice
    assert notice is not None
    (row,) = desk.rows(select(schema.state).where(schema.state.c.id == notice))
    payload = unverified_payload(row.token)
    assert (payload["scope"], payload["title"], payload["text"]) == ("unit/b12-u2", "垃圾清运", "已清走")
    assert payload["ask"] == {"kind": "rating", "report": "r1-1"}, "a patrol filed it: any resident is asked"
    rate(unit, notice, 4, "anna")
    rate(unit, notice, 2, "bo")
    rate(unit, notice, 5, "bo")
    desk.take(unit.batch(2))
    found = reports_desk.close(desk.office, "r1-1", "", "li", now + 4000)
    assert sorted(found.ratings) == [4, 5], "the last word of each"
    figures = case_figures.figures([found], now + DAY)
    assert [(each.count, each.worst_s) for each in figures.spans] == [(1, 600), (1, 3000), (1, 400), (1, 4000)]
    assert (figures.settled, figures.in_grid, figures.in_community) == (1, 1, 1)
    assert (figures.ratings, figures.content) == (2, 2)
    assert desk.run("verify").stderr == ""


def test_whoever_filed_it_with_a_room_is_the_one_who_is_asked(desk: Desk, unit: FakeUnit) -> None:
    filed(unit, code="7", by="anna", room="301")
    desk.take(unit.batch())
    found = reports_desk.answer(desk.office, "r1-1", "修好了", "li", unit.at + 1, tell=unit.at + DAY)
    (row,) = desk.rows(select(schema.state).where(schema.state.c.id == found.steps[-1].notice))
    assert unverified_payload(row.token)["ask"] == {"kind": "rating", "report": "r1-1", "by": "anna"}


def test_what_is_overdue_climbs_and_never_goes_down(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    found, due = case(desk), unit.at + 7200
    levels = [found.level(due + late) for late in (0, 1, CLIMB_S, CLIMB_S + 1)]
    assert levels == [Level.GRID, Level.COMMUNITY, Level.COMMUNITY, Level.STREET]
    assert [found.overdue(due + late) for late in (0, 1)] == [False, True]
    found = reports_desk.assign(desk.office, "r1-1", Assignment("police", due + 9 * DAY), "li", due + 60)
    assert not found.overdue(due + 61)
    assert found.level(due + 61) is Level.COMMUNITY, "it stays the community's"
    with pytest.raises(BadValueError, match="never goes down"):
        reports_desk.assign(desk.office, "r1-1", Assignment("police", due + 9 * DAY, Level.GRID), "li", due + 62)
    assert case(desk).level(due + 63) is Level.COMMUNITY
    found = reports_desk.answer(desk.office, "r1-1", "好", "li", due + 70)
    assert found.level(due + 99 * DAY) is Level.COMMUNITY
    assert not found.overdue(due + 99 * DAY)
    figures = case_figures.figures([found], due + 99 * DAY)
    assert (figures.in_grid, figures.in_community) == (0, 1)


def test_without_a_code_in_the_settings_three_days_are_given(desk: Desk, unit: FakeUnit) -> None:
    filed(unit, code="99")
    desk.take(unit.batch())
    found = case(desk)
    assert (found.code, found.to, found.due_utc) == (None, None, unit.at + DUE_S)


def test_a_case_keeps_what_its_code_meant_whatever_tables_come_later(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    late = unit.at + 7200 + CLIMB_S + 1
    settings.put(desk.office, Scope("grid", "g5"), Change(codes={"7": CODES["7"]}), unit.at + 10)
    settings.put(desk.office, Scope("site", "badahu"), Change(codes={"7": CODES["7"]}), unit.at + 20)
    settings.put(desk.office, Scope("unit", "b12-u2"), Change(unset=("report_codes",), language="en"), unit.at + 30)
    found = case(desk)
    assert (found.level(late), found.to, found.due_utc) == (Level.STREET, "sanitation", unit.at + 7200)
    assert found.code is not None
    assert found.code.words.zh == "垃圾清运"


def test_a_revision_of_settings_that_was_changed_is_seen(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    desk.run("verify")
    with desk.books.writing() as conn:
        conn.execute(update(setting_revs).values(token=b"another"))
    assert "settings of site/badahu: revision" in desk.run("verify", code=1).stderr


def test_a_closed_one_is_opened_again_by_assigning_it_and_by_nothing_else(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    reports_desk.close(desk.office, "r1", "误报", "li", unit.at + 1)
    for again in (
        lambda: reports_desk.close(desk.office, "r1-1", "", "li", unit.at + 2),
        lambda: reports_desk.answer(desk.office, "r1-1", "x", "li", unit.at + 2),
    ):
        with pytest.raises(CentreError, match="closed"):
            again()
    found = reports_desk.assign(desk.office, "r1-1", Assignment("police"), "li", unit.at + 3)
    assert (found.stage, found.is_open) == (Stage.ASSIGNED, True)
    assert case_figures.figures([found], unit.at + 9).spans[-1].count == 0


@ONE_ENGINE
@pytest.mark.parametrize(
    ("field", "do"),
    [
        ("to", lambda o, t: reports_desk.assign(o, "r1-1", Assignment("the police"), "li", t)),
        ("due", lambda o, t: reports_desk.assign(o, "r1-1", Assignment("police", t), "li", t)),
        ("due", lambda o, t: reports_desk.assign(o, "r1-1", Assignment("police", t + 599), "li", t)),
        ("due", lambda o, t: reports_desk.assign(o, "r1-1", Assignment("police", t + 91 * DAY), "li", t)),
        ("until", lambda o, t: reports_desk.answer(o, "r1-1", "x", "li", t, tell=t + 367 * DAY)),
        ("until", lambda o, t: reports_desk.answer(o, "r1-1", "x", "li", t, tell=t)),
        ("by", lambda o, t: reports_desk.assign(o, "r1-1", Assignment("police"), " ", t)),
        ("by", lambda o, t: reports_desk.close(o, "r1-1", "", "x" * 101, t)),
        ("text", lambda o, t: reports_desk.answer(o, "r1-1", "", "li", t)),
        ("text", lambda o, t: reports_desk.answer(o, "r1-1", "a\0b", "li", t)),
        ("why", lambda o, t: reports_desk.close(o, "r1-1", "x" * 2001, "li", t)),
    ],
)
def test_bad_values_are_named_and_change_nothing(desk: Desk, unit: FakeUnit, field: str, do: Any) -> None:
    filed(unit)
    desk.take(unit.batch())
    with pytest.raises(BadValueError) as error:
        do(desk.office, unit.at + 1)
    assert error.value.name == field
    assert desk.count(case_steps) == 0


def test_an_answer_whose_notice_has_no_room_is_not_entered(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    for _ in range(64):
        desk.run("notice", "put", "--scope", "unit/b12-u2", "--title", "x", "--text", "y")
    with pytest.raises(CentreError, match="takes no more"):
        reports_desk.answer(desk.office, "r1-1", "x", "li", unit.at + 1, tell=unit.at + 300 * DAY)
    assert desk.count(case_steps) == 0


def test_each_report_counts_once_and_a_second_of_its_id_is_none(desk: Desk, unit: FakeUnit) -> None:
    other = desk.unit("b12-u3", "yard/y07")
    filed(unit)
    desk.take(unit.batch(), unit.batch())
    filed(other, code="7")
    unit.fact("report.filed", report="r1-2", code="a lot", by=None)
    unit.fact("report.filed", report="R 3")
    desk.take(other.batch(), unit.batch())
    with desk.books.reading() as conn:
        found = cases.all_of(conn, "badahu")
    assert [(each.id, each.filed.unit, each.filed.fact.code) for each in found] == [("r1-1", "b12-u2", "21")]


def test_what_people_said_is_found_without_a_walk_through_all_facts(desk: Desk) -> None:
    """By its own index, whose words the query has to have."""
    said_by_it: list[str] = []
    with desk.books.reading() as conn:
        event.listen(conn, "before_cursor_execute", lambda _, __, statement, *___: said_by_it.append(statement))
        said.reports(conn)
        (statement,) = [each for each in said_by_it if "facts.line" in each]
        if conn.dialect.name == "sqlite":
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("report.filed",)).all()
            assert any("INDEX facts_said" in row[3] for row in plan)
        else:
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
            query = statement.replace("%(kind_1)s::VARCHAR", "'report.filed'")
            plan = conn.exec_driver_sql(f"EXPLAIN {query}").all()
            assert any("facts_said" in row[0] for row in plan)


def test_only_its_own_unit_rates_it_and_only_from_one_to_five(desk: Desk, unit: FakeUnit) -> None:
    other = desk.unit("b12-u3")
    filed(unit)
    desk.take(unit.batch())
    notice = reports_desk.answer(desk.office, "r1-1", "x", "li", unit.at + 1, tell=unit.at + DAY).steps[-1].notice
    assert notice is not None
    rate(other, notice, 5, "anna")
    rate(unit, notice, 9, "anna")
    rate(unit, notice, 3, "bo")
    desk.take(other.batch(), unit.batch())
    assert case(desk).ratings == (3,)


def test_a_time_that_the_unit_did_not_know_is_told_by_what_it_learnt_later(desk: Desk, unit: FakeUnit) -> None:
    data = {"code": "21", "by": "wang", "room": None, "door": "main"}
    told(unit, 5.0, "unknown", "report.filed", mono=10.0, report="r1-1", **data)
    told(unit, desk.now, "synced", "door.opened", mono=70.0, door="main")
    told(unit, 5.0, "unknown", "report.filed", boot=2, mono=1.0, report="r1-2", **data)
    told(unit, desk.now + DAY, "synced", "door.opened", boot=3, mono=70.0, door="main")
    told(unit, 5.0, "floor", "report.filed", boot=3, mono=3670.0, report="r1-3", **data)
    told(unit, 5.0, "unknown", "report.filed", boot=4, mono=1.0, report="r1-4", **data)
    came = desk.now + 2 * DAY
    first_synced, desk.now = desk.now, came
    desk.take(unit.batch())
    before, between, behind, never = (case(desk, f"r1-{n}").filed for n in (1, 2, 3, 4))
    assert (before.at_utc, before.timed) == (pytest.approx(first_synced - 60), True)
    assert (between.at_utc, between.timed) == (first_synced + DAY, False), "it was no later"
    assert (behind.at_utc, behind.timed) == (pytest.approx(first_synced + DAY + 3600), True)
    assert (never.at_utc, never.timed) == (came, False), "when the books took it"


@ONE_ENGINE
def test_the_lists_say_what_is_asked_of_them(desk: Desk, unit: FakeUnit) -> None:
    other = desk.unit("b12-u3", "grid/g6")
    filed(unit, "r1-1")
    filed(unit, "r1-2", "7", by="anna", room="301")
    filed(other, "r2-1")
    desk.take(unit.batch(), other.batch())
    reports_desk.assign(desk.office, "r1-2", Assignment("police"), "li", unit.at + 1)
    reports_desk.close(desk.office, "r2-1", "", "li", unit.at + 1)

    def ids(now: float = unit.at + 2, **wanted: Any) -> list[str]:
        return [each.id for each in cases.listed(desk.office, CaseFilter(**wanted), now)]

    assert ids() == ["r1-1", "r1-2", "r2-1"]
    assert ids(open=True) == ["r1-1", "r1-2"]
    assert ids(overdue=True) == []
    assert ids(unit.at + 7201, overdue=True) == ["r1-1"]
    assert ids(unit="b12-u3") == ["r2-1"]
    assert ids(scope="grid/g5") == ["r1-1", "r1-2"]
    assert ids(to="police") == ["r1-2"]
    assert ids(kind=ReportKind.SERVICE) == ["r1-2"]
    assert ids(since_utc=unit.at + 1) == []
    with pytest.raises(CentreError, match="no such unit"):
        ids(unit="b99")
    with desk.books.reading() as conn, pytest.raises(CentreError, match="several"):
        cases.one(conn, "badahu", "r1")


def test_health_says_what_is_overdue_and_whose_it_is(desk: Desk, unit: FakeUnit) -> None:
    filed(unit, "r1-1")
    filed(unit, "r1-2")
    desk.take(unit.batch())
    late = unit.at + 7200 + CLIMB_S

    def findings(now: float) -> list[str]:
        return [each.text for each in health.findings(desk.office, now) if each.cause is Cause.REPORT]

    assert findings(unit.at) == []
    (both,) = findings(unit.at + 7300)
    assert "2 overdue, and now of the community" in both
    assert len(findings(late - 0.5)) == 2


def test_the_commands(desk: Desk, unit: FakeUnit) -> None:
    filed(unit, by="wang")
    desk.take(unit.batch())
    desk.run("report", "assign", "r1", "--to", "police", "--due", "2d", "--level", "street", "--by", "li")
    assert "assigned  street  police" in desk.run("report", "list", "--open").stdout
    out = desk.run("report", "answer", "r1", "垃圾\x1b[2J已清", "--notice", "--by", "li").stdout
    assert "answered" in out
    shown = desk.run("report", "show", "r1-1").stdout
    assert "\x1b" not in shown
    assert "filed by wang  door main" in shown
    desk.run("report", "close", "r1", "--why", "done")
    (value,) = map(json.loads, desk.run("report", "list", "--json").stdout.splitlines())
    assert (value["stage"], value["words"], [each["what"] for each in value["steps"]]) == (
        "closed", "垃圾清运", ["assigned", "answered", "closed"],
    )  # fmt: skip
    assert "1 filed, 1 settled, 0 overdue" in desk.run("report", "times").stdout
    assert json.loads(desk.run("report", "times", "--json").stdout)["in_grid"] == 0
    assert "no such report" in desk.run("report", "show", "x", code=2).stderr
    assert desk.run("verify").stderr == ""


def test_names_that_nobody_knows_are_asked_about(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch())
    said = desk.run("report", "assign", "r1", "--to", "waterr", code=2).stderr
    assert "waterr: no such recipient; known: water" in said
    desk.run("report", "assign", "r1", "--to", "waterr", "--yes")
    desk.run("recipient", "add", "blue-sky", "--name", "蓝天救援", "--kind", "volunteer")
    desk.run("report", "assign", "r1", "--to", "blue-sky")
    assert "grid/zzz: no unit is there" in desk.run("report", "list", "--scope", "grid/zzz", code=2).stderr
    assert "nobody: in no roster" in desk.run("holder", "erase", "nobody", code=2).stderr
    for why in ("", " "):
        mode = ("mode", "normal", "--unit", "b12-u2", "--why", why)
        assert "--why: says nothing" in desk.run(*mode, code=2).stderr


def test_a_door_that_no_unit_told_of_is_said(desk: Desk, unit: FakeUnit, tmp_path: Path) -> None:
    for name, text in (("h.csv", "profile,days,hours\nday,mon-sun,8:00-18:00\n"), ("s.csv", "unit,door,from,until\nb12-u2,cellar,8:00,9:00\n"), ("r.csv", "id,card,doors\nh1,1,mainn\n")):  # fmt: skip
        (tmp_path / name).write_text(text)
    put = ("settings", "put", "--scope", "yard/y07", "--hours", str(tmp_path / "h.csv"))
    assert "mainn" not in desk.run(*put, "--door-hours", "mainn=day").stderr, "no unit has said anything yet"
    with desk.books.changing() as conn:
        conn.execute(update(schema.units).values(status=json.dumps({"doors": {"main": {}}})))
    assert "mainn: no unit of yard/y07 has said so far" in desk.run(*put, "--hold-open", "mainn=day").stderr
    desk.run("settings", "put", "--scope", "yard/y07", "--door-hours", "main=day")
    stops = ("round", "put", str(tmp_path / "s.csv"), "--scope", "yard/y07", "--title", "x")
    assert "line 2: b12-u2 has not said so far that it has the door cellar" in desk.run(*stops).stderr
    roster = ("roster", "put", "r", str(tmp_path / "r.csv"), "--scope", "yard/y07")
    assert "mainn: no unit of yard/y07 has said so far" in desk.run(*roster).stderr
    assert "x: in no roster" in desk.run(*stops, "--staff", "x", code=2).stderr


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE case_steps SET \"by\" = 'another' WHERE id = 1", "step of a report 1: by: not what the journal tells"),
        (
            "UPDATE case_steps SET at_utc = at_utc - 9 WHERE id = 1",
            "step of a report 1: at_utc: not what the journal tells",
        ),
        ("DELETE FROM case_steps WHERE id = 2", "step of a report 2: the journal tells of it, and it is not there"),
        (
            "INSERT INTO case_steps (id, report, what, at_utc, \"by\", text) VALUES (9, 'r1-1', 'closed', 1, 'x', '')",
            "step of a report 9: the journal does not tell of it",
        ),
    ],
)
def test_verify_sees_a_step_that_nobody_did(desk: Desk, unit: FakeUnit, statement: str, said: str) -> None:
    filed(unit)
    desk.take(unit.batch())
    reports_desk.assign(desk.office, "r1-1", Assignment("police"), "li", unit.at + 1)
    reports_desk.close(desk.office, "r1-1", "", "li", unit.at + 2)
    with desk.books.engine.begin() as conn:
        conn.exec_driver_sql(statement)
    assert said in desk.run("verify", code=1).stderr


def test_what_was_done_goes_with_the_facts_of_the_report(desk: Desk) -> None:
    """Retained months are counted as of facts; what still has its fact stays whole."""
    unit = desk.unit()
    desk.now = unit.at = 1_750_000_000.0
    filed(unit, "r1-1")
    desk.take(unit.batch())
    reports_desk.close(desk.office, "r1-1", "", "li", unit.at + 60)
    desk.now = unit.at = unit.at + 100 * DAY
    filed(unit, "r1-2")
    desk.take(unit.batch(2))
    reports_desk.close(desk.office, "r1-2", "", "li", unit.at + 60)
    retention.retain(desk.office, 6, 1_750_000_000.0 + 6 * 31 * DAY + DAY)
    assert [row.report for row in desk.rows(select(case_steps))] == ["r1-2"]
    assert desk.run("verify").stderr == ""
