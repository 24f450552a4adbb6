"""A unit's page: the sheet its box sent, who accepted it, what the box is told; and that nothing else makes a box look accepted or lacking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from centre import acceptance, adopted, retention, schema
from centre.acceptance import BoxStanding
from centre.schema import state as state_table
from centre.schema_acceptance import acceptances
from contract import codec
from contract.enrolment import parse_enrolment
from contract.envelope import unverified_payload
from contract.facts import SheetRow, UnitSheet
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import FakeUnit

UTC = 1_790_000_100.0
GOOD = (SheetRow("door main, lock", True, "unlocked for 1.0 s"), SheetRow("reader card", True, "it read a card"))
BAD = (SheetRow("door main, lock", False, "it cannot be locked"), SheetRow("display panel", None, "nobody was there"))


def box(desk: Desk, name: str = "b12-u2", *scopes: str) -> FakeUnit:
    """Of the register, enrolled by the file that the centre wrote."""
    desk.run("unit", "add", name, *(word for scope in scopes for word in ("--scope", scope)))
    return boxed(desk, name)


def boxed(desk: Desk, name: str, **made: Any) -> FakeUnit:
    unit = FakeUnit(name, desk.enrolment(name), **made)
    desk.take(unit.enrol())
    return unit


def tell(desk: Desk, unit: FakeUnit, rows: tuple[SheetRow, ...] = GOOD, name: str = "5e0d", *, size: int = 12) -> None:
    """A sheet, in parts of `size` rows."""
    cut = [rows[at : at + size] for at in range(0, len(rows), size)]
    first = len(unit.lines) + 1
    for number, each in enumerate(cut, 1):
        part = UnitSheet(name, number, len(cut), UTC, True, "0.1.0", each)
        unit.fact("unit.sheet", **codec.write(part))
    desk.take(unit.batch(first))


def page(desk: Desk, name: str = "b12-u2") -> dict[str, Any]:
    value: dict[str, Any] = json.loads(desk.run("unit", "show", name, "--json").stdout)
    return value


def told(desk: Desk, scope: str = "unit/b12-u2") -> dict[str, Any]:
    """The settings as the unit gets them."""
    mine = (state_table.c.kind == "settings") & (state_table.c.scope == scope)
    (row,) = desk.rows(select(state_table.c.token).where(mine))
    value: dict[str, Any] = unverified_payload(row.token)
    return value


def holds(desk: Desk) -> None:
    desk.run("verify")


def test_from_the_sheet_to_the_acceptance(desk: Desk) -> None:
    unit = box(desk)
    assert page(desk)["acceptance"] == "not accepted"
    assert "box not accepted" in desk.run("unit", "list").stdout
    tell(desk, unit)
    shown = desk.run("unit", "show", "b12-u2").stdout
    assert "  ok   door main, lock: unlocked for 1.0 s" in shown
    assert "not accepted yet" in shown
    desk.run("unit", "accept", "b12-u2", "--by", "wang", "--why", "seen on site")
    shown = desk.run("unit", "show", "b12-u2").stdout
    assert "by wang: seen on site" in shown
    assert "box accepted" in desk.run("unit", "list").stdout
    key = unit.key.public_key().public_bytes_raw().hex()
    assert told(desk)["accepted"] == key == page(desk)["key"]
    holds(desk)


def test_rows_that_failed_or_are_open_want_a_reason(desk: Desk) -> None:
    unit = box(desk)
    assert "no acceptance sheet" in desk.run("unit", "accept", "b12-u2", code=1).stderr
    tell(desk, unit, BAD)
    said = desk.run("unit", "accept", "b12-u2", code=1).stderr
    assert "1 failed, 1 nobody has looked at" in said
    assert said.count("\n") == 1
    assert page(desk)["acceptance"] == "not accepted"
    assert not desk.count(acceptances)
    desk.run("unit", "accept", "b12-u2", "--despite", "the closer comes on Friday")
    (row,) = desk.rows(select(acceptances))
    assert (row.failed, row.open, row.despite) == (1, 1, "the closer comes on Friday")
    assert page(desk)["acceptance"] == "accepted"
    holds(desk)


def test_the_newest_whole_sheet_counts(desk: Desk) -> None:
    """One of which a part has not come is none yet; a newer one takes the place of an older."""
    unit = box(desk)
    tell(desk, unit, BAD, "old")
    part = UnitSheet("half", 1, 2, UTC, True, "0.1.0", GOOD)
    unit.fact("unit.sheet", **codec.write(part))
    desk.take(unit.batch(len(unit.lines)))
    assert page(desk)["sheet"]["sheet"] == "old"
    tell(desk, unit, GOOD * 15, "new", size=4)
    assert page(desk)["sheet"]["sheet"] == "new"
    assert [row["about"] for row in page(desk)["sheet"]["rows"]] == [row.about for row in GOOD * 15]


def test_a_sheet_that_was_told_twice_is_one(desk: Desk) -> None:
    """A box that was cut off between its journal and its file tells it once more."""
    unit = box(desk)
    tell(desk, unit, GOOD * 8, size=6)
    tell(desk, unit, GOOD * 8, size=6)
    assert len(page(desk)["sheet"]["rows"]) == 16
    desk.run("unit", "accept", "b12-u2")
    holds(desk)


def test_another_box_of_the_unit_is_accepted_anew(desk: Desk) -> None:
    """Its sheet is its own, and the settings that name the box before do not make it look accepted."""
    tell(desk, box(desk), GOOD, "before")
    desk.run("unit", "accept", "b12-u2")
    second = boxed(desk, "b12-u2", epoch="e2")
    assert page(desk)["acceptance"] == "not accepted"
    assert page(desk)["sheet"] is None
    assert desk.run("unit", "accept", "b12-u2", code=1)
    tell(desk, second, GOOD, "after")
    desk.run("unit", "accept", "b12-u2")
    assert told(desk)["accepted"] == second.key.public_key().public_bytes_raw().hex()
    assert desk.count(acceptances) == 2
    holds(desk)


def test_a_new_file_alone_takes_nothing_from_the_box_that_is_there(desk: Desk) -> None:
    tell(desk, box(desk))
    desk.run("unit", "accept", "b12-u2")
    desk.enrolment("b12-u2")
    assert page(desk)["acceptance"] == "accepted"


def test_units_from_before_are_never_shown_as_lacking_one(desk: Desk) -> None:
    """Enrolled by a file that asked for nothing; a replaced box of theirs is asked."""
    desk.unit("old")
    assert page(desk, "old")["acceptance"] is None
    assert "accepted" not in desk.run("unit", "list").stdout
    desk.enrolment("old")
    assert page(desk, "old")["acceptance"] is None, "the file lies in a drawer"
    boxed(desk, "old", epoch="e2")
    assert page(desk, "old")["acceptance"] == "not accepted"


def test_where_none_is_needed_files_ask_for_none(desk: Desk, tmp_path: Path) -> None:
    desk.run("unit", "add", "a1", "--scope", "yard/y07")
    desk.run("unit", "add", "a2")
    desk.run("settings", "put", "--scope", "yard/y07", "--no-acceptance")
    assert "no box has to be accepted" in desk.run("settings", "list").stdout
    desk.run("unit", "enrolment", "--all", str(tmp_path / "boxes"))
    asks = {
        name: parse_enrolment((tmp_path / "boxes" / f"{name}.enrolment.json").read_bytes()).acceptance
        for name in ("a1", "a2")
    }
    assert asks == {"a1": False, "a2": True}
    assert desk.enrolment("a1").acceptance is False
    desk.run("settings", "put", "--scope", "yard/y07", "--unset", "accepted", "--language", "zh-CN")
    assert desk.enrolment("a1").acceptance is True


def test_a_place_that_needs_none_from_now_on_shows_none_as_lacking(desk: Desk) -> None:
    box(desk, "b12-u2", "yard/y07")
    desk.run("settings", "put", "--scope", "yard/y07", "--no-acceptance")
    assert page(desk)["acceptance"] is None


def test_a_stranger_and_one_that_is_not_enrolled(desk: Desk) -> None:
    assert "no such unit" in desk.run("unit", "show", "x", code=2).stderr
    assert "no such unit" in desk.run("unit", "accept", "x", code=2).stderr
    desk.run("unit", "add", "b12-u2")
    assert "not enrolled yet" in desk.run("unit", "accept", "b12-u2", code=2).stderr
    assert desk.run("unit", "show", "b12-u2").exit_code == 0


@ONE_ENGINE
def test_sheets_that_are_none_stay_facts_and_mean_nothing(desk: Desk) -> None:
    unit = box(desk)
    tell(desk, unit, GOOD, "good")
    first = len(unit.lines) + 1
    whole = codec.write(UnitSheet("bad", 1, 1, UTC, True, "0.1.0", GOOD))
    for change in ({"rows": 7}, {"rows": [{"about": ""}]}, {"part": 0}, {"parts": 41}, {"tried": "now"}, {"sheet": ""}):
        unit.fact("unit.sheet", **(whole | change))
    desk.take(unit.batch(first))
    assert page(desk)["sheet"]["sheet"] == "good"
    holds(desk)


@ONE_ENGINE
def test_what_a_box_writes_is_obeyed_by_no_terminal(desk: Desk) -> None:
    """And a clock at the end of the calendar is shown, not fallen over."""
    unit = box(desk)
    row = SheetRow("door \x1b[31mred", True, "\u202eback\nwards")
    unit.fact("unit.sheet", **codec.write(UnitSheet("x", 1, 1, 253_402_300_799.0, True, "\x07", (row,))))
    desk.take(unit.batch())
    shown = desk.run("unit", "show", "b12-u2").stdout
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    assert "9999-12-31" in shown


@ONE_ENGINE
def test_a_sheet_that_was_accepted_stays_when_its_facts_are_given_up(desk: Desk) -> None:
    unit = box(desk)
    tell(desk, unit)
    desk.run("unit", "accept", "b12-u2")
    unit.fact("agent.stopping", detail="x")
    desk.take(unit.batch(len(unit.lines)))
    late = desk.now + 8 * retention.MONTH_S
    assert retention.retain(desk.office, 6, late).facts
    with desk.books.reading() as conn:
        kept = acceptance.page(conn, "badahu", "b12-u2")
    assert kept.sheet is not None
    assert kept.sheet.rows == GOOD
    assert kept.standing is BoxStanding.ACCEPTED


@ONE_ENGINE
@pytest.mark.parametrize("change", [{"by": "li"}, {"despite": "x"}, {"failed": 3}, {"sheet": "{}"}])
def test_an_acceptance_changed_by_hand_is_seen(desk: Desk, change: dict[str, Any]) -> None:
    tell(desk, box(desk))
    desk.run("unit", "accept", "b12-u2")
    holds(desk)
    with desk.books.engine.begin() as conn:
        conn.execute(update(acceptances).values(**change))
    assert "acceptance 1" in desk.run("verify", code=1).stderr


@ONE_ENGINE
def test_an_acceptance_is_an_act_with_the_sheet_in_it(desk: Desk) -> None:
    tell(desk, box(desk))
    desk.run("unit", "accept", "b12-u2", "--by", "wang")
    lines = [json.loads(row.line) for row in desk.rows(select(schema.metadata.tables["acts"].c.line))]
    (act,) = (line for line in lines if line["act"] == "acceptance")
    (row,) = desk.rows(select(acceptances))
    assert {key: act[key] for key in adopted.acceptance_data(act)} == adopted.acceptance_data(row._asdict())
    assert json.loads(act["sheet"])["rows"][0]["about"] == "door main, lock"
