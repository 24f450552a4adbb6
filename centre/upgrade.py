"""Which schema the books have, and older books brought up to this program's: in one transaction, by one process.

Reads one row by itself. Alembic is imported only where a migration is due, since that takes longer than most commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, select, update

from centre.errors import CHECK_FAILED, CONFIGURATION, CentreError
from centre.folder import Folder, taken
from centre.revision_mark import alembic_version
from centre.schema import HEAD, meta

if TYPE_CHECKING:
    from centre.books import Books

FIRST = "0001"
"""The schema of books founded before alembic, which say `version` 1 in `meta`."""


@dataclass(frozen=True, slots=True)
class BooksSchema:
    """The revision of the books; `marked`: whether alembic's table says so."""

    revision: str
    marked: bool


def schema_of(conn: Connection) -> BooksSchema:
    """Raises CentreError where the books are of a newer program, or of no version that is known."""
    there = inspect(conn)
    if there.has_table(alembic_version.name):
        marks = list(conn.execute(select(alembic_version.c.version_num)).scalars())
        revision = str(marks[0]) if len(marks) == 1 else ""
        if not (len(revision) == len(HEAD) and revision.isdecimal() and revision >= FIRST):
            raise _unknown(", ".join(map(str, marks)) or "none")
        if revision > HEAD:
            raise CentreError(f"books: of a newer program (revision {revision}, this one knows {HEAD})", CONFIGURATION)
        return BooksSchema(revision, marked=True)
    if not (
        there.has_table(meta.name) and {"name", "value"} <= {each["name"] for each in there.get_columns(meta.name)}
    ):
        raise _unknown("none")
    version = conn.execute(select(meta.c.value).where(meta.c.name == "version")).scalar()
    if version != int(FIRST):
        raise _unknown("none" if version is None else str(version))
    return BooksSchema(FIRST, marked=False)


def _unknown(version: str) -> CentreError:
    return CentreError(
        f"books: of no version this program knows ({version}; it knows {FIRST} to {HEAD})", CONFIGURATION
    )


def bring_up(books: Books, folder: Folder) -> None:
    """Books as `HEAD` says. Older ones are upgraded whole or left as they were; waits while another process does it.

    Raises CentreError as `schema_of`, and where `serve` runs: it would go on with a schema it does not know.
    """
    with books.reading() as conn:
        found = schema_of(conn)
    if found == BooksSchema(HEAD, marked=True):
        return
    with nullcontext() if found.revision == HEAD else _unserved(folder), books.rebuilding() as conn:
        # SQLite's transaction shuts others out; elsewhere this row does. Who waited here may find everything done.
        conn.execute(select(meta).where(meta.c.name == "version").with_for_update())
        found = schema_of(conn)
        if not found.marked:
            mark(conn, found.revision)
        if found.revision != HEAD:
            _migrate(conn)


def mark(conn: Connection, revision: str) -> None:
    """Books without a mark get alembic's."""
    alembic_version.create(conn, checkfirst=True)
    conn.execute(insert(alembic_version).values(version_num=revision))


def _migrate(conn: Connection) -> None:
    from centre import migrations  # noqa: PLC0415  # alembic takes its time to load, and is wanted once in a year

    migrations.upgrade(conn, HEAD)
    conn.execute(update(meta).where(meta.c.name == "version").values(value=int(HEAD)))


@contextmanager
def _unserved(folder: Folder) -> Iterator[None]:
    with taken(folder.serving, shared=True) as free:
        if not free:
            raise CentreError(
                "books: of an earlier program, as is the `serve` that runs: stop it, and start it again", CHECK_FAILED
            )
        yield
