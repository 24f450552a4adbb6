"""Watched households in the journal: how long each has shown no sign of life, for the next start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.core.effects import KeptHome
from agent.store.database import Database
from agent.store.schema import seal, unseal


def put_home(db: Database, home: KeptHome) -> None:
    """The newest word on a household; one that is not watched any more leaves no row."""
    db.conn.execute("DELETE FROM homes WHERE name = ?", (home.name,))
    if not home.gone:
        at = None if home.at_utc is None else float(home.at_utc)
        values = (home.name, home.holder, home.room, float(home.counted_s), at, int(home.silent))
        db.conn.execute("INSERT INTO homes VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, seal(*values)))


def homes(db: Database) -> tuple[KeptHome, ...]:
    rows = db.conn.execute("SELECT name, holder, room, counted, at, silent, sum FROM homes ORDER BY name").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(home_of(row) for row in rows)


def home_of(row: Sequence[Any]) -> KeptHome:
    name, holder, room, counted, at, silent = row[:6]
    return KeptHome(name, holder, room, counted, at, bool(silent))
