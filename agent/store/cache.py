"""cache.db, what the broker holds too: notices, settings, and every other message of desired state; rosters and their parts. SQL only; may raise what faults.STORAGE_ERRORS names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from agent.store import bodies, database
from agent.store.database import Database, Transaction
from agent.store.faults import STORAGE_ERRORS, DamagedError
from agent.store.schema import CACHE_KIND, CACHE_TABLES, message_row, seal, unseal
from contract.messages import MAX_HOLDERS, Holder, Kind, RosterPart, StateMessage

PARTS_BYTES = 64 * 1024 * 1024
"""Of all parts kept, as they were sent: a thousand of the largest messages, ten times what 20,000 holders take, and half of what the file may have."""


class Saved(Enum):
    KEPT = "kept"
    WHOLE = "whole"
    WAITS = "waits"
    FULL = "full"


Roster = tuple[str, str]
"""(scope, id)"""


class Cache:
    """An open cache, on disk or in memory. Methods that write join the transaction their caller holds."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reading: tuple[str, str, str, int] | None = None
        """What is just being read, as (kind, scope, id, rev): after an exception, where it came from."""
        self._reader = bodies.PartReader()

    def transaction(self) -> Transaction:
        return Transaction(self.db)

    # --- messages that are whole in themselves: all but rosters

    def save(self, message: StateMessage, signed: bytes) -> None:
        """An older revision changes nothing."""
        body = bodies.body_of(message, signed)
        self.db.conn.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, scope, id) DO UPDATE SET rev = excluded.rev, "
            "body = excluded.body, sum = excluded.sum WHERE excluded.rev >= messages.rev",
            message_row(message.KIND.value, str(message.scope), message.ident, message.rev, body),
        )

    def messages(self, *kinds: Kind) -> tuple[StateMessage, ...]:
        """All, or those of these kinds, by kind, scope and id."""
        rows = self.db.conn.execute("SELECT * FROM messages ORDER BY kind, scope, id").fetchall()
        return tuple(self._read(row) for row in rows if not kinds or row[0] in kinds)

    def _read(self, row: tuple[Any, ...]) -> StateMessage:
        self.reading = (row[0], row[1], row[2], row[3])
        loaded = bodies.load_message(row[0], _unsealed(row))
        self.reading = None
        return loaded

    def drop(self, kind: str, ids: Iterable[Roster]) -> None:
        rows = [(kind, *each) for each in ids]
        self.db.conn.executemany("DELETE FROM messages WHERE kind = ? AND scope = ? AND id = ?", rows)

    def forget_notices(self) -> None:
        self.db.conn.execute("DELETE FROM messages WHERE kind = 'notice'")

    def set_aside(self, entries: Iterable[tuple[str, str, str, int]]) -> None:
        """Take these (kind, scope, id, rev) out, unread."""
        for kind, *entry in entries:
            run = self.db.conn.execute
            run("DELETE FROM messages WHERE kind = ? AND scope = ? AND id = ? AND rev = ?", (kind, *entry))
            if kind == Kind.ROSTER:
                for table in ("rosters", "parts"):
                    run(f"DELETE FROM {table} WHERE scope = ? AND id = ? AND rev = ?", entry)  # noqa: S608  # names of ours

    # --- rosters

    def save_part(self, part: RosterPart, signed: bytes, card_keys: Collection[str] | None = None) -> Saved:
        """Keep one part; WHOLE when with it the revision is whole and now in force, FULL where that is more than a unit takes: its parts go.
        WAITS where it is whole and hashed with a key that is not among `card_keys` (None: all are here): put_waiting puts it in force.

        Nothing older than what is in force or under way is kept; a part of a newer revision (or of another cut of the same)
        replaces what was incomplete. A part that is in force already changes nothing.
        """
        run = self.db.conn.execute
        roster = (str(part.scope), part.id)
        in_force = run("SELECT rev FROM rosters WHERE scope = ? AND id = ?", roster).fetchone()
        if in_force is not None and part.rev <= in_force[0]:
            return Saved.KEPT
        after = (*roster, -1 if in_force is None else in_force[0])
        under_way = run(
            "SELECT rev, parts FROM parts WHERE scope = ? AND id = ? AND rev > ? ORDER BY rev DESC LIMIT 1", after
        ).fetchone()
        if under_way is not None:
            if part.rev < under_way[0]:
                return Saved.KEPT
            if under_way != (part.rev, part.parts):
                run("DELETE FROM parts WHERE scope = ? AND id = ? AND rev > ?", after)
        values = (*roster, part.rev, part.part, part.parts, bodies.body_of(part, signed))
        if run("SELECT coalesce(sum(length(body)), 0) FROM parts").fetchone()[0] + len(values[-1]) > PARTS_BYTES:
            return self._full(*roster, part.rev)
        run("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, seal(*values)))
        count = run(
            "SELECT count(*) FROM parts WHERE scope = ? AND id = ? AND rev = ?", (*roster, part.rev)
        ).fetchone()[0]
        if count < part.parts:
            return Saved.KEPT
        return self._put_in_force(roster, part.rev, part.parts, card_keys)

    def put_waiting(self, card_keys: Collection[str]) -> dict[Roster, tuple[int, Saved]]:
        """Put in force what is whole and waited for one of these card keys: revision, and WHOLE or FULL, by roster."""
        rows = self.db.conn.execute(
            "SELECT p.scope, p.id, p.rev, max(p.parts) FROM parts p LEFT JOIN rosters r ON p.scope = r.scope AND p.id = r.id "
            "WHERE r.rev IS NULL OR p.rev > r.rev GROUP BY p.scope, p.id, p.rev HAVING count(*) = max(p.parts) ORDER BY p.rev"
        ).fetchall()
        done = {
            (row[0], row[1]): (row[2], self._put_in_force((row[0], row[1]), row[2], row[3], card_keys)) for row in rows
        }
        return {roster: put for roster, put in done.items() if put[1] is not Saved.WAITS}

    def _put_in_force(self, roster: Roster, rev: int, parts: int, card_keys: Collection[str] | None) -> Saved:
        run = self.db.conn.execute
        if card_keys is not None and not self._card_keys_of(roster, rev).issubset(card_keys):
            return Saved.WAITS
        if self._holders_with(roster, rev) > MAX_HOLDERS:
            return self._full(*roster, rev)
        put = (*roster, rev, parts)
        run("INSERT OR REPLACE INTO rosters VALUES (?, ?, ?, ?, ?)", (*put, seal(*put)))
        run("DELETE FROM parts WHERE scope = ? AND id = ? AND rev <> ?", (*roster, rev))
        return Saved.WHOLE

    def _card_keys_of(self, roster: Roster, rev: int) -> set[str]:
        rows = self.db.conn.execute("SELECT body FROM parts WHERE scope = ? AND id = ? AND rev = ?", (*roster, rev))
        return {bodies.card_key_in(body) for (body,) in rows.fetchall()}

    def _full(self, scope: str, ident: str, rev: int) -> Saved:
        self.db.conn.execute("DELETE FROM parts WHERE scope = ? AND id = ? AND rev = ?", (scope, ident, rev))
        return Saved.FULL

    def _holders_with(self, roster: Roster, rev: int) -> int:
        """Holders in all rosters, were this revision in force."""
        rows = self.db.conn.execute(
            "SELECT p.body FROM parts p LEFT JOIN rosters r ON p.scope = r.scope AND p.id = r.id "
            "WHERE (p.scope = ? AND p.id = ? AND p.rev = ?) OR (NOT (p.scope = ? AND p.id = ?) AND p.rev = r.rev)",
            (*roster, rev, *roster),
        )
        return sum(bodies.holders_in(body) for (body,) in rows.fetchall())

    def leave_scopes(self, scopes: Collection[str]) -> None:
        """Drop the rosters of scopes that are not this unit's any more: their cards must not open here."""
        known = self.db.conn.execute("SELECT scope, id FROM rosters UNION SELECT scope, id FROM parts").fetchall()
        for scope, ident in known:
            if scope not in scopes:
                for table in ("rosters", "parts"):
                    self.db.conn.execute(f"DELETE FROM {table} WHERE scope = ? AND id = ?", (scope, ident))  # noqa: S608

    def in_force(self) -> dict[Roster, int]:
        rows = self.db.conn.execute("SELECT scope, id, rev, parts, sum FROM rosters ORDER BY scope, id").fetchall()
        return {(row[0], row[1]): row[2] for row in rows if _unsealed(row) is not None}

    def holders(self, roster: Roster) -> tuple[Holder, ...]:
        """All holders of the roster's revision in force, in the order of its parts."""
        return self.roster(roster)[0]

    def roster(self, roster: Roster) -> tuple[tuple[Holder, ...], frozenset[str]]:
        """Its holders, and the ids of the card keys they are hashed with."""
        rows = self.db.conn.execute(
            "SELECT p.scope, p.id, p.rev, p.part, p.parts, p.body, p.sum FROM parts p JOIN rosters r "
            "ON p.scope = r.scope AND p.id = r.id AND p.rev = r.rev WHERE p.scope = ? AND p.id = ? ORDER BY p.part",
            roster,
        ).fetchall()  # an open cursor would keep a damaged file locked after its connection is closed
        found: list[Holder] = []
        card_keys: set[str] = set()
        due = 0
        for *values, body, sum_ in rows:
            self.reading = ("roster", *roster, values[2])
            unseal(sum_, *values, body)
            part = self._reader.part(body, *values[3:])
            found.extend(part.holders)
            card_keys.add(part.card_key)
            due = values[-1] if due == 0 else due - 1
        self.reading = None
        if due != 1:
            raise DamagedError("a part of a roster in force is missing")
        return tuple(found), frozenset(card_keys)

    def revs(self) -> dict[str, int]:
        rows = self.db.conn.execute("SELECT kind, scope, id, rev FROM messages")
        known = {rev_name(*entry): rev for *entry, rev in rows}
        return known | {rev_name("roster", *roster): rev for roster, rev in self.in_force().items()}

    def restore(self, table: str, values: tuple[Any, ...]) -> None:
        """Put back a row that was salvaged from a damaged cache."""
        marks = ", ".join("?" * len(values))
        self.db.conn.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608  # names of ours

    def drop_incomplete(self) -> None:
        """Take rosters out of force whose parts were not all salvaged."""
        self.db.conn.execute(
            "DELETE FROM rosters WHERE parts <> (SELECT count(*) FROM parts p WHERE p.scope = rosters.scope "
            "AND p.id = rosters.id AND p.rev = rosters.rev)"
        )

    def fold(self) -> None:
        """Empty the WAL, so that what was replaced or deleted is not found there for long."""
        self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def clear(self) -> None:
        for table in CACHE_TABLES:
            self.db.conn.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours

    def close(self) -> None:
        with suppress(*STORAGE_ERRORS):
            self.db.conn.close()


def rev_name(kind: str, scope: str, ident: str) -> str:
    """How a revision is named in the journal and in StoreOpened: `kind scope id`."""
    return f"{kind} {scope} {ident}"


def open_cache(path: Path) -> Cache:
    """Open, check and migrate an existing file. Raises FileNotFoundError where there is none, and STORAGE_ERRORS.

    One in another's hand is not waited for: residents would wait too, and a copy can be read meanwhile.
    """
    db = database.connect(path, CACHE_KIND, busy_s=0.0)
    try:
        database.migrate(db, CACHE_KIND)
        database.check(db, path, CACHE_KIND, whole=False)
        return Cache(db)
    except BaseException:
        db.conn.close()
        raise


def _unsealed(row: tuple[Any, ...]) -> bytes:
    """The last value before the checksum, once the checksum fits."""
    *values, sum_ = row
    unseal(sum_, *values)
    last: bytes = values[-1]
    return last
