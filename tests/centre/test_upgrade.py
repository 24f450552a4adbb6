"""An upgrade of real books by a real migration (of tests/centre/later): whole or not at all, once, and never under a `serve` that runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event

from centre.cli import centre
from centre.cli.context import CliContext
from centre.folder import Folder, taken
from tests.architecture import ROOT
from tests.centre import later
from tests.centre.old_books import DUMPS, asked, columns, old_folder, rows, shape
from tests.waiting import eventually

AS_LATER = (
    "import sys; from pathlib import Path; from tests.centre import later; later.install(Path(sys.argv.pop(1)))\n"
)


@pytest.fixture(params=DUMPS, ids=lambda dump: dump.stem)
def old(request: pytest.FixtureRequest, fresh_folder: Path, tmp_path: Path) -> Path:
    return old_folder(fresh_folder, tmp_path / "c", request.param)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return later.made_in(tmp_path)


@pytest.fixture
def upgrading(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this program the later one."""
    later.install(place, monkeypatch.setattr)


def run(path: Path, *args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(centre, ["--dir", str(path), *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.stdout, result.stderr


Contents = tuple[dict[str, str], dict[str, list[tuple[Any, ...]]]]


def contents(path: Path) -> Contents:
    return shape(path), rows(path)


def whole(path: Path) -> bool:
    return asked(path, "PRAGMA integrity_check") == [("ok",)] and asked(path, "PRAGMA foreign_key_check") == []


def upgraded(path: Path, before: Contents) -> None:
    """Nothing lost, everything new there, what referred and what was unique does and is so still."""
    old_shape, old_rows = before
    assert whole(path)
    like = columns(path)
    assert "district" in like["units"]
    assert {"begun_at", "id"} <= set(like["epochs"])
    assert len(asked(path, "SELECT * FROM visits")) == len(old_rows["units"])
    like["units"].remove("district")
    like["facts"].remove("door")
    like["alarms"].remove("handed_utc")
    for table, was in old_rows.items():
        now = rows(path, {table: like[table]})[table]
        assert now == was if table != "meta" else dict(now) == dict(was) | {"version": int(later.HEAD), "trial": 1}
    assert asked(path, "SELECT version_num FROM alembic_version") == [(later.HEAD,)]
    now = shape(path)
    assert now["facts_at"] == old_shape["facts_at"]
    rebuilt = {"units", "epochs", "facts", "alarms"} & set(old_shape)
    for table in rebuilt:
        for words in ("REFERENCES", "UNIQUE", "PRIMARY KEY"):
            assert now[table].count(words) == old_shape[table].count(words), (table, words)
    same = set(old_shape) - rebuilt
    assert {name: now[name] for name in same} == {name: old_shape[name] for name in same}


@pytest.mark.usefixtures("upgrading")
def test_old_books_are_upgraded_when_they_are_opened(old: Path) -> None:
    before = contents(old)
    code, out, err = run(old, "unit", "list")
    assert (code, err) == (0, "")
    assert "b12-u2" in out
    upgraded(old, before)


@pytest.mark.soak
def test_kill_9_before_any_statement_leaves_old_books_whole(
    fresh_folder: Path, place: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """A process for each statement of the upgrade, ended there; the next opening upgrades what it left."""
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    (tmp_path / "killed").mkdir()
    command = [sys.executable, "-m", "tests.centre.later.killed", str(place), str(old), str(tmp_path / "killed")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "", "nothing is printed"
    ends = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert ends == [-signal.SIGKILL] * (len(ends) - 1) + [0]
    assert len(ends) > 30
    for number in range(1, len(ends)):
        path = tmp_path / "killed" / str(number)
        assert whole(path)
        assert contents(path) == before, f"killed before statement {number}"
        later_one = [sys.executable, "-c", AS_LATER + "from centre.cli import centre; centre()", str(place)]
        if number in {len(ends) // 2, len(ends) - 1}:
            subprocess.run([*later_one, "--dir", str(path), "unit", "list"], cwd=ROOT, capture_output=True, check=True)
            upgraded(path, before)
    upgraded(tmp_path / "killed" / str(len(ends)), before)
    record_property(
        "figure", f"an upgrade killed before each of its {len(ends) - 1} statements: old and whole each time"
    )


@pytest.mark.usefixtures("upgrading")
def test_a_full_disk_at_any_point_leaves_old_books_whole(fresh_folder: Path, tmp_path: Path) -> None:
    """SQLite's own limit of pages stands for the disk: one page more each time, until there is room."""
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    (pages,) = asked(old, "PRAGMA page_count")[0]
    limit = pages

    def limited(dbapi: Any, _: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count={limit}")

    event.listen(Engine, "connect", limited)
    try:
        full = 0
        while (found := run(old, "unit", "list"))[0] != 0:
            assert found == (69, "", "centre: books: database or disk is full\n")
            assert contents(old) == before
            full += 1
            limit += 1
    finally:
        event.remove(Engine, "connect", limited)
    assert full > 3
    upgraded(old, before)


OPENS_ONCE_TOLD = """
import logging
from sqlalchemy import Engine, event
from centre.cli.context import CliContext

made = []
event.listen(Engine, "before_cursor_execute", lambda _, __, said, *___: said.strip().startswith("CREATE TABLE visits") and made.append(said))
before = list(logging.root.handlers), logging.root.level, logging.root.manager.disable
print("ready", flush=True)
input()
CliContext(Path(sys.argv[1])).books.close()
assert before == (logging.root.handlers, logging.root.level, logging.root.manager.disable)
assert not [each for each in logging.getLogger("alembic").handlers if not isinstance(each, logging.NullHandler)]
print(len(made))
"""
"""Opens books at a word on its stdin; says how often it migrated them."""


@pytest.mark.slow
def test_of_many_that_open_old_books_at_once_one_migrates(fresh_folder: Path, place: Path, tmp_path: Path) -> None:
    """And none of them prints a line or touches how logging is set."""
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    command = [sys.executable, "-c", AS_LATER + OPENS_ONCE_TOLD, str(place), str(old)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert sorted(said) == [("0\n", "")] * 3 + [("1\n", "")]
    upgraded(old, before)


@pytest.mark.usefixtures("upgrading")
def test_another_that_is_done_between_look_and_lock_is_seen(fresh_folder: Path, place: Path, tmp_path: Path) -> None:
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    command = [sys.executable, "-c", AS_LATER + "from centre.cli import centre; centre()", str(place)]
    said: list[str] = []

    def another(_: object, __: object, statement: str, *___: object) -> None:
        if statement == "BEGIN IMMEDIATE" and statement not in said:
            subprocess.run([*command, "--dir", str(old), "unit", "list"], cwd=ROOT, capture_output=True, check=True)
            upgraded(old, before)
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", another)
    try:
        CliContext(old).books.close()
    finally:
        event.remove(Engine, "before_cursor_execute", another)
    assert "BEGIN IMMEDIATE" in said
    assert not [each for each in said if each.startswith(("CREATE", "INSERT", "UPDATE", "DROP", "ALTER"))]
    upgraded(old, before)


@pytest.mark.usefixtures("upgrading")
def test_books_are_not_upgraded_under_a_serve_that_runs(fresh_folder: Path, tmp_path: Path) -> None:
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    said = "centre: books: of an earlier program, as is the `serve` that runs: stop it, and start it again\n"
    with taken(Folder(old).serving) as ours:
        assert ours
        assert run(old, "unit", "list") == (1, "", said)
        assert contents(old) == before
    assert run(old, "unit", "list")[0] == 0
    with taken(Folder(old).serving):
        assert run(old, "unit", "list")[0] == 0, "up-to-date books are opened beside it"
    upgraded(old, before)


@pytest.mark.slow
def test_serve_upgrades_its_books(fresh_folder: Path, place: Path, tmp_path: Path) -> None:
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    before = contents(old)
    log = tmp_path / "serve.log"
    command = [sys.executable, "-c", AS_LATER + "from centre.cli import centre; centre()", str(place)]
    with log.open("wb") as file:
        process = subprocess.Popen([*command, "--dir", str(old), "serve"], cwd=ROOT, stderr=file, stdout=file)
    try:
        eventually(lambda: "serving site" in log.read_text(), 20.0)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()
    upgraded(old, before)


@pytest.mark.usefixtures("upgrading")
def test_a_program_from_before_alembic_sees_that_the_books_are_not_its_own(fresh_folder: Path, tmp_path: Path) -> None:
    """It looks at `version` in `meta` alone, and knows 1."""
    old = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    assert asked(old, "SELECT value FROM meta WHERE name = 'version'") == [(1,)]
    assert run(old, "unit", "list")[0] == 0
    assert asked(old, "SELECT value FROM meta WHERE name = 'version'") == [(int(later.HEAD),)]
