"""Opening one SQLite file of ours: settings, checks, migrations, and making a new one whole or not at all. Knows no table."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from agent.store import plainfile
from agent.store.faults import STORAGE_ERRORS, DamagedError
from agent.store.folder import set_aside, sync_folder, trim_quarantine
from contract.frozen import frozen

APPLICATION_ID = 0x44577264
"""In the file's header: `DWrd`, so that another program's database is not taken for ours."""

WAL_LIMIT = 4 * 1024 * 1024
CACHE_KB = 512
"""Pages kept in memory. Rows are appended, and read once and in order: with SQLite's 2 MB a drain only makes the process larger, no faster."""

BUSY_S = 0.2
"""How long an opening of the journal waits for another process to let go of the file. Nobody stands at the door for it."""

ALWAYS_CHECKED = 8 * 1024 * 1024
"""Files up to this size are checked whole at each start, larger ones after an unclean end: 65 ms for 64 MB in memory, but a slow card reads for seconds."""


@frozen
class Database:
    """One open file of ours. By the name that sqlite-utils gives it too, which only migrations.py loads, where an older file is brought up to date."""

    conn: sqlite3.Connection


Step = Callable[[Database], None]


@frozen
class DatabaseKind:
    """One kind of database. `steps`: from an empty file to this version, in order; `tables`: what this version has; `page`: bytes a page; `checkpoint`: pages of WAL before it is folded in; `cap`: bytes the file may never pass."""

    name: str
    steps: tuple[Step, ...]
    tables: tuple[str, ...]
    page: int
    checkpoint: int
    cap: int

    @property
    def version(self) -> int:
        return len(self.steps)


class Transaction:
    """BEGIN IMMEDIATE … COMMIT; rolled back when the body or the commit fails."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def __enter__(self) -> None:
        self._conn.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._conn.execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                with suppress(*STORAGE_ERRORS):  # the first error is the one to tell
                    self._conn.execute("ROLLBACK")


def connect(path: Path, kind: DatabaseKind, busy_s: float = BUSY_S) -> Database:
    """Open an existing file for reading and writing. Raises DamagedError, sqlite3.Error, OSError. Not checked yet."""
    _check_shape(path)
    conn = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=busy_s)
    try:
        db = Database(conn)
        _settings(conn, kind)
    except BaseException:
        conn.close()
        raise
    return db


def connect_memory(kind: DatabaseKind) -> Database:
    """An empty database of this kind in memory, with its tables, for as long as the disk takes nothing."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute(f"PRAGMA page_size = {kind.page:d}")
    db = Database(conn)
    _settings(conn, kind)
    for step in kind.steps:  # without the library: the disk it would be read from may be the one that fails
        step(db)
    conn.execute(f"PRAGMA user_version = {kind.version:d}")
    return db


def create(path: Path, kind: DatabaseKind, fill: Callable[[Database], None]) -> None:
    """Make a new file with its tables and what `fill` writes, in place of what is at `path`, which is set aside.

    Whole or not at all: made under another name, then synced and named `-next`, which is put in place here or at the next start.
    """
    fresh = path.with_name(f"{path.name}-new")
    for leftover in (fresh, Path(f"{fresh}-wal"), Path(f"{fresh}-shm"), Path(f"{fresh}-journal")):
        plainfile.clear(leftover)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    conn = sqlite3.connect(fresh, isolation_level=None)
    unsynced = "PRAGMA synchronous = OFF"  # none of it counts before it is synced as a whole, below
    try:
        conn.execute(unsynced)
        conn.execute("PRAGMA locking_mode = EXCLUSIVE")
        conn.execute(f"PRAGMA page_size = {kind.page:d}")
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        conn.execute("PRAGMA journal_mode = WAL")
        db = Database(conn)
        _settings(conn, kind)
        conn.execute(unsynced)
        migrate(db, kind)
        fill(db)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        conn.close()
    fd = os.open(fresh, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    if not _next(path).is_file():
        plainfile.clear(_next(path))
    fresh.rename(_next(path))
    sync_folder(path.parent)
    adopt(path)


def adopt(path: Path) -> bool:
    """Put a new file that is ready into place, if there is one; what was there goes into quarantine. Raises OSError."""
    if not _next(path).is_file():
        return False
    if any(os.path.lexists(f"{path}{end}") for end in ("", "-wal")):
        set_aside(path)  # the old -wal must be gone first: SQLite would apply it to the new file
    _next(path).rename(path)
    sync_folder(path.parent)
    with suppress(OSError):  # tidying; the new file is in place
        trim_quarantine(path.parent)
    return True


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}-next")


def migrate(db: Database, kind: DatabaseKind) -> None:
    """Bring an older file to this version, each step in a transaction. A newer file than we know is damaged, for us."""
    version = int(db.conn.execute("PRAGMA user_version").fetchone()[0])
    if version > kind.version or version < 0:
        raise DamagedError(f"{kind.name} has version {version}, this agent knows {kind.version}")
    if version < kind.version:
        _apply(db, kind)
        db.conn.execute(f"PRAGMA user_version = {kind.version:d}")
        # into the file itself: whoever would install an older version reads there that it must not
        with suppress(*STORAGE_ERRORS):  # what is in the log is as good for us
            db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _apply(db: Database, kind: DatabaseKind) -> None:
    """A library that the disk does not give us now is the disk's fault, not ours."""
    try:
        from agent.store import migrations  # noqa: PLC0415  # its library weighs 5 MB, and is needed once in a file's life
    except ImportError as error:
        raise OSError(errno.EIO, f"cannot load what makes the tables: {error}") from error
    migrations.apply(db, kind.name, kind.steps)


def check(db: Database, path: Path, kind: DatabaseKind, *, whole: bool) -> None:
    """Raise DamagedError unless the file is one of ours and (`whole`, or small) every page of it holds together."""
    conn = db.conn
    present = {row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()}
    if not present.issuperset(kind.tables):
        raise DamagedError("a table is missing")
    if conn.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise DamagedError("not a database of this agent")
    if not whole and path.stat().st_size > ALWAYS_CHECKED:
        return
    found = conn.execute("PRAGMA quick_check(1)").fetchone()
    if found is None or found[0] != "ok":
        raise DamagedError(f"quick_check: {found and found[0]}")


def used_bytes(db: Database) -> int:
    """Bytes of pages in use; free pages inside the file are not counted, they are written next."""
    one = db.conn.execute
    pages = one("PRAGMA page_count").fetchone()[0] - one("PRAGMA freelist_count").fetchone()[0]
    return int(pages * one("PRAGMA page_size").fetchone()[0])


def _settings(conn: sqlite3.Connection, kind: DatabaseKind) -> None:
    for setting in (
        # first of all: the WAL's index is then kept in our own memory. In the usual mode it is a mapped file, and a disk that
        # turns read-only or fails under a mapping ends the whole process with SIGBUS (seen with an immutable file on ext4)
        "locking_mode = EXCLUSIVE",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "cell_size_check = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
        f"cache_size = {-CACHE_KB:d}",
        f"journal_size_limit = {WAL_LIMIT:d}",
        f"wal_autocheckpoint = {kind.checkpoint:d}",
        f"max_page_count = {kind.cap // kind.page:d}",
    ):
        conn.execute(f"PRAGMA {setting}")


def _check_shape(path: Path) -> None:
    """Only a plain file that we may write and that holds something is opened; FileNotFoundError where there is none."""
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        raise DamagedError("not a plain file")
    if state.st_size == 0:
        raise DamagedError("empty")
    for end in (
        "-wal",
        "-shm",
        "-journal",
    ):  # SQLite would wait for ever for what comes out of a FIFO, and fail at a folder
        beside = Path(f"{path}{end}")
        if os.path.lexists(beside) and not beside.is_file():
            plainfile.clear(beside)
    if stat.S_IMODE(state.st_mode) != 0o600:
        try:
            path.chmod(0o600)
        except PermissionError:  # another owner's; on a read-only disk it is OSError and a matter of mode
            raise DamagedError("owned by somebody else") from None
