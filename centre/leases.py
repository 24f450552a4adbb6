"""Which units' messages a `serve` takes, of several that share the books at PostgreSQL: units are spread over partitions by a hash of
their ids, and each partition is leased to one of them. With books at SQLite one `serve` has them all.

A lease is an advisory lock of the very connection that the intake writes by. So who lost that connection, however, has lost its leases
and cannot write by them any more; who gets them reads anew what the books say. The server frees them when the connection ends, or when
the machine behind it is silent for 5 s (centre/engines.py).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from centre import acts
from centre.books import Books

PARTITIONS = 64
"""Never changed while a `serve` runs: all must spread the units in the same way."""
HUNG_S = 10
"""A `serve` that says nothing to the database for so long has its leases no more, though its process is there: it looks each quarter of a second."""
_MEMBERS = PARTITIONS
"""Number of the lock that all of them share: whoever holds it is there."""
_NAMES = 1 << 30
"""From here on, a lock for each name: two of one name would push each other off the broker."""
_OURS = "locktype = 'advisory' AND classid = :site AND objsubid = 2 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
_THERE = text("SELECT pg_try_advisory_lock_shared(:site, :members)")
_COUNT = text(f"SELECT count(*) FROM pg_locks WHERE {_OURS} AND objid = :members")  # noqa: S608
_FREE = text(
    f"SELECT n FROM generate_series(0, :members - 1) n WHERE n NOT IN (SELECT objid::int FROM pg_locks WHERE {_OURS}) ORDER BY n"  # noqa: S608
)
_LOCK = text("SELECT pg_try_advisory_lock(:site, :n)")
_ALL = text("SELECT pg_advisory_unlock_all()")
_UNLOCK = text("SELECT pg_advisory_unlock(:site, :n)")


def partition_of(unit: str) -> int:
    """The same in every process."""
    return zlib.crc32(unit.encode()) % PARTITIONS


def class_of(site: str) -> int:
    """The first number of a site's locks."""
    return zlib.crc32(f"doorward/{site}".encode()) & 0x7FFF_FFFF


def members(conn: Connection, number: int) -> int:
    """How many `serve` share the books at PostgreSQL; `number`: of class_of."""
    count: int = conn.execute(_COUNT, {"site": number, "members": _MEMBERS}).scalar_one()
    return count


class Leases:
    """Used by one thread. `settle` takes and gives up leases; until it was called there are none (with SQLite: all)."""

    def __init__(self, books: Books, site: str, name: str | None = None) -> None:
        """`name`: of the `serve`; None: the first one's."""
        self._books = books
        self.single = books.in_a_file
        self._site = class_of(site)
        self._name = _NAMES | zlib.crc32((name or "").encode()) & (_NAMES - 1)
        self.named = self.single
        """Whether its name is its own: without it there are no leases."""
        self._counted = False
        """Whether it is one of those who share the books; not before it takes part (share.py), for who is alone takes everything."""
        self._conn: Connection | None = None
        self._held: set[int] = set()
        self.others = 0
        """How many others share the books, by the last look."""

    @property
    def held(self) -> frozenset[int]:
        return frozenset(range(PARTITIONS)) if self.single else frozenset(self._held)

    @property
    def all_held(self) -> bool:
        return self.single or len(self._held) == PARTITIONS

    def has(self, unit: str) -> bool:
        """Any text may stand as a unit here."""
        return self.single or partition_of(unit) in self._held

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As Books.writing, by the connection that has the leases. Where it was lost they are too, and so is this transaction."""
        if self.single:
            with self._books.writing() as conn:
                yield conn
            return
        with self._kept() as conn, conn.begin(), acts.entered_last(conn):
            yield conn

    def settle(self) -> frozenset[int]:
        """Looks who else is there, gives up what is more than a fair share, takes what is free of it. Returns what was gained.

        Raises the database's errors; then there are none.
        """
        if self.single:
            return frozenset()
        try:
            return frozenset(self._settle())
        except SQLAlchemyError:
            self.close()  # locks outlive a transaction that was undone: none may be left that nobody knows of
            raise

    def take_name(self) -> bool:
        """Whether the name is its own by now; of two that have the same the second gets it when the first is gone. Raises the database's errors."""
        if self.single:
            return True
        with self._kept() as conn, conn.begin():
            return self._take_name(conn)

    def _take_name(self, conn: Connection) -> bool:
        if not self.named:
            self.named = conn.execute(_LOCK, {"site": self._site, "n": self._name}).scalar_one()
        return self.named

    def _settle(self) -> set[int]:
        with self._kept() as conn, conn.begin():
            if not self._take_name(conn):
                return set()
            if not self._counted:
                conn.execute(_THERE, {"site": self._site, "members": _MEMBERS})
                self._counted = True
            count = members(conn, self._site)
            self.others = max(0, count - 1)
            share = -(-PARTITIONS // max(1, count))
            for number in sorted(self._held)[share:]:
                conn.execute(_UNLOCK, {"site": self._site, "n": number})
                self._held.discard(number)
            gained: set[int] = set()
            if len(self._held) < share:
                free = conn.execute(_FREE, {"site": self._site, "members": _MEMBERS}).scalars().all()
                for number in free[: share - len(self._held)]:
                    if conn.execute(_LOCK, {"site": self._site, "n": number}).scalar_one():
                        gained.add(number)
            self._held |= gained
        return gained

    def count(self) -> int:
        """How many others are there, while it has no lease itself. Raises the database's errors."""
        if self.single:
            return 0
        with self._books.reading() as conn:
            return members(conn, self._site)

    def leave(self) -> int:
        """Gives up all. How many others are there then; 0 where nobody can tell. Of two that leave at once one sees none."""
        self.close()
        try:
            return self.count()
        except SQLAlchemyError:
            return 0

    def close(self) -> None:
        """Others may have them at once."""
        conn, self._conn, self._held, self.named = self._conn, None, set(), self.single
        self._counted = False
        if conn is not None:
            with suppress(SQLAlchemyError), conn.begin():  # the server sees the end of a connection some time later
                conn.execute(_ALL)
            conn.invalidate()
            conn.close()

    @contextmanager
    def _kept(self) -> Iterator[Connection]:
        """The connection; none any more where it is lost."""
        if self._conn is None:
            conn = self._books.engine.connect()
            try:
                with conn.begin():
                    if (conn.dialect.server_version_info or ()) >= (14,):
                        conn.exec_driver_sql(f"SET idle_session_timeout = '{HUNG_S}s'")
                    conn.exec_driver_sql(f"SET idle_in_transaction_session_timeout = '{HUNG_S}s'")
            except BaseException:
                conn.invalidate()
                conn.close()
                raise
            self._conn = conn
        conn = self._conn
        try:
            yield conn
        except SQLAlchemyError:
            if conn.invalidated:
                self.close()
            raise
