"""The rows of changes of keys as they are written, each an act of the centre. Owns the table rotations, which rotations.py reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from centre import acts, adopted
from centre.schema import rotations


def enter(conn: Connection, values: Mapping[str, Any], now: float, number: int | None = None) -> None:
    """A change begins, or (with its `number`) goes on."""
    if number is None:
        number = conn.execute(insert(rotations).values(**values).returning(rotations.c.id)).scalar_one()
    else:
        conn.execute(update(rotations).where(rotations.c.id == number).values(**values))
    row = conn.execute(select(rotations).where(rotations.c.id == number)).one()
    acts.note(conn, "rotation", adopted.rotation_data(row), now)
