"""`centre facts`: which facts, the last of them, those that come; and a reader who takes his time holds nothing up."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from centre import reports
from centre.reports import FactFilter
from tests.centre.conftest import Desk
from tests.waiting import eventually

COMMAND = [sys.executable, "-m", "agent", "centre", "--dir"]


@pytest.fixture
def filled(desk: Desk) -> Desk:
    box = desk.unit("b12-u2", "yard/y07")
    for n in range(6):
        box.fact("access.granted", door="main" if n % 2 else "yard", by=f"h{n}", via="card")
        box.fact("door.opened", door="main")
    other = desk.unit("b12-u3", "yard/y07")
    other.fact("access.denied", door="main", by=None, via="card", reason="unknown")
    desk.take(box.batch(), other.batch())
    return desk


def kinds(desk: Desk, *args: str) -> list[str]:
    return [line.split("  ")[3] for line in desk.run("facts", *args).stdout.splitlines()]


def test_by_kind_door_and_time(filled: Desk) -> None:
    assert len(kinds(filled)) == 13
    assert kinds(filled, "--kind", "access.denied") == ["access.denied"]
    assert set(kinds(filled, "--kind", "access")) == {"access.granted", "access.denied"}
    assert len(kinds(filled, "--kind", "access.granted", "--kind", "door.opened")) == 12
    assert len(kinds(filled, "--door", "yard")) == 3
    assert kinds(filled, "--kind", "access", "--door", "main", "--unit", "b12-u3") == ["access.denied"]
    assert kinds(filled, "--until", "2020-01-01") == []
    assert len(kinds(filled, "--since", "2020-01-01", "--until", "2040-01-01")) == 13


def test_the_last_so_many_in_their_order(filled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE", 4)
    assert kinds(filled, "--limit", "2") == ["door.opened", "access.denied"]
    whole = filled.run("facts", "--door", "main").stdout.splitlines()
    assert filled.run("facts", "--door", "main", "--limit", "7").stdout.splitlines() == whole[-7:]
    assert filled.run("facts", "--limit", "99").stdout == filled.run("facts").stdout
    filled.run("facts", "--limit", "0", code=2)


def test_a_slip_of_the_pen_is_told_with_what_is_near(filled: Desk) -> None:
    said = filled.run("facts", "--kind", "acces.denied", code=2).stderr
    assert "no such kind: acces.denied" in said
    assert "access.denied" in said


def test_whoever_reads_slowly_pins_nothing(filled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pages no look at the books is open: what is written meanwhile can be folded into the database."""
    monkeypatch.setattr(reports, "PAGE", 4)
    reading = reports.facts_of(filled.office, FactFilter())
    next(reading)
    if filled.books.engine.dialect.name == "postgresql":
        open_ = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND starts_with(state, 'idle in')"
        )
        with filled.books.writing() as there:
            assert there.exec_driver_sql(open_).scalar() == 0
        return
    conn = sqlite3.connect(filled.office.folder.books)
    assert conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    conn.close()
    assert len(list(reading)) == 12


@pytest.mark.slow
def test_following_shows_what_comes_and_ends_with_its_reader(filled: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as file:
        process = subprocess.Popen([*COMMAND, str(filled.path), "facts", "--follow", "--limit", "1"], stdout=file)
        try:
            eventually(lambda: out.read_text().count("\n") == 1)
            late = filled.unit("b12-u4", "yard/y07")
            late.fact("door.forced", door="main")
            filled.take(late.batch())
            eventually(lambda: "door.forced" in out.read_text())
        finally:
            process.terminate()
            process.wait(10)
    assert out.read_text().count("\n") == 2


@pytest.mark.slow
def test_a_pager_that_is_closed_ends_it_quietly(filled: Desk) -> None:
    process = subprocess.Popen(
        [*COMMAND, str(filled.path), "facts", "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    time.sleep(0.2)
    late = filled.unit("b12-u4", "yard/y07")
    late.fact("door.forced", door="main")
    filled.take(late.batch())
    assert process.wait(10) != 70
    assert "Traceback" not in process.stderr.read()
