"""Names that somebody typed, held against what the centre knows: doors that units told of, holders of rosters, recipients."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from centre import people, recipients
from centre.cases import code_tables
from centre.schema import units as units_table
from centre.schema_holders import lost
from centre.settings_csv import TO


def doors_of(conn: Connection, units: Collection[str]) -> dict[str, frozenset[str]]:
    """By unit, the doors of its last status; a unit that told of none is left out."""
    found = {}
    for row in conn.execute(select(units_table.c.unit, units_table.c.status)):
        doors = json.loads(row.status).get("doors") if row.status and row.unit in units else None
        if isinstance(doors, dict) and doors:
            found[row.unit] = frozenset(doors)
    return found


def doors_nobody_has(conn: Connection, units: Collection[str], doors: Iterable[str]) -> list[str]:
    """Those that none of these units said so far that it has; none where no unit said anything yet."""
    told = doors_of(conn, units)
    there = frozenset[str]().union(*told.values())
    return sorted(set(doors) - there) if told else []


def holders(conn: Connection, site: str) -> frozenset[str]:
    """The ids in rosters in place."""
    return frozenset(people.ids(people.parts(conn, site)))


def revoked_holders(conn: Connection) -> frozenset[str]:
    """The ids that were revoked or erased."""
    return frozenset(conn.execute(select(lost.c.name).where(lost.c.what == "id")).scalars())


def recipients_of(conn: Connection) -> list[str]:
    """Whom reports may go to: of the register, of the codes in settings, and those that every street has."""
    codes = {
        code.to for tables in code_tables(conn).values() for table in tables for code in (table.codes or {}).values()
    }
    return sorted({*recipients.known(conn), *codes, *TO.values()})
