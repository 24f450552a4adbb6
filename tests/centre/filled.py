"""What books hold, taken out and put into others of the same schema: far quicker at PostgreSQL than a new database for each test."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from sqlalchemy import delete, func, insert, select, text

from centre.books import Books
from centre.revision_mark import alembic_version
from centre.schema import metadata

Contents = dict[str, list[dict[str, Any]]]
_TABLES = metadata.sorted_tables
assert alembic_version in _TABLES


def contents(books: Books) -> Contents:
    """Every row of every table."""
    with books.reading() as conn:
        return {table.name: [dict(row._mapping) for row in conn.execute(select(table))] for table in _TABLES}


def refill(books: Books, kept: Contents) -> None:
    """These rows and no others; what counts up goes on after them."""
    with books.writing() as conn:
        postgresql = conn.dialect.name == "postgresql"
        loose = "SET LOCAL session_replication_role = replica" if postgresql else "PRAGMA defer_foreign_keys=ON"
        conn.exec_driver_sql(loose)
        for table in _TABLES:
            conn.execute(delete(table))
            if kept[table.name]:
                conn.execute(insert(table), kept[table.name])
        if postgresql:
            owned = {(table.name, key.name): key for table in _TABLES for key in table.primary_key}
            for table, column in conn.execute(text(_COUNTING)).all():
                last = conn.execute(select(func.max(owned[table, column]))).scalar()
                conn.execute(text(f"SELECT setval('{table}_{column}_seq', {last or 1}, {'true' if last else 'false'})"))


_COUNTING = (
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = 'public' AND column_default LIKE 'nextval%'"
)


def refill_at(url: str, kept: Contents) -> None:
    with closing(Books(url)) as books:
        refill(books, kept)
