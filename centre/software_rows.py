"""Rows of bundles and rolls, as the centre's own journal tells them: written here and nowhere else, each with its act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from centre import acts
from centre.books import insert_or_update
from centre.schema_software import bundles, rolls

Data = dict[str, Any]


def enter_bundle(conn: Connection, row: Mapping[str, Any], now: float) -> None:
    """New, or in place of what the books said of this version and form."""
    conn.execute(insert_or_update(conn, bundles, row))
    acts.note(conn, "bundle", dict(row), now)


def enter_roll(conn: Connection, row: Mapping[str, Any], now: float) -> None:
    """New, or as far as it is from now on."""
    made = {**row, "changed_utc": now}
    conn.execute(insert_or_update(conn, rolls, made))
    acts.note(conn, "roll", made, now)


def all_data(conn: Connection) -> dict[str, Data]:
    """By a name for people."""
    found = {name_of("bundle", row._asdict()): row._asdict() for row in conn.execute(select(bundles))}
    return found | {name_of("roll", row._asdict()): row._asdict() for row in conn.execute(select(rolls))}


def name_of(what: str, row: Mapping[str, Any]) -> str:
    return f"{what} {row['version']} {row['form']}" if what == "bundle" else f"{what} {row['id']}"
