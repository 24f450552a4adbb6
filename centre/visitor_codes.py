"""The rows of visitors' codes as they are written, each an act of the centre, and what a change of their key waits for. Owns the table visitors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from centre import acts
from centre.adopted import Data
from centre.books import insert_or_update
from centre.schema_people import visitors
from centre.words import _


def enter(conn: Connection, row: Mapping[str, Any], now: float) -> None:
    """A code that is told to somebody, or that is revoked."""
    conn.execute(insert_or_update(conn, visitors, row))
    acts.note(conn, "visitor", visitor_data(row), now)


def visitor_data(row: Mapping[str, Any]) -> Data:
    """As the journal tells it."""
    names = ("unit", "door", "day", "serial", "key", "note", "made_utc", "revoked_utc")
    return {name: row[name] for name in names}


def of_day(conn: Connection, unit: str, door: str, day: str) -> list[Row[Any]]:
    mine = (visitors.c.unit == unit) & (visitors.c.door == door) & (visitors.c.day == day)
    return list(conn.execute(select(visitors).where(mine).order_by(visitors.c.serial)))


def of_unit(conn: Connection, unit: str, since: str) -> list[Row[Any]]:
    """From this day on."""
    mine = (visitors.c.unit == unit) & (visitors.c.day >= since)
    return list(conn.execute(select(visitors).where(mine).order_by(visitors.c.day, visitors.c.door, visitors.c.serial)))


def all_data(conn: Connection) -> dict[str, Data]:
    """By a name for people."""
    rows = (row._asdict() for row in conn.execute(select(visitors)))
    return {name_of(row): visitor_data(row) for row in rows}


def name_of(row: Mapping[str, Any]) -> str:
    return f"{row['unit']} {row['door']} {row['day']}/{row['serial']}"


def waits(conn: Connection, old: Sequence[str], new: str) -> Iterator[str]:
    """Codes made with the old key are good up to their day, anywhere on earth."""
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    mine = visitors.c.key.in_(old) & (visitors.c.day >= yesterday) & visitors.c.revoked_utc.is_(None)
    count, last = conn.execute(select(func.count(), func.max(visitors.c.day)).where(mine)).one()
    if count:
        yield _("{count} visitors' codes made with the key before {new} are good until {last}").format(
            count=count, new=new, last=last
        )
