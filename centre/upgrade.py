"""Which schema the books have, and older books brought up to this program's: in one transaction, by one process.

Reads one row by itself. Alembic is imported only where a migration is due, since that takes longer than most commands.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, select, update

from centre.errors import CHECK_FAILED, CONFIGURATION, CentreError
from centre.folder import Folder, taken
from centre.revision_mark import alembic_version
from centre.schema import HEAD, meta
from centre.words import _

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
            raise CentreError(
                _("books: of a newer program (revision {revision}, this one knows {head})").format(
                    revision=revision, head=HEAD
                ),
                CONFIGURATION,
            )
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
        _("books: of no version this program knows ({version}; it knows {first} to {head})").format(
            version=version, first=FIRST, head=HEAD
        ),
        CONFIGURATION,
    )


def bring_up(books: Books, folder: Folder) -> None:
    """Books as `HEAD` says. Older ones are upgraded whole or left as they were; waits while another process does it.

    Raises CentreError as `schema_of`, and where `serve` runs: it would go on with a schema it does not know.
    """
    with books.reading() as conn:
        found = schema_of(conn)
    if found == BooksSchema(HEAD, marked=True):
        return
    if found.revision != HEAD and books.engine.dialect.name == "postgresql":
        _refuse_elsewhere(books, folder)
    journal = books.journal
    with nullcontext() if found.revision == HEAD else _unserved(folder), books.rebuilding() as conn:
        # SQLite's transaction shuts others out; elsewhere this row does. Who waited here may find everything done.
        conn.execute(select(meta).where(meta.c.name == "version").with_for_update())
        found = schema_of(conn)
        if not found.marked:
            mark(conn, found.revision)
        if found.revision != HEAD:
            _migrate(conn)
            if journal is not None and not journal.begun():
                journal.begin(conn, time.time())
    if journal is not None and not journal.begun():
        journal.begin_done()


def mark(conn: Connection, revision: str) -> None:
    """Books without a mark get alembic's."""
    alembic_version.create(conn, checkfirst=True)
    conn.execute(insert(alembic_version).values(version_num=revision))


def _migrate(conn: Connection) -> None:
    from centre import migrations  # noqa: PLC0415  # alembic takes its time to load, and is wanted once in a year

    migrations.upgrade(conn, HEAD)
    conn.execute(update(meta).where(meta.c.name == "version").values(value=int(HEAD)))


def _refuse_elsewhere(books: Books, folder: Folder) -> None:
    """Where a `serve` runs on any machine; it holds a lock in the database."""
    from centre.leases import class_of, members  # noqa: PLC0415  # which needs books.py, and that needs this

    with books.reading() as conn:
        if members(conn, class_of(folder.load().site)):
            raise _served()


def _served() -> CentreError:
    said = _("books: of an earlier program, as is the `serve` that runs: stop it, and start it again")
    return CentreError(said, CHECK_FAILED)


@contextmanager
def _unserved(folder: Folder) -> Iterator[None]:
    with taken(folder.serving, shared=True) as free:
        if not free:
            raise _served()
        yield
