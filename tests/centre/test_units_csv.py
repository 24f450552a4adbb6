"""Many units at once: from a CSV file, all or none; enrolment files for all that have none yet."""

from __future__ import annotations

import csv
import stat
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import schema, units
from contract.enrolment import parse_enrolment
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import SITE

TEXT = "单元,名称,社区,网格,楼栋,\nb12-u1,12号楼1单元,c05,g21,b12,\nb12-u2,12号楼2单元,c05,g21,b12,\n"


def put(tmp_path: Path, text: str, charset: str = "utf-8") -> str:
    file = tmp_path / "units.csv"
    file.write_bytes(text.encode(charset))
    return str(file)


@ONE_ENGINE
@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_all_units_of_a_file(desk: Desk, tmp_path: Path, charset: str) -> None:
    assert "added 2 units" in desk.run("unit", "add", "--csv", put(tmp_path, TEXT, charset)).output
    with desk.books.reading() as conn:
        made = units.one(conn, SITE, "b12-u2")
    assert made.name == "12号楼2单元"
    assert set(made.scopes) >= {Scope("community", "c05"), Scope("grid", "g21"), Scope("building", "b12")}


@ONE_ENGINE
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("B12,x,c05,g21,b12", "4: 单元: not an id"),
        (",x,c05,g21,b12", "4: 单元: missing"),
        ("b12-u3,x,c05,网格21,b12", "4: 网格: not an id"),
        ("b12-u1,x,c05,g21,b12", "4: 单元: the same as in line 2"),
        ("old,x,c05,g21,b12", "4: 单元: old: there already"),
        ("centre,x,c05,g21,b12", "4: 单元: centre: not an id for a unit"),
        ("b12-u3,x,c05,g21,b12,too,many", "4: 7 cells where the heading has 5"),
    ],
)
def test_one_bad_line_and_none_is_added(desk: Desk, tmp_path: Path, line: str, said: str) -> None:
    desk.unit("old")
    result = desk.run("unit", "add", "--csv", put(tmp_path, f"{TEXT}{line}\n"), code=1)
    assert said in result.output
    assert desk.count(schema.units) == 1


@ONE_ENGINE
def test_what_is_no_list_of_units_is_said(desk: Desk, tmp_path: Path) -> None:
    assert "names no unit" in desk.run("unit", "add", "--csv", put(tmp_path, "unit,name\n"), code=1).output
    assert "no heading line" in desk.run("unit", "add", "--csv", put(tmp_path, "b12-u1,x\n"), code=1).output
    desk.run("unit", "add", code=2)
    desk.run("unit", "add", "b12-u1", "--csv", put(tmp_path, TEXT), code=2)


@ONE_ENGINE
def test_a_file_for_each_that_is_not_enrolled_yet(desk: Desk, tmp_path: Path) -> None:
    """One that works keeps its login; a revoked one gets none."""
    enrolled, gone = desk.unit("works"), desk.unit("gone", enrolled=False)
    desk.run("unit", "revoke", gone.name)
    before = desk.rows(select(schema.units.c.password).where(schema.units.c.unit == enrolled.name))
    desk.run("unit", "add", "--csv", put(tmp_path, TEXT))
    out = tmp_path / "boxes"
    assert "2 enrolment files" in desk.run("unit", "enrolment", "--all", str(out)).output
    assert desk.rows(select(schema.units.c.password).where(schema.units.c.unit == enrolled.name)) == before
    with (out / "units.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert [(row["unit"], row["name"]) for row in listed] == [("b12-u1", "12号楼1单元"), ("b12-u2", "12号楼2单元")]
    for row in listed:
        path = out / row["file"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert parse_enrolment(path.read_bytes()).unit == row["unit"]
    assert sorted(path.name for path in out.iterdir()) == [
        "b12-u1.enrolment.json",
        "b12-u2.enrolment.json",
        "units.csv",
    ]


@ONE_ENGINE
def test_what_cannot_be_written_is_one_line(desk: Desk, tmp_path: Path) -> None:
    desk.run("unit", "add", "--csv", put(tmp_path, TEXT))
    (tmp_path / "file").write_text("x")
    desk.run("unit", "enrolment", "--all", str(tmp_path / "file" / "inner"), code=2)
    desk.run("unit", "enrolment", code=2)
    desk.run("unit", "enrolment", "b12-u1", "--all", str(tmp_path), code=2)


@pytest.mark.slow
def test_two_thousand_units_take_seconds(
    sqlite_desk: Desk, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    desk = sqlite_desk
    rows = "".join(f"u{n},{n // 4}号楼{n % 4}单元,c{n // 400},g{n // 100},b{n // 4}\n" for n in range(2000))
    began = time.monotonic()
    desk.run("unit", "add", "--csv", put(tmp_path, "unit,name,community,grid,building\n" + rows))
    added = time.monotonic()
    desk.run("unit", "enrolment", "--all", str(tmp_path / "boxes"))
    enrolled = time.monotonic()
    record_property("figure", f"2,000 units added in {added - began:.1f} s, their files in {enrolled - added:.1f} s")
    assert len(list((tmp_path / "boxes").glob("*.json"))) == 2000
