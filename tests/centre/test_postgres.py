"""What only PostgreSQL can do to the books: other migrations, writers beside each other, connections that end, and a server that is gone and back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData, Table, func, insert, select, text, update

from centre import migrations, restored, schema
from centre.backup import dump_command, load_command
from centre.books import Books
from centre.cli import centre
from centre.errors import CentreError
from centre.folder import Folder
from centre.revision_mark import alembic_version
from simulator.broker import Broker, start_broker
from simulator.postgres import Cluster
from tests.centre.conftest import Desk, Fresh, founded
from tests.centre.old_books import UNSIGNED, asked, columns, old_folder
from tests.centre.site import Site
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.needs("postgres")]

SERVER = ("--site", "badahu", "--broker", "mqtt://127.0.0.1:1", "--books")


def init(path: Path, url: str) -> tuple[int, str]:
    result = CliRunner().invoke(centre, ["init", str(path), *SERVER, url])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.stderr


@pytest.fixture
def database(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an empty one."""
    name = f"d{abs(hash(request.node.nodeid)) % 10**9}"
    cluster.sql(f"CREATE DATABASE {name}")
    yield name
    cluster.sql(f"DROP DATABASE {name} WITH (FORCE)")


# --- founding and migrating


def shape(cluster: Cluster, name: str) -> list[str]:
    """Every statement that makes it anew."""
    dump = cluster.run("pg_dump", "--schema-only", "--no-owner", name)
    return sorted(" ".join(part.split()) for part in dump.split(";\n") if "restrict" not in part)


def test_migrations_and_models_give_the_same_schema(cluster: Cluster, database: str) -> None:
    """Comments, keys and sequences included."""
    cluster.sql("CREATE DATABASE modelled")
    with closing(Books(cluster.url(database))) as migrated, migrated.rebuilding() as conn:
        migrations.upgrade(conn, schema.HEAD)
    with closing(Books(cluster.url("modelled"))) as modelled:
        modelled.create()
    made = shape(cluster, database)
    assert made == shape(cluster, "modelled")
    assert sum("AS integer" in each for each in made) == 0, "no sequence ends at 2**31"
    cluster.sql("DROP DATABASE modelled")


def test_older_books_are_upgraded_with_all_rows_and_count_past_32_bits(
    cluster: Cluster, database: str, fresh_folder: Path, tmp_path: Path
) -> None:
    old = old_folder(fresh_folder, tmp_path / "old", Path(__file__).parent / "books_before" / "marked_0004.sql")
    books = Books(cluster.url(database))
    tables = columns(old)
    with books.rebuilding() as conn:
        migrations.upgrade(conn, "0004")
        conn.execute(text("DELETE FROM meta"))
        conn.execute(text("DELETE FROM alembic_version"))
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        for name, named in tables.items():
            there = Table(name, MetaData(), autoload_with=conn)
            found = [dict(zip(named, row, strict=True)) for row in asked(old, f"SELECT {', '.join(named)} FROM {name}")]
            flags = [column.name for column in there.c if column.type.python_type is bool]
            rows = [row | {flag: None if row[flag] is None else bool(row[flag]) for flag in flags} for row in found]
            conn.execute(insert(there), rows)
            for key in [column for column in there.c if column.primary_key and column.autoincrement is True]:
                conn.execute(text(f"SELECT setval('{name}_{key.name}_seq', 100)"))
        before = {name: conn.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in tables}
    folder = Folder(old)
    folder.save(replace(folder.load(), books=cluster.url(database)))
    desk = Desk(old)
    said = desk.run("verify", code=1)
    assert (said.stdout.count("holds"), said.stderr) == (before["epochs"], UNSIGNED)
    assert {name: desk.count(schema.metadata.tables[name]) for name in tables} == before
    assert desk.rows(select(alembic_version.c.version_num))[0][0] == schema.HEAD
    beyond = 2**31 + 5
    with desk.books.writing() as conn:
        conn.execute(text(f"SELECT setval('facts_n_seq', {beyond}), setval('alarms_id_seq', {beyond})"))
        conn.execute(update(schema.state).values(rev=beyond))
        conn.execute(update(schema.meta).where(schema.meta.c.name == "changes").values(value=beyond))
    unit = desk.unit("late", "yard/y07")
    unit.fact(count=3)
    unit.fact("notice.received", scope="yard/y07", id="n1", rev=2**53 - 1)
    assert desk.take(unit.batch()).new == 4
    assert desk.rows(select(func.max(schema.facts.c.n)))[0][0] > beyond
    assert desk.rows(select(func.max(schema.receipts.c.rev)))[0][0] == 2**53 - 1
    desk.run("settings", "put", "--scope", "yard/y07", "--language", "en", "--yes")
    desk.close()
    books.close()


def test_a_database_that_is_none_for_books_is_refused_and_nothing_is_left(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    path = tmp_path / "c"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        code, said = init(path, f"postgresql+psycopg://x@127.0.0.1:{free.getsockname()[1]}/x")
    assert (code, said.count("\n")) == (69, 1), said
    assert init(path, "postgresql://x@/x")[0] == 78
    assert init(path, "mysql://x@/x")[0] == 78
    cluster.sql("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    assert init(path, cluster.url("latin")) == (78, "centre: books: the database's encoding is LATIN1, not UTF8\n")
    cluster.sql("DROP DATABASE latin WITH (FORCE)")
    assert not path.exists()
    founded(path, "--books", cluster.url(database))
    assert init(tmp_path / "second", cluster.url(database)) == (2, "centre: books: the database has books already\n")
    assert not (tmp_path / "second").exists()


def test_the_password_of_the_database_is_not_said(tmp_path: Path) -> None:
    url = "postgresql+psycopg://office:hush-hush@127.0.0.1:1/books"
    said = init(tmp_path / "c", url)[1]
    assert said
    assert "hush" not in said


# --- its copy


def test_the_commands_that_backup_and_restore_name_bring_the_books_back(
    cluster: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(founded(tmp_path / "c", "--books", cluster.url(database)))
    unit = desk.unit("b12-u2", "yard/y07")
    desk.unit("stolen")
    unit.fact(count=50)
    desk.take(*unit.batches())
    desk.run("broker", "--out", str(tmp_path / "mosquitto"))
    (tmp_path / "phrase").write_text("a phrase\n")
    kept, phrase = tmp_path / "kept", ("--passphrase-file", str(tmp_path / "phrase"))
    before = desk.run("facts").stdout
    dump = desk.run("backup", str(kept), *phrase).stderr.splitlines()[-1].removeprefix("centre: ")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{cluster.programs}:{os.environ['PATH']}")
    subprocess.run(dump, shell=True, check=True)
    assert dump in desk.run("backup", str(tmp_path / "alone"), "--books-only", code=2).stderr
    desk.run("unit", "revoke", "stolen")
    desk.close()
    cluster.sql(f"DROP DATABASE {database} WITH (FORCE)")
    shutil.rmtree(tmp_path / "c")
    cluster.sql(f"CREATE DATABASE {database}")
    made = CliRunner().invoke(centre, ["--dir", str(tmp_path / "c"), "restore", str(kept), *phrase])
    assert made.exit_code == 0, made.output
    (load,) = [line.removeprefix("centre: ") for line in made.stderr.splitlines() if "pg_restore" in line]
    subprocess.run(load, shell=True, check=True)
    desk = Desk(tmp_path / "c")
    assert "revoked stolen" in desk.run("restore", "--copied", "--broker-files", str(tmp_path / "mosquitto")).stdout
    assert desk.run("facts").stdout == before
    assert "holds (50 facts" in desk.run("verify").stdout
    assert "revoked" in desk.run("unit", "list").stdout
    with desk.books.reading() as conn:
        assert restored.awaits_replay(conn)
    unit.fact()
    assert desk.take(unit.batch(51)).new == 1, "what counts up goes on"
    desk.close()


def test_the_password_is_in_no_command() -> None:
    url = "postgresql+psycopg://office:hush-hush@db.example.cn/books?sslmode=verify-full"
    for command in (dump_command(url), load_command(url)):
        assert "postgresql://office@db.example.cn/books?sslmode=verify-full" in command


# --- the database gone and back


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A server of this test's own, that syncs: it may be killed."""
    with Cluster(sync=True) as made:
        yield made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with start_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def site(own: Cluster, tmp_path: Path, broker: Broker) -> Iterator[Site]:
    own.sql("CREATE DATABASE fresh")
    with Site(tmp_path, Fresh(founded(tmp_path / "fresh", "--books", own.url("fresh")), own), broker) as made:
        yield made


@pytest.mark.needs("mosquitto")
def test_serve_outlives_its_database_and_loses_nothing(own: Cluster, site: Site, broker: Broker) -> None:
    """Its connections ended, its server stopped, killed with all its children, and started: serve says so once, and goes on."""
    site.serve()
    unit, wire = site.unit()
    told = 0

    def facts() -> int:
        unit.fact(count=5)
        wire.send(unit.batch(len(unit.lines) - 4))
        return len(unit.lines)

    site.confirmed(unit, wire, facts())
    for number, end in enumerate((own.stop, own.kill, own.stop)):
        end()
        seq = facts()
        eventually(lambda told=told: sum("nothing is confirmed meanwhile" in line for line in site.said) > told)
        told = sum("nothing is confirmed meanwhile" in line for line in site.said)
        assert told == number + 1, site.said
        assert not any(confirm.seq == seq for confirm in site.confirms(unit, wire))
        if number == 2:  # it connects to the broker anew while the books are away: standing state goes out later
            wire.close()
            before = site.said.count("connected")
            broker.restart()
            eventually(lambda before=before: site.said.count("connected") > before, 10)
        own.start()
        eventually(lambda said=number + 1: site.said.count("books: can be written again") == said, 15)
        if number == 2:
            wire = site.wire(unit)
            wire.send(unit.batch(seq - 4))
        site.confirmed(unit, wire, seq)
    (pid,) = own.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'doorward' LIMIT 1").split()
    os.kill(int(pid), signal.SIGKILL)
    last = facts()
    eventually(lambda: any(each.seq == last for each in site.confirms(unit, wire)), 30)  # the server recovers first
    site.desk.run("notice", "put", "--scope", "yard/y07", "--title", "x", "--text", "y")
    eventually(lambda: wire.payloads("/notice/"))
    assert site.desk.count(schema.facts) == len(unit.lines)
    assert "holds" in site.desk.run("verify").stdout


def test_standing_state_goes_out_though_the_books_were_away_at_the_connection(own: Cluster, site: Site) -> None:
    _, wire = site.unit()
    site.desk.run("notice", "put", "--scope", "yard/y07", "--title", "x", "--text", "y")
    own.stop()
    site.serve()
    own.start()
    eventually(lambda: wire.payloads("/notice/"), 15)
    eventually(lambda: "  sent  " in site.desk.run("notice", "list").stdout)


# --- writers beside each other


def test_a_stopped_command_keeps_serve_from_its_books_for_a_minute_at_most(desk: Desk) -> None:
    if desk.books.engine.dialect.name == "sqlite":
        return
    with desk.books.alone() as conn:
        assert conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "1min"
    with desk.books.writing() as conn:
        assert conn.execute(text("SHOW synchronous_commit")).scalar() == "on"
        assert conn.execute(text("SHOW lock_timeout")).scalar() == "10s"


def test_what_is_read_is_of_one_moment(desk: Desk) -> None:
    with desk.books.reading() as conn:
        before = conn.execute(select(func.count()).select_from(schema.units)).scalar()
        desk.unit("new")
        assert conn.execute(select(func.count()).select_from(schema.units)).scalar() == before
    assert desk.count(schema.units) == 1


def test_a_reader_cannot_write(desk: Desk) -> None:
    if desk.books.engine.dialect.name == "sqlite":
        return
    with pytest.raises(Exception, match="read-only"), desk.books.reading() as conn:
        conn.execute(update(schema.meta).values(value=0))


def test_wrong_urls_are_said(tmp_path: Path) -> None:
    for url in ("nonsense", "postgresql+psycopg2://x/y"):
        with pytest.raises(CentreError):
            Books(url)
