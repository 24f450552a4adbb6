"""What the journal keeps for patrol rounds: check-ins of the last days, and stops that facts told of."""

from __future__ import annotations

from agent.core.marks import PatrolVisit, RoundMarks, ToldStop
from agent.store.database import Database
from agent.store.schema import seal, unseal

VISITS = 256
"""Kept, at least (limits.VISITS_MAX of the core)."""
TOLD = 4096
"""Likewise (limits.TOLD_STOPS_MAX)."""


def put(db: Database, marks: RoundMarks) -> None:
    """What goes along with a record's facts. What is older than the newest so many goes."""
    if marks.visit is not None:
        put_visit(db, marks.visit)
    if marks.not_visit is not None:
        no = marks.not_visit
        db.conn.execute("DELETE FROM visits WHERE door = ? AND by = ? AND utc = ?", (no.door, no.by, float(no.utc)))
    for each in marks.told:
        put_told(db, each)
    if marks.told:
        db.conn.execute("DELETE FROM told_stops WHERE rowid <= (SELECT max(rowid) FROM told_stops) - ?", (TOLD,))


def put_visit(db: Database, visit: PatrolVisit) -> None:
    values = (visit.door, visit.by, float(visit.utc), int(visit.timed))
    db.conn.execute("INSERT INTO visits VALUES (?, ?, ?, ?, ?)", (*values, seal(*values)))
    db.conn.execute("DELETE FROM visits WHERE rowid <= (SELECT max(rowid) FROM visits) - ?", (VISITS,))


def put_told(db: Database, told: ToldStop) -> None:
    values = (told.round, told.key)
    db.conn.execute("INSERT INTO told_stops VALUES (?, ?, ?)", (*values, seal(*values)))


def visits(db: Database) -> tuple[PatrolVisit, ...]:
    """Oldest first."""
    rows = db.conn.execute("SELECT door, by, utc, timed, sum FROM visits ORDER BY rowid").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(PatrolVisit(door, by, utc, bool(timed)) for door, by, utc, timed, _ in rows)


def told_stops(db: Database) -> tuple[ToldStop, ...]:
    rows = db.conn.execute("SELECT round, key, sum FROM told_stops ORDER BY rowid").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(ToldStop(name, key) for name, key, _ in rows)
