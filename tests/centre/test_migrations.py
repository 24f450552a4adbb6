"""The books' schema over the years: what the revisions are, that they make what schema.py says, and what each kind of books meets."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder
from sqlalchemy import Column, MetaData, String, event, insert, update

from centre import migrations, schema
from centre.books import Books
from centre.cli import centre
from centre.folder import Folder
from centre.upgrade import bring_up
from tests.architecture import ROOT
from tests.centre.old_books import DUMPS, MARKED, UNSIGNED, asked, columns, do, old_folder, rows, shape

VERSIONS = sorted((migrations.PLACE / "versions").glob("r*.py"))


def run(path: Path, *args: str) -> tuple[int, str]:
    """Exit code, and what was said on stderr."""
    result = CliRunner().invoke(centre, ["--dir", str(path), *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.stderr


# --- the revisions


def test_revisions_count_up_in_one_line_to_the_schema_of_this_program() -> None:
    known = list(reversed(list(migrations.revisions().walk_revisions())))
    numbers = [each.revision for each in known]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == "0001"
    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    assert [each.down_revision for each in known] == [None, *numbers[:-1]]
    assert known[-1].revision == schema.HEAD
    assert [path.name[:6] for path in VERSIONS] == [f"r{number}_" for number in numbers]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_each_revision_says_what_and_why(path: Path) -> None:
    what, _, rest = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")
    assert len(what) > 20, "the first paragraph says what changes"
    why = re.match(r"Why: (.+)", rest, re.DOTALL)
    assert why, "the second begins with `Why: `"
    assert len(why[1]) > 20


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_revision_stays_inside_the_transaction_and_knows_no_later_schema(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"autocommit_block|\bcommit\(|\bPRAGMA\b|\bcentre\.", source)


# --- they make what schema.py says


def migrated(path: Path) -> Books:
    """Books that nothing but the migrations made."""
    path.mkdir()
    books = Books(f"sqlite:///{path / 'books.db'}")
    with books.rebuilding() as conn:
        migrations.upgrade(conn, schema.HEAD)
        conn.execute(update(schema.meta).where(schema.meta.c.name == "version").values(value=int(schema.HEAD)))
    return books


def differences(books: Books, wanted: MetaData) -> list[object]:
    with books.reading() as conn:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), wanted))


def test_migrations_and_models_give_the_same_schema(tmp_path: Path) -> None:
    books = migrated(tmp_path / "migrated")
    assert differences(books, schema.metadata) == []
    other = MetaData()
    for table in schema.metadata.sorted_tables:
        table.to_metadata(other)
    other.tables["facts"].append_column(Column("door", String))
    assert len(differences(books, other)) == 1, "a difference is seen"
    books.close()


def test_founded_books_are_what_the_migrations_make(tmp_path: Path) -> None:
    """So `init` needs no alembic."""
    migrated(tmp_path / "migrated").close()
    (tmp_path / "founded").mkdir()
    books = Books(f"sqlite:///{tmp_path / 'founded' / 'books.db'}")
    books.create()
    books.close()
    assert shape(tmp_path / "founded") == shape(tmp_path / "migrated")
    assert rows(tmp_path / "founded") == rows(tmp_path / "migrated")


@pytest.mark.parametrize("marked", [True, False])
def test_books_are_not_founded_over_others(fresh_folder: Path, tmp_path: Path, marked: bool) -> None:
    old = old_folder(fresh_folder, tmp_path / "old", DUMPS[0])
    if marked:
        assert run(old, "unit", "list") == (0, "")
    before = shape(old), rows(old)
    init = ("init", str(tmp_path / "new"), "--site", "badahu", "--broker", "mqtt://127.0.0.1:1")
    said = "centre: books: the database has books already\n"
    assert run(tmp_path, *init, "--books", f"sqlite:///{old / 'books.db'}") == (2, said)
    assert (shape(old), rows(old)) == before


def test_the_first_revision_is_the_schema_of_all_books_before_it(tmp_path: Path, fresh_folder: Path) -> None:
    path = tmp_path / "first"
    path.mkdir()
    books = Books(f"sqlite:///{path / 'books.db'}")
    with books.rebuilding() as conn:
        migrations.upgrade(conn, "0001")
    books.close()
    made = shape(path)
    del made["alembic_version"]
    assert DUMPS
    for dump in DUMPS:
        assert shape(old_folder(fresh_folder, tmp_path / dump.stem, dump)) == made


@pytest.mark.slow
def test_whoever_imports_the_books_alone_knows_all_tables() -> None:
    program = "from centre.books import metadata; print(*metadata.tables)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == set(schema.metadata.tables)


# --- which books are opened


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_books_from_before_alembic_are_upgraded_and_lose_nothing(
    fresh_folder: Path, tmp_path: Path, dump: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = old_folder(fresh_folder, tmp_path / "c", dump)
    before, like = rows(path), columns(path)
    assert all(before.values()), "each table has rows"
    result = CliRunner().invoke(centre, ["--dir", str(path), "verify"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "b12-u2 e1: holds (17 facts, 1 gaps, 2 signatures)",
        "b12-u2 e2: holds (4 facts, 0 gaps, 1 signatures, follows the epoch before)",
        "b12-u3 e1: holds (4 facts, 0 gaps, 1 signatures)",
    ]
    after = rows(path)
    version = {("version", int(schema.HEAD)) if name == "version" else (name, value) for name, value in before["meta"]}
    assert rows(path, like) == before | {"meta": sorted(version)}
    assert after["alembic_version"] == [(schema.HEAD,)]
    new = after.keys() - before.keys() - {"alembic_version", "acts"}
    assert not any(after[table] for table in new), "nothing is invented"
    assert after["acts"], "what was there is the beginning of the centre's own journal"
    assert run(path, "unit", "list") == (0, "")
    assert run(path, "unit", "add", "b12-u9") == (0, "")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dump", MARKED, ids=lambda dump: dump.stem)
def test_books_of_an_earlier_revision_are_upgraded_and_lose_nothing(
    fresh_folder: Path, tmp_path: Path, dump: Path
) -> None:
    path = old_folder(fresh_folder, tmp_path / "c", dump)
    before, like = rows(path), columns(path)
    assert all(before.values()), "each table has rows"
    assert before["alembic_version"] == [(dump.stem.removeprefix("marked_"),)]
    assert run(path, "verify") == ((1, UNSIGNED) if before.get("early") else (0, ""))
    after, changed = rows(path, like), {"meta", "alembic_version"}
    assert {table: after[table] for table in before.keys() - changed} == {
        table: before[table] for table in before.keys() - changed
    }
    assert after["alembic_version"] == [(schema.HEAD,)]
    assert dict(after["meta"]) == dict(before["meta"]) | {"version": int(schema.HEAD)}


def test_there_are_books_of_each_revision_but_the_newest() -> None:
    known = sorted(each.revision for each in migrations.revisions().walk_revisions())
    assert [dump.stem.removeprefix("marked_") for dump in MARKED] == known[:-1]


MARK = "INSERT INTO alembic_version VALUES ('{}')"
UNKNOWN = f"centre: books: of no version this program knows ({{}}; it knows 0001 to {schema.HEAD})\n"
NEWER = f"{int(schema.HEAD) + 1:04}"
REFUSED = {
    "newer": (
        [f"UPDATE alembic_version SET version_num = '{NEWER}'"],
        f"centre: books: of a newer program (revision {NEWER}, this one knows {schema.HEAD})\n",
    ),
    "another mark": (["UPDATE alembic_version SET version_num = 'ae1027a6acf'"], UNKNOWN.format("ae1027a6acf")),
    "no number": (["UPDATE alembic_version SET version_num = '0000'"], UNKNOWN.format("0000")),
    "two marks": ([MARK.format(NEWER)], UNKNOWN.format(f"{schema.HEAD}, {NEWER}")),
    "an empty mark": (["DELETE FROM alembic_version"], UNKNOWN.format("none")),
    "another version": (
        ["DROP TABLE alembic_version", "UPDATE meta SET value = 99 WHERE name = 'version'"],
        UNKNOWN.format("99"),
    ),
    "no version": (["DROP TABLE alembic_version", "DELETE FROM meta WHERE name = 'version'"], UNKNOWN.format("none")),
    "no meta": (["DROP TABLE alembic_version", "DROP TABLE meta"], UNKNOWN.format("none")),
    "another meta": (
        ["DROP TABLE alembic_version", "DROP TABLE meta", "CREATE TABLE meta (key TEXT)"],
        UNKNOWN.format("none"),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_books_that_are_not_this_programs_are_refused_and_left_alone(
    fresh_folder: Path, tmp_path: Path, kind: str
) -> None:
    statements, said = REFUSED[kind]
    path = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    assert run(path, "unit", "list") == (0, "")
    do(path, *statements)
    before = shape(path), rows(path)
    assert run(path, "unit", "list") == (78, said)
    assert (shape(path), rows(path)) == before


def test_an_empty_database_is_no_books(fresh_folder: Path, tmp_path: Path) -> None:
    path = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    for file in path.glob("books.db*"):
        file.unlink()
    (path / "books.db").touch()
    assert run(path, "unit", "list") == (78, UNKNOWN.format("none"))
    assert shape(path) == {}


def test_a_reference_that_a_migration_would_tear_undoes_it(tmp_path: Path) -> None:
    path = tmp_path / "torn"
    books = migrated(path)
    with pytest.raises(RuntimeError, match="rows of tokens that refer to no row of units"), books.rebuilding() as conn:
        conn.execute(insert(schema.tokens).values(unit="nobody", made_utc=0.0))
    assert asked(path, "SELECT * FROM tokens") == []
    with books.writing() as conn:
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1, "other connections look at once"
    books.close()


# --- what it costs


@pytest.mark.slow
def test_alembic_is_not_loaded_where_nothing_is_to_be_migrated(fresh_folder: Path, tmp_path: Path) -> None:
    """Neither for books that are up to date, nor to found new ones."""
    old = old_folder(fresh_folder, tmp_path / "old", DUMPS[0])
    assert run(old, "unit", "list") == (0, "")
    new = tmp_path / "new"
    program = (
        "import sys, json; from centre.cli import centre; centre(sys.argv[1:], standalone_mode=False);"
        "print(json.dumps(sorted({'alembic', 'mako'} & {each.split('.')[0] for each in sys.modules})))"
    )
    init = ["init", str(new), "--site", "badahu", "--broker", "mqtt://127.0.0.1:1"]
    for args in (init, ["--dir", str(new), "unit", "list"], ["--dir", str(old), "unit", "list"]):
        done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout.splitlines()[-1]) == []


def test_up_to_date_books_are_opened_without_writing(fresh_folder: Path, tmp_path: Path) -> None:
    path = old_folder(fresh_folder, tmp_path / "c", DUMPS[0])
    assert run(path, "unit", "list") == (0, "")
    books = Books(f"sqlite:///{path / 'books.db'}")
    said: list[str] = []
    event.listen(books.engine, "before_cursor_execute", lambda _, __, statement, *___: said.append(statement))
    bring_up(books, Folder(path))
    books.close()
    assert said[0] == "BEGIN"
    assert all(each.startswith(("BEGIN", "PRAGMA", "SELECT")) for each in said)
    assert len(said) <= 4


# --- what is shipped


@pytest.mark.slow
def test_the_wheel_has_the_migrations_and_they_run_from_it(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        file.extractall(tmp_path / "site")
    wanted = [migrations.PLACE / "__init__.py", migrations.PLACE / "env.py", *VERSIONS]
    assert {path.relative_to(ROOT).as_posix() for path in wanted} <= names
    program = (
        "import centre, sys; from centre.books import Books; from centre import migrations, schema\n"
        "books = Books('sqlite:///books.db')\n"
        "with books.rebuilding() as conn: migrations.upgrade(conn, schema.HEAD)\n"
        "print(centre.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path / "site")
    assert done.stderr == ""
    assert asked(tmp_path, "SELECT version_num FROM alembic_version") == [(schema.HEAD,)]
