"""A centre's folder for each test, copied from one that `init` made once, and the command line on it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Select, event, func, select
from sqlalchemy.dialects import postgresql, sqlite

from centre import schema, state, units
from centre.books import Books
from centre.cli import centre
from centre.cli.context import CliContext
from centre.engines import engine_of
from centre.folder import Folder
from centre.intake import Intake, IntakeOutcome
from centre.register import enrolment_of
from centre.words import speak
from contract.enrolment import parse_enrolment
from contract.language import CHINESE, ENGLISH
from contract.messages import Kind
from simulator.broker import start_broker
from simulator.postgres import Cluster
from tests.centre.filled import Contents, contents, refill_at
from tests.centre.unit import SITE, FakeUnit

if TYPE_CHECKING:
    from tests.centre.beside import Taker
    from tests.centre.site import Site


class Desk:
    """One centre: its folder, its commands, an intake whose clock stands where the test puts it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.office = CliContext(path)
        self.books = self.office.books
        self.now = 1_790_000_000.0
        self.fresh_intake()

    def fresh_intake(self) -> None:
        """As after a restart of `serve`."""
        self.intake = Intake(self.books, SITE, lambda: self.now)

    def run(self, *args: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(centre, ["--dir", str(self.path), *args], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == code, (result.exit_code, result.output)
        return result

    def unit(self, name: str = "b12-u2", *scopes: str, enrolled: bool = True) -> FakeUnit:
        """A unit of the register, its key pinned; all in one transaction, since each costs a write to the disk."""
        with self.books.changing() as conn:
            units.add(conn, SITE, name, "", [units.parse_scope(text, SITE) for text in scopes], self.now)
            password, token = units.new_login(conn, units.one(conn, SITE, name), self.now)
            made = FakeUnit(
                name,
                enrolment_of(self.office, self.office.keys, name, password, token),
            )
            if enrolled:
                number = units.open_tokens(conn)[name][0]
                units.pin(conn, name, made.key.public_key().public_bytes_raw(), number, self.now)
        return made

    def enrolment(self, name: str) -> Any:
        return parse_enrolment(Path(self.run("unit", "enrolment", name).stdout.splitlines()[0]).read_bytes())

    def take(self, *messages: Any) -> IntakeOutcome:
        return self.intake.take(list(messages))

    def rows(self, query: Select[Any]) -> list[Any]:
        with self.books.reading() as conn:
            return list(conn.execute(query).all())

    def kept(self) -> bytes:
        """All that the books hold, and the raw bytes of their file where they have one."""
        found = [file.read_bytes() for file in self.path.glob("books.db*")]
        for table in schema.metadata.sorted_tables:
            values = [value for row in self.rows(select(table)) for value in row]
            found += [bytes(each) if isinstance(each, bytes) else str(each).encode() for each in values]
        return b"\n".join(found)

    def rev(self, kind: Kind, scope: str, name: str = "") -> int:
        """The newest that the books have."""
        with self.books.reading() as conn:
            return state.newest_rev(conn, kind, units.parse_scope(scope, SITE), name)

    def count(self, table: Any) -> int:
        return int(self.rows(select(func.count()).select_from(table))[0][0])

    def close(self) -> None:
        self.books.close()


def impatient(books: Books) -> None:
    """Its next writers wait for no other, on connections that are new."""
    books.engine.dispose()

    @event.listens_for(books.engine, "connect")
    def connect(dbapi: Any, _: object) -> None:
        if books.engine.dialect.name == "sqlite":
            dbapi.execute("PRAGMA busy_timeout=0")
        else:
            dbapi.execute("SET lock_timeout = 20")
            dbapi.commit()

    if books.engine.dialect.name == "postgresql":
        cut_off(books)


def cut_off(books: Books) -> None:
    """The server ends every other connection to these books."""
    with books.engine.connect() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """SQLAlchemy compiles each statement once for an engine. Each test has engines of its own, and so has each command in it: here all of a kind share what was compiled."""
    real, kept = engine_of, {}
    alike = pytest.MonkeyPatch()
    for dialect in (sqlite.dialect, postgresql.psycopg.dialect):
        alike.setattr(dialect, "__eq__", lambda self, other: type(self) is type(other), raising=False)
        alike.setattr(dialect, "__hash__", lambda self: hash(type(self)), raising=False)
    alike.setattr("centre.books.engine_of", lambda url, options: real(url, {**options, "compiled_cache": kept}))
    yield
    alike.undo()


@pytest.fixture(scope="session")
def fresh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its books are SQLite's."""
    return founded(tmp_path_factory.mktemp("centre") / "fresh")


def founded(path: Path, *more: str) -> Path:
    os.environ.pop("DOORWARD_CENTRE", None)
    result = CliRunner().invoke(centre, ["init", str(path), "--site", SITE, "--broker", "mqtt://127.0.0.1:1", *more])
    assert result.exit_code == 0, result.output
    return path


NAMES = (f"c{number}" for number in itertools.count(1))
"""Of databases."""


class Fresh:
    """A centre that `init` just made, to be copied. `cluster`: where its books are, None for SQLite."""

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self.folder = folder
        self.cluster = cluster
        self._made: list[str] = []
        self._free: list[str] = []
        """Databases that have the tables, for another test."""
        self._fresh: Contents = {}
        if cluster is not None:
            with closing(CliContext(folder).books) as books:
                self._fresh = contents(books)

    def copy(self, to: Path, source: Path | None = None) -> Path:
        """A centre of its own in the folder `to`, as fresh or as that of `source` is now (SQLite: no connection to it may be open)."""
        shutil.copytree(source or self.folder, to)
        if self.cluster is not None:
            wanted = self._fresh
            if source is not None:
                with closing(CliContext(source).books) as books:
                    wanted = contents(books)
            folder = Folder(to)
            folder.save(replace(folder.load(), books=self._filled(self.cluster, wanted)))
        return to

    def books(self) -> list[str]:
        """What `init` is to be told for a centre that is not a copy."""
        return [] if self.cluster is None else ["--books", self._empty(self.cluster)]

    def _filled(self, cluster: Cluster, wanted: Contents) -> str:
        if not self._free:
            url = self._empty(cluster)
            with closing(Books(url)) as books:
                books.create()
        else:
            self._made.append(self._free.pop())
            url = cluster.url(self._made[-1])
            with closing(Books(url)) as books:
                cut_off(books)
        refill_at(url, wanted)
        return url

    def _empty(self, cluster: Cluster) -> str:
        name = next(NAMES)
        cluster.sql(f"CREATE DATABASE {name}")
        self._made.append(name)
        return cluster.url(name)

    def mark(self) -> int:
        return len(self._made)

    def leave(self, since: int = 0) -> None:
        """The databases made since that mark are for others."""
        while len(self._made) > since:
            self._free.append(self._made.pop())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for all tests of a worker."""
    with Cluster() as made:
        yield made


POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.twin, pytest.mark.slow, pytest.mark.needs("postgres")])
"""`make postgresql`."""
POSTGRESQL_LONG = pytest.param("postgresql", marks=[pytest.mark.soak, pytest.mark.needs("postgres")])
POSTGRESQL_ALONE = pytest.mark.parametrize(
    "fresh", [pytest.param("postgresql", marks=[pytest.mark.slow, pytest.mark.needs("postgres")])], indirect=True
)
"""For several that take messages at once: with SQLite one `serve` has all units, the folder's lock sees to it."""
ONE_ENGINE = pytest.mark.parametrize("fresh", ["sqlite"], indirect=True)
"""For what does not depend on where the books are: words, terminals, files that people give, bounds that the code counts."""
OTHER_ENGINE_LONG = pytest.mark.parametrize("fresh", ["sqlite", POSTGRESQL_LONG], indirect=True)
"""For long courses: on SQLite each time, on PostgreSQL with the long runs."""


@pytest.fixture(scope="session", params=["sqlite", POSTGRESQL])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """On each engine."""
    if request.param == "sqlite":
        return Fresh(request.getfixturevalue("fresh_folder"), None)
    cluster: Cluster = request.getfixturevalue("cluster")
    name = next(NAMES)
    cluster.sql(f"CREATE DATABASE {name}")
    path = tmp_path_factory.mktemp("centre") / "fresh"
    return Fresh(founded(path, "--books", cluster.url(name)), cluster)


@pytest.fixture
def copies(fresh: Fresh, request: pytest.FixtureRequest) -> Iterator[Fresh]:
    """For tests that make centres themselves: their databases are for others afterwards."""
    mark, failed = fresh.mark(), request.session.testsfailed
    yield fresh
    if request.session.testsfailed == failed:  # else something of it may still run, on these databases
        fresh.leave(mark)


@pytest.fixture
def desk(copies: Fresh, tmp_path: Path) -> Iterator[Desk]:
    """Its broker is nowhere: commands commit, and say that `serve` will publish."""
    made = Desk(copies.copy(tmp_path / "centre"))
    yield made
    made.close()


@pytest.fixture
def sqlite_desk(fresh_folder: Path, tmp_path: Path) -> Iterator[Desk]:
    """For tests of the file itself."""
    made = Desk(Fresh(fresh_folder, None).copy(tmp_path / "centre"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_desk(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One centre with one unit for tests that leave no trace in it, such as those of hypothesis."""
    made = Desk(fresh.copy(tmp_path_factory.mktemp("shared") / "centre"))
    made.unit()
    yield made
    made.close()


@pytest.fixture
def takers(desk: Desk) -> Iterator[list[Taker]]:
    """Three."""
    from tests.centre.beside import Taker  # which needs the desk above

    made = [Taker(desk) for _ in range(3)]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def site(tmp_path: Path, copies: Fresh) -> Iterator[Site]:
    """A centre at whichever broker there is."""
    from tests.centre.site import Site  # which needs the desk above

    with start_broker(tmp_path / "broker") as broker:
        with Site(tmp_path, copies, broker) as made:
            yield made
        broker.kill()


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever works here reads Chinese."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    speak(CHINESE)
    yield
    speak(ENGLISH)
