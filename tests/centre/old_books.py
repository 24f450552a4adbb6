"""Books as earlier programs left them, from the dumps in `books_before/` (each made by that program's own code), and what is in them."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_PLACE = Path(__file__).parent / "books_before"
DUMPS = [*sorted(_PLACE.glob("first_*.sql")), *sorted(_PLACE.glob("last_*.sql"))]
"""From before alembic: the first and the last day of that schema."""
MARKED = sorted(_PLACE.glob("marked_*.sql"))
"""One of each revision before the newest, with alembic's mark."""
JOURNAL = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the centre's own journal, in books for tests").digest())
"""Signed the centre's own journal in the dumps that have one, since revision 0006."""


UNSIGNED = "centre: unit b12-u2: receipt ahead of its fact, e2 13: its signature does not hold\n"
"""What `verify` says of the one row of the newer of them that was put there by hand."""


def old_folder(fresh: Path, path: Path, dump: Path) -> Path:
    """A centre's folder whose books are the dump's."""
    shutil.copytree(fresh, path)
    journal = path / "keys" / "journal.pem"
    journal.unlink()  # of a later program, as the books are
    if dump.stem >= "marked_0006":
        journal.write_bytes(JOURNAL.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        journal.chmod(0o600)
    for file in path.glob("books.db*"):
        file.unlink()
    with closing(sqlite3.connect(path / "books.db")) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.executescript(dump.read_text(encoding="utf-8"))
    return path


def shape(folder: Path) -> dict[str, str]:
    """Each table's and index's statement, blanks and quotes apart."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in asked(folder, query)}


def rows(folder: Path, like: dict[str, list[str]] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; `like`: only of these tables and columns."""
    tables = like or columns(folder)
    return {
        table: asked(folder, f"SELECT {', '.join(names)} FROM {table} ORDER BY {', '.join(names)}")
        for table, names in tables.items()
    }


def columns(folder: Path) -> dict[str, list[str]]:
    tables = [name for (name,) in asked(folder, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {table: [row[1] for row in asked(folder, f"PRAGMA table_info({table})")] for table in tables}


def asked(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "books.db")) as conn:
        return conn.execute(query).fetchall()


def do(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "books.db", isolation_level=None)) as conn:
        for statement in statements:
            conn.execute(statement)
