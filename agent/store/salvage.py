"""Reading what can still be read from a damaged file that was set aside. Never writes to it more than SQLite's own recovery does."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from agent.core.effects import KeptMeter, KeptMode, KeptTries, UsedVisitor
from agent.core.marks import CheckedIn, PatrolVisit, ToldStop
from agent.core.time import KnownTime
from agent.store import bodies
from agent.store.copying import copied
from agent.store.epochs import CarriedOver
from agent.store.faults import DamagedError
from agent.store.homes import home_of
from agent.store.schema import EARLIER_MESSAGES, message_row, seal
from contract import chain
from contract.messages import Keys, Secrets

T = TypeVar("T")
_SLICE = 200
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError, OverflowError)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The file, or None where SQLite cannot even begin."""
    if not path.is_file() or path.is_symlink():
        yield None
        return
    try:
        conn = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=0.5)
    except sqlite3.Error:
        yield None
        return
    try:
        with suppress(*_UNREADABLE):
            conn.execute("PRAGMA locking_mode = EXCLUSIVE")  # no mapped file here either
        yield conn
    finally:
        with suppress(sqlite3.Error):
            conn.close()


def carried_over_from(conn: sqlite3.Connection | None, confirmed: int = 0) -> CarriedOver:
    """What of a damaged journal goes on; `confirmed`: surely confirmed up to here. `lines` reads from `conn` while it is iterated."""
    if conn is None:
        return CarriedOver()
    carried = CarriedOver()
    carried.epochs = [row[1:5] for row in _intact(conn, "epochs", "epoch, utc, prev_epoch, prev_head, sum")]
    carried.revs = {row[1]: row[2] for row in _intact(conn, "revs", "name, rev, sum")}
    carried.seen = [
        row[1:]
        for row in rows(conn, "seen", "id, exp, action, door, actor, pending")
        if list(map(type, row[1:4])) == [str, float, str]
        and isinstance(row[4], str | None)
        and list(map(type, row[5:])) == [str, int]
    ]
    for row in _intact(conn, "life", "boot, clean, floor, sum"):
        carried.boot = row[1]
    for row in _intact(conn, "known", "confirmed, floor, doubt, sum"):
        carried.known = KnownTime(*row[1:4])
    for row in _intact(conn, "keys", "body, sum"):
        keys = _try(partial(bodies.load, Keys, row[1]))
        carried.keys = None if keys is None else (keys.rev, row[1])
    carried.secrets = [(message.rev, body) for message, body in _secrets(conn)]
    carried.modes = [KeptMode(*row[1:4]) for row in _intact(conn, "modes", "door, mode, until, sum")]
    carried.unreported_checkins = [CheckedIn(*row[1:4]) for row in _intact(conn, "untold", "stop, by, utc, sum")]
    if not _lacks(conn, "visited"):  # a journal of before
        carried.tries = [KeptTries(*row[1:5]) for row in _intact(conn, "tries", "reader, wrong, rounds, until, sum")]
        carried.visited = [UsedVisitor(*row[1:4]) for row in _intact(conn, "visited", "door, day, serial, sum")]
    carried.visits = [
        PatrolVisit(row[1], row[2], row[3], bool(row[4]))
        for row in _patrol(conn, "visits", "door, by, utc, timed, sum")
    ]
    carried.told_stops = [ToldStop(*row[1:3]) for row in _patrol(conn, "told_stops", "round, key, sum")]
    if not _lacks(conn, "homes"):
        kept = "name, holder, room, counted, at, silent, sum"
        carried.homes = [home_of(row[1:]) for row in _intact(conn, "homes", kept)]
    if not _lacks(conn, "meters"):
        columns = "name, litres, at, quiet, told, holder, sum"
        carried.meters = [KeptMeter(*row[1:7]) for row in _intact(conn, "meters", columns)]
    for row in _intact(conn, "position", "confirmed, confirmed_h, base, base_h, sum"):
        confirmed, carried.head = max(confirmed, row[1]), row[2].hex()
    last = _try(lambda: conn.execute("SELECT h FROM facts ORDER BY seq DESC LIMIT 1").fetchone())
    if last is not None and isinstance(last[0], bytes):
        carried.head = last[0].hex()
    carried.lines = _lines(conn, confirmed)
    return carried


def secrets_of(path: Path) -> tuple[Secrets, ...]:
    """What a journal holds of secrets, oldest first, before it is opened for good: cards wait for it. From a copy where it is in another's hand,
    or on a disk that takes nothing; nothing where that cannot be read either.
    """
    with opened(path) as conn:
        if conn is not None and _count(conn, "secrets") is not None:
            return tuple(message for message, _ in _secrets(conn))
    with suppress(OSError), copied(path) as copy, opened(copy) as conn:
        return () if conn is None else tuple(message for message, _ in _secrets(conn))
    return ()


def _count(conn: sqlite3.Connection, table: str) -> int | None:
    """1 where the file has this table, 0 where not, None where that cannot be read."""
    asked = "SELECT count(*) FROM sqlite_master WHERE name = ?"
    found = _try(lambda: conn.execute(asked, (table,)).fetchone())
    return None if found is None else int(found[0])


def _lacks(conn: sqlite3.Connection, table: str) -> bool:
    """Surely not there."""
    return _count(conn, table) == 0


def _patrol(conn: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    if not _lacks(conn, table):  # a journal of before has none
        yield from _intact(conn, table, columns)


def _secrets(conn: sqlite3.Connection) -> Iterator[tuple[Secrets, bytes]]:
    if _lacks(conn, "secrets"):
        return  # a journal of before
    for row in _intact(conn, "secrets", "rev, body, sum"):
        message = _try(partial(bodies.load, Secrets, row[2]))
        if message is not None:
            yield message, row[2]


def _lines(conn: sqlite3.Connection, confirmed: int) -> Iterator[tuple[int, bytes]]:
    """Unconfirmed facts whose chain holds from the row before, where that one could be read."""
    before: tuple[int, bytes] | None = None
    for seq, line, h in rows(conn, "facts", "line, h", after=confirmed):
        if not isinstance(h, bytes):
            before = None
            continue
        whole = (
            before is None
            or before[0] != seq - 1
            or (isinstance(line, bytes) and chain.next_hash(before[1], line) == h)
        )
        if whole and isinstance(line, bytes):
            yield seq, line
        before = (seq, h)


def rows(conn: sqlite3.Connection, table: str, columns: str, after: int = 0) -> Iterator[tuple[Any, ...]]:
    """Every readable row as (rowid, columns…). Steps over damaged pages: further and further until rows can be read again."""
    statement = f"SELECT rowid, {columns} FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608  # names of ours
    step, size, last = 0, _SLICE, after
    top = _top(conn, table)
    while last + step <= top:
        try:
            found = conn.execute(statement, (last + step, size)).fetchall()
        except _UNREADABLE:
            found = None
        fresh = [row for row in found or () if isinstance(row[0], int) and row[0] > last]
        if fresh:
            yield from fresh
            last, step = max(row[0] for row in fresh), 0
            size = min(_SLICE, size * 2)
        elif found == []:
            return
        elif size > 1:
            size = 1  # row by row up to the damage
        else:
            step = step * 2 + 1  # a damaged page, or one that leads back: further on


def _top(conn: sqlite3.Connection, table: str) -> int:
    row = _try(lambda: conn.execute(f"SELECT max(rowid) FROM {table}").fetchone())  # noqa: S608
    return row[0] if row and isinstance(row[0], int) else 1 << 24


def _intact(conn: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Rows whose last column, the checksum, fits the others."""
    for row in rows(conn, table, columns):
        if row[-1] == seal(*row[1:-1]):
            yield row


def cache_rows(conn: sqlite3.Connection | None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Rows of a damaged cache with intact checksums, as (table, values); without those whose message this version cannot read."""
    if conn is None:
        return
    for table, columns in (
        ("messages", "kind, scope, id, rev, body, sum"),
        ("parts", "scope, id, rev, part, parts, body, sum"),
        ("rosters", "scope, id, rev, parts, sum"),
    ):
        found = () if _lacks(conn, table) else (row[1:] for row in _intact(conn, table, columns))
        read = _READ.get(table)
        for values in itertools.chain(found, _messages_of_before(conn) if table == "messages" else ()):
            if read is None or _try(partial(read, values)) is not None:
                yield table, values


def _messages_of_before(conn: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    for kind, table, columns in EARLIER_MESSAGES:
        if not _lacks(conn, table):
            yield from (message_row(kind, *row[1:-1]) for row in _intact(conn, table, f"{columns}, sum"))


_READ: Mapping[str, Callable[[tuple[Any, ...]], object]] = {
    "messages": lambda values: bodies.load_message(values[0], values[4]),
    "parts": lambda values: bodies.PartReader().holders(values[5], *values[3:5]),
}


def _try(read: Callable[[], T]) -> T | None:
    with suppress(*_UNREADABLE, DamagedError):
        return read()
    return None
