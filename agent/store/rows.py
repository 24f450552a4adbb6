"""The small rows of the journal that steer everything: written with a checksum, and values read back with the type they had."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.core.effects import AppendFacts, KeptMode, KeptTries, SeenCommand, UsedVisitor
from agent.core.marks import CheckedIn
from agent.core.time import KnownTime
from agent.store import patrol
from agent.store.database import Database
from agent.store.faults import DamagedError
from agent.store.homes import put_home
from agent.store.meters import put_meter
from agent.store.schema import seal, unseal

ALL_NOTICES = "notice * *"
"""In the place of a revision's name, which cannot be this."""


def put_life(db: Database, boot: int, *, clean: bool) -> None:
    """The column `floor` is not used any more."""
    values = (boot, int(clean), None)
    db.conn.execute("INSERT OR REPLACE INTO life VALUES (1, ?, ?, ?, ?)", (*values, seal(*values)))


def put_known(db: Database, known: KnownTime) -> None:
    doubt = None if known.doubt_utc is None else float(known.doubt_utc)
    values = (float(known.confirmed_utc), float(known.floor_utc), doubt)
    db.conn.execute("INSERT OR REPLACE INTO known VALUES (1, ?, ?, ?, ?)", (*values, seal(*values)))


def put_position(db: Database, confirmed: int, confirmed_h: bytes, base: int, base_h: bytes) -> None:
    values = (confirmed, confirmed_h, base, base_h)
    db.conn.execute("INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?, ?, ?)", (*values, seal(*values)))


def put_epoch(db: Database, epoch: str, utc: float, prev_epoch: str, prev_head: str) -> None:
    values = (epoch, float(utc), prev_epoch, prev_head)
    db.conn.execute("INSERT INTO epochs VALUES (NULL, ?, ?, ?, ?, ?)", (*values, seal(*values)))


def put_rev(db: Database, name: str, rev: int) -> None:
    """The highest revision wins; `ALL_NOTICES` takes those of notices out."""
    if name == ALL_NOTICES:
        db.conn.execute("DELETE FROM revs WHERE name LIKE 'notice %'")
        return
    db.conn.execute(
        "INSERT INTO revs VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET rev = excluded.rev, sum = excluded.sum "
        "WHERE excluded.rev > revs.rev",
        (name, rev, seal(name, rev)),
    )


def forget_revs(db: Database, kept: int) -> int:
    """All but the newest so many names of notices go (a revision that grows keeps its place). Returns how many rows are left."""
    notices = "SELECT rowid FROM revs WHERE name LIKE 'notice %' ORDER BY rowid DESC LIMIT 1 OFFSET ?"
    db.conn.execute(f"DELETE FROM revs WHERE name LIKE 'notice %' AND rowid <= ({notices})", (kept,))  # noqa: S608  # texts of ours
    left: int = db.conn.execute("SELECT count(*) FROM revs").fetchone()[0]
    return left


def put_keys(db: Database, rev: int, body: bytes) -> None:
    db.conn.execute(
        "INSERT INTO keys VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, body = excluded.body, "
        "sum = excluded.sum WHERE excluded.rev >= keys.rev",
        (rev, body, seal(body)),
    )


def put_secrets(db: Database, rev: int, body: bytes) -> None:
    db.conn.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)", (rev, body, seal(rev, body)))


def secrets(db: Database) -> tuple[bytes, ...]:
    """Bodies, oldest first."""
    rows = db.conn.execute("SELECT rev, body, sum FROM secrets ORDER BY rev").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(row[1] for row in rows)


def keep_secrets(db: Database, revs: tuple[int, ...]) -> None:
    """All but these go."""
    marks = ", ".join("?" * len(revs))
    db.conn.execute(f"DELETE FROM secrets WHERE rev NOT IN ({marks})", revs)  # noqa: S608  # marks of ours


def put_with(db: Database, record: AppendFacts) -> None:
    """What goes along with a record's facts."""
    if record.seen is not None:
        put_seen(db, record.seen)
    for done in record.finish:
        db.conn.execute("UPDATE seen SET pending = 0 WHERE id = ?", (done,))
    for mode in record.modes:
        put_mode(db, mode)
    if record.known is not None:
        put_known(db, record.known)
    if record.tries is not None:
        put_tries(db, record.tries)
    if record.visitor is not None:
        put_visited(db, record.visitor)
    for home in record.homes:
        put_home(db, home)
    for meter in record.meters:
        put_meter(db, meter)
    if record.checkin is not None:
        put_unreported_checkins(db, record.checkin)
    if record.rounds is not None:
        patrol.put(db, record.rounds)
    for reported_checkins in record.reported_checkins:
        db.conn.execute(
            "DELETE FROM untold WHERE stop = ? AND by = ? AND utc = ?",
            (reported_checkins.stop, reported_checkins.by, reported_checkins.utc),
        )


def put_unreported_checkins(db: Database, checkin: CheckedIn) -> None:
    values = (checkin.stop, checkin.by, float(checkin.utc))
    db.conn.execute("INSERT OR REPLACE INTO untold VALUES (?, ?, ?, ?)", (*values, seal(*values)))


def unreported_checkins(db: Database) -> tuple[CheckedIn, ...]:
    """Check-ins of which it is not sure that the person was told."""
    rows = db.conn.execute("SELECT stop, by, utc, sum FROM untold ORDER BY utc").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(CheckedIn(*row[:3]) for row in rows)


def put_tries(db: Database, tries: KeptTries) -> None:
    """The newest word on a reader; a good one needs none."""
    db.conn.execute("DELETE FROM tries WHERE reader = ?", (tries.reader,))
    if tries.wrong or tries.rounds:
        values = (tries.reader, tries.wrong, tries.rounds, None if tries.until_utc is None else float(tries.until_utc))
        db.conn.execute("INSERT INTO tries VALUES (?, ?, ?, ?, ?)", (*values, seal(*values)))


def tries(db: Database) -> tuple[KeptTries, ...]:
    rows = db.conn.execute("SELECT reader, wrong, rounds, until, sum FROM tries ORDER BY reader").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(KeptTries(*row[:4]) for row in rows)


def put_visited(db: Database, code: UsedVisitor) -> None:
    values = (code.door, code.day, code.serial)
    db.conn.execute("INSERT OR REPLACE INTO visited VALUES (?, ?, ?, ?)", (*values, seal(*values)))


def visited(db: Database) -> tuple[UsedVisitor, ...]:
    """Visitors' codes that were used."""
    rows = db.conn.execute("SELECT door, day, serial, sum FROM visited ORDER BY day, door, serial").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(UsedVisitor(*row[:3]) for row in rows)


def forget_visited(db: Database, before_utc: float) -> None:
    """Those of days that were over before."""
    day = datetime.fromtimestamp(min(max(before_utc, 0.0), 253402214400.0), UTC).date().isoformat()
    db.conn.execute("DELETE FROM visited WHERE day < ?", (day,))


def put_seen(db: Database, seen: SeenCommand) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)",
        (seen.id, float(seen.exp), seen.action, seen.door, seen.actor, int(seen.pending)),
    )


def forget_seen(db: Database, before_utc: float, refused: int) -> None:
    """Those that ended before, and of the refused ones all but the newest so many."""
    db.conn.execute("DELETE FROM seen WHERE exp < ? AND pending = 0", (before_utc,))
    newest = "SELECT rowid FROM seen WHERE action = 'refused' ORDER BY rowid DESC LIMIT 1 OFFSET ?"
    db.conn.execute(f"DELETE FROM seen WHERE action = 'refused' AND rowid <= ({newest})", (refused,))  # noqa: S608  # texts of ours


def put_mode(db: Database, mode: KeptMode) -> None:
    """The newest word on a door; a normal one needs none."""
    db.conn.execute("DELETE FROM modes WHERE door = ?", (mode.door,))
    if mode.mode != "normal":
        values = (mode.door, mode.mode, float(mode.until_utc))
        db.conn.execute("INSERT INTO modes VALUES (?, ?, ?, ?)", (*values, seal(*values)))


def only(row: Any) -> tuple[Any, ...]:
    if row is None:
        raise DamagedError("a row that always is there is missing")
    return tuple(row)


def blob(value: object) -> bytes:
    """One flipped bit turns a blob into a text."""
    if not isinstance(value, bytes):
        raise DamagedError("a value has another type than was written")
    return value


def number(value: object) -> int:
    if not isinstance(value, int):
        raise DamagedError("a value has another type than was written")
    return value
