"""The books: one database that holds units, facts, desired state and the course of commands.

Owns the engine, its durability and its transactions; what is written in them is the other modules' business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table, create_engine, insert, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError

from centre import (
    acts,
    schema_acceptance,
    schema_accounts,
    schema_holders,
    schema_hooks,
    schema_notices,
    schema_people,
    schema_places,
    schema_record,
    schema_reports,
    schema_software,
)
from centre.acts import ActJournal
from centre.engines import engine_of, reading_options
from centre.errors import CONFIGURATION, UNREACHABLE, WRONG_USE, CentreError
from centre.folder import Folder, Site
from centre.revision_mark import alembic_version
from centre.schema import HEAD, meta, metadata
from centre.upgrade import bring_up
from centre.words import _

__all__ = ["Books", "OperationalError", "insert_new"]

PARTS = (
    schema_record,
    schema_people,
    schema_places,
    schema_holders,
    schema_notices,
    schema_reports,
    schema_acceptance,
    schema_software,
    schema_accounts,
    schema_hooks,
)
"""What declares tables beside schema.py: whoever founds books knows them all."""
STALLED_S = 60
"""A PostgreSQL server ends a change that says nothing for so long: a stopped process would keep `serve` from its books."""
BUSY_S = 10.0
"""How long a writer waits for another: `serve` holds a transaction for well under a second."""
FOLD_S = 0.3
"""How long folding the WAL waits for who reads; writers wait for it as long."""
T = TypeVar("T")
_READING = {"doorward_reading": True}


class Books:
    """Opens the books of a folder: SQLite, or PostgreSQL (centre/engines.py)."""

    def __init__(self, url: str, journal: ActJournal | None = None) -> None:
        """`journal`: what is done to these books is entered into it."""
        self.journal = journal
        self.engine = engine_of(url, {acts.OPTION: journal} if journal else {})
        self._reading = reading_options(self.engine)

    @property
    def in_a_file(self) -> bool:
        """Not at a server, where several machines may work with them."""
        return self.engine.dialect.name == "sqlite"

    @staticmethod
    def of(folder: Folder, site: Site) -> Books:
        """The books of a folder that `init` made, upgraded where an earlier program wrote them (centre/upgrade.py).

        Raises CentreError where they are missing, of a newer program or of no known version, or are to be upgraded under a
        `serve` that runs.
        """
        if site.books is None and not folder.books.exists():
            raise CentreError(_("{books}: the books are missing").format(books=folder.books), CONFIGURATION)
        books = Books(url_of(folder, site), ActJournal(folder, site.site))
        with _told():
            bring_up(books, folder)
            books.begin_journal()
        return books

    def check_empty(self) -> None:
        """Raises CentreError where this database can't be reached, keeps no text in UTF-8, or has books already."""
        with _told(), self.engine.connect() as conn:
            _refuse_others(conn)

    def create(self) -> None:
        """All tables of empty books, as the migrations would make them, with the newest revision's mark. Without alembic.

        Raises CentreError where the database has books already: they may be of another revision than that mark.
        """
        with _told(), self.writing() as conn:
            _refuse_others(conn)
            metadata.create_all(conn)
            conn.execute(insert(meta), [{"name": "version", "value": int(HEAD)}, {"name": "changes", "value": 0}])
            conn.execute(insert(alembic_version).values(version_num=HEAD))

    def begin_journal(self) -> None:
        """The centre's own journal, where these books never had one; what they have is its first lines."""
        if self.journal is not None and not self.journal.begun():
            with self.alone() as conn:
                self.journal.begin(conn, time.time())
            self.journal.begin_done()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; writes nothing."""
        with self.engine.connect().execution_options(**self._reading) as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, durable when the block ends without an exception. At PostgreSQL others may write beside it.

        There nobody waits for another in a circle: what is taken is taken in the order of the meeting of changes and intakes (Books.alone),
        rows, the centre's own journal. Whoever has rows that others may have too, more than one of them, comes alone.
        """
        with self.engine.begin() as conn, acts.entered_last(conn):
            yield conn

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """As writing, and no other change of units or desired state is under way, nor an intake: they wait, or this does."""
        with self.writing() as conn:
            if conn.dialect.name == "postgresql":
                conn.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{STALLED_S}s'")
            shut_out(conn)
            yield conn

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """As alone, and tells `serve` that units or desired state changed. Revisions are given in here, so one after the other."""
        with self.alone() as conn:
            note_change(conn)
            yield conn

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """As writing, where tables may be rebuilt: references are looked at once, before the end.

        SQLite would delete or refuse what refers to a table's rows while it is dropped for its successor, and can leave that off
        only outside a transaction. The connection is closed afterwards, so that no other use meets it like that.
        """
        with self.engine.connect() as conn:
            sqlite = conn.dialect.name == "sqlite"
            if sqlite:
                conn.detach()
                conn.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with conn.begin():
                yield conn
                torn = conn.exec_driver_sql("PRAGMA foreign_key_check").first() if sqlite else None
                if torn is not None:
                    raise RuntimeError(f"a migration would leave rows of {torn[0]} that refer to no row of {torn[2]}")

    def fold(self) -> bool:
        """SQLite's: what the WAL keeps of earlier pages goes from it. False where a long reading, or a writer, is in the way: nobody waits for this."""
        if not self.in_a_file:
            return True
        with self.engine.connect() as conn:
            conn.detach()
            raw = conn.connection.cursor()
            raw.execute(f"PRAGMA busy_timeout={FOLD_S * 1000:.0f}")
            (busy, _pages, _moved) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def copy_to(self, path: Path, also: Callable[[], T]) -> T:
        """SQLite's: the books as they are now, in a new file. `also` is called at that same moment, with writers shut out; its value is returned.

        They are shut out no longer while the books are copied.
        """
        source = self.engine.raw_connection()
        other = create_engine(f"sqlite:///{path}")
        try:
            cursor = source.cursor()
            with self.writing():
                cursor.execute("BEGIN")
                cursor.execute("SELECT count(*) FROM meta").fetchall()  # from here on it sees this moment
                found = also()
            target = other.raw_connection()
            source.driver_connection.backup(target.driver_connection)  # type: ignore[union-attr]
            target.cursor().execute("PRAGMA journal_mode=DELETE")
            target.close()
            cursor.execute("ROLLBACK")
        finally:
            other.dispose()
            source.close()
        return found

    def close(self) -> None:
        self.engine.dispose()


def one_line(error: DBAPIError) -> str:
    """What the database said."""
    return " ".join(str(error.orig).split())


@contextmanager
def _told() -> Iterator[None]:
    """The database's errors as CentreError, in one line."""
    try:
        yield
    except DBAPIError as error:
        code = UNREACHABLE if isinstance(error, OperationalError) else CONFIGURATION
        raise CentreError(_("books: {error}").format(error=one_line(error)), code) from None


def _refuse_others(conn: Connection) -> None:
    there = inspect(conn)
    if there.has_table(meta.name) or there.has_table(alembic_version.name):
        raise CentreError(_("books: the database has books already"), WRONG_USE)
    if conn.dialect.name == "postgresql":
        encoding = conn.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise CentreError(
                _("books: the database's encoding is {encoding}, not UTF8").format(encoding=encoding), CONFIGURATION
            )


def url_of(folder: Folder, site: Site) -> str:
    return site.books or f"sqlite:///{folder.books}"


_MEETING = int.from_bytes(b"doorwrd", "big")
"""Number of the advisory lock that changes of the books and intakes meet at, in this database."""
_CHANGES = select(meta.c.value).where(meta.c.name == "changes")


def note_change(conn: Connection) -> None:
    """Tells `serve` that units or desired state changed, as Books.changing does."""
    conn.execute(update(meta).where(meta.c.name == "changes").values(value=meta.c.value + 1))


def changes(conn: Connection) -> int:
    """Differs from what it was before when units or desired state changed in between."""
    value: int = conn.execute(_CHANGES).scalar_one()
    return value


def shut_out(conn: Connection) -> int:
    """As changes; no other change, and no intake, until this transaction ends. SQLite's transactions are alone already.

    Not by locking the row: those that share such a lock one after the other would keep a change waiting for ever. This one is first come,
    first served.
    """
    _lock(conn, "pg_advisory_xact_lock")
    return changes(conn)


def hold_off(conn: Connection) -> int:
    """As changes, and it stays so until this transaction ends; others may hold changes off at the same time."""
    _lock(conn, "pg_advisory_xact_lock_shared")
    return changes(conn)


def _lock(conn: Connection, how: str) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"SELECT {how}({_MEETING})")


def insert_new(conn: Connection, table: Table) -> Any:
    """An insert that leaves a row that is there already as it is."""
    return _dialect_insert(conn, table).on_conflict_do_nothing()


def enter_new(conn: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Inserts a row that is not there already; whether it did. (What drivers count differs.)"""
    made = insert_new(conn, table).values(**values).returning(*table.primary_key)
    return conn.execute(made).first() is not None


def insert_or_update(conn: Connection, table: Table, values: Mapping[str, Any]) -> Any:
    """An insert that replaces `values` in a row that is there already (by primary key)."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    return _dialect_insert(conn, table).values(**values).on_conflict_do_update(index_elements=keys, set_=rest)


def insert_many(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Plain rows straight to the driver, whose values they must already be: a third of the time an ordinary insert takes."""
    text = _insert_text(conn.dialect, table, tuple(columns))
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(text, tuple(map(list, zip(*rows, strict=True))))
    else:
        conn.exec_driver_sql(text, list(rows))


@lru_cache(maxsize=16)
def _insert_text(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    """The statement: of one row, at PostgreSQL of all, each column an array. Compiling it takes longer than inserting a row (0.4 ms)."""
    if dialect.name == "postgresql":
        arrays = ", ".join(f"%s::{table.c[name].type.compile(dialect)}[]" for name in columns)
        names = ", ".join(dialect.identifier_preparer.quote(name) for name in columns)
        return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608  # names of our own
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    assert compiled.positional
    assert list(compiled.positiontup or ()) == list(columns)
    return str(compiled)


def _dialect_insert(conn: Connection, table: Table) -> Any:
    known = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return known.get(conn.dialect.name, insert)(table)
