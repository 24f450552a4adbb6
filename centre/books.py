"""The books: one database that holds units, facts, desired state and the course of commands.

Owns the engine, its durability and its transactions; what is written in them is the other modules' business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, insert, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from centre.errors import CONFIGURATION, UNREACHABLE, WRONG_USE, CentreError
from centre.folder import Folder, Site
from centre.revision_mark import alembic_version
from centre.schema import HEAD, meta, metadata
from centre.upgrade import bring_up

__all__ = ["Books", "OperationalError", "insert_new"]

BUSY_S = 10.0
"""How long a writer waits for another: `serve` holds a transaction for well under a second."""
T = TypeVar("T")
_READING = {"doorward_reading": True}


class Books:
    """Opens the books of a folder. SQLite: WAL with synchronous=FULL, so what is committed is on the disk."""

    def __init__(self, url: str) -> None:
        try:
            self.engine = create_engine(url)
        except (SQLAlchemyError, ImportError) as error:
            raise CentreError(f"books: {error}", CONFIGURATION) from None
        if self.engine.dialect.name == "sqlite":
            _settle_sqlite(self.engine)

    @staticmethod
    def of(folder: Folder, site: Site) -> Books:
        """The books of a folder that `init` made, upgraded where an earlier program wrote them (centre/upgrade.py).

        Raises CentreError where they are missing, of a newer program or of no known version, or are to be upgraded under a
        `serve` that runs.
        """
        if site.books is None and not folder.books.exists():
            raise CentreError(f"{folder.books}: the books are missing", CONFIGURATION)
        books = Books(url_of(folder, site))
        try:
            bring_up(books, folder)
        except DBAPIError as error:
            code = UNREACHABLE if isinstance(error, OperationalError) else CONFIGURATION
            raise CentreError(f"books: {error.orig}", code) from None
        return books

    def create(self) -> None:
        """All tables of empty books, as the migrations would make them, with the newest revision's mark. Without alembic.

        Raises CentreError where the database has books already: they may be of another revision than that mark.
        """
        with self.writing() as conn:
            there = inspect(conn)
            if there.has_table(meta.name) or there.has_table(alembic_version.name):
                raise CentreError("books: the database has books already", WRONG_USE)
            metadata.create_all(conn)
            conn.execute(insert(meta), [{"name": "version", "value": int(HEAD)}, {"name": "changes", "value": 0}])
            conn.execute(insert(alembic_version).values(version_num=HEAD))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; writes nothing."""
        with self.engine.connect().execution_options(**_READING) as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, durable when the block ends without an exception."""
        with self.engine.begin() as conn:
            yield conn

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """As writing, and tells `serve` that units or desired state changed."""
        with self.writing() as conn:
            yield conn
            note_change(conn)

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


def url_of(folder: Folder, site: Site) -> str:
    return site.books or f"sqlite:///{folder.books}"


def note_change(conn: Connection) -> None:
    """Tells `serve` that units or desired state changed, as Books.changing does."""
    conn.execute(update(meta).where(meta.c.name == "changes").values(value=meta.c.value + 1))


def changes(conn: Connection) -> int:
    """Differs from what it was before when units or desired state changed in between."""
    return _meta(conn, "changes")


def insert_new(conn: Connection, table: Table) -> Any:
    """An insert that leaves a row that is there already as it is."""
    return _dialect_insert(conn, table).on_conflict_do_nothing()


def insert_or_update(conn: Connection, table: Table, values: Mapping[str, Any]) -> Any:
    """An insert that replaces `values` in a row that is there already (by primary key)."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    return _dialect_insert(conn, table).values(**values).on_conflict_do_update(index_elements=keys, set_=rest)


def insert_many(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Plain rows straight to the driver, whose values they must already be: a third of the time an ordinary insert takes."""
    text, positional = _insert_text(conn.dialect, table, tuple(columns))
    if positional:
        conn.exec_driver_sql(text, list(rows))
    else:
        conn.exec_driver_sql(text, [dict(zip(columns, row, strict=True)) for row in rows])


@lru_cache(maxsize=16)
def _insert_text(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[str, bool]:
    """The statement, and whether its values go by position. Compiling it takes longer than inserting a row (0.4 ms)."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    assert not compiled.positional or list(compiled.positiontup or ()) == list(columns)
    return str(compiled), compiled.positional


def _dialect_insert(conn: Connection, table: Table) -> Any:
    known = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return known.get(conn.dialect.name, insert)(table)


def _meta(conn: Connection, name: str) -> int:
    value: int = conn.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one()
    return value


def _settle_sqlite(engine: Engine) -> None:
    """Transactions begun by us (the driver would begin them late), writers at once, so that none fails in its middle."""

    @event.listens_for(engine, "connect")
    def connect(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_S * 1000:.0f}"):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        reading = conn.get_execution_options().get("doorward_reading")
        conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
