"""How far a roster's revision has come: which units of its scope said that they have it, and which are still to take it. Only reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from centre import handed
from centre.schema import units
from contract.messages import Kind

Name = tuple[str, str, int]
"""Scope, id, revision."""


@dataclass(frozen=True, slots=True)
class RosterSpread:
    """Units that hold it (`has`) and that do not (`lack`), by id; those that are not enrolled are in neither."""

    has: tuple[str, ...]
    lack: tuple[str, ...]

    @property
    def every(self) -> int:
        return len(self.has) + len(self.lack)


@dataclass(frozen=True, slots=True)
class Lacking:
    """`online`: it takes it in a moment; else when it is back. `heard_utc`: when it was heard of last."""

    unit: str
    online: bool
    heard_utc: float | None


def of(conn: Connection, names: Iterable[Name]) -> dict[Name, RosterSpread]:
    there = handed.live(conn)
    applied = handed.has_applied(conn, Kind.ROSTER)
    found = {}
    for scope, name, rev in names:
        mine = handed.live_in(there, scope)
        has = tuple(unit for unit in mine if applied.get((unit, scope, name), 0) >= rev)
        held = frozenset(has)
        found[scope, name, rev] = RosterSpread(has, tuple(unit for unit in mine if unit not in held))
    return found


def together(reached: Iterable[RosterSpread]) -> RosterSpread:
    """Of several rosters: a unit has them when it has each that is for it."""
    each = list(reached)
    lack = frozenset(unit for mine in each for unit in mine.lack)
    has = frozenset(unit for mine in each for unit in mine.has) - lack
    return RosterSpread(tuple(sorted(has)), tuple(sorted(lack)))


def lacking(conn: Connection, names: Iterable[str]) -> list[Lacking]:
    """Those that are offline first, the longest away at the top."""
    wanted = frozenset(names)
    rows = conn.execute(select(units.c.unit, units.c.online, units.c.heard_utc))
    found = [Lacking(row.unit, bool(row.online), row.heard_utc) for row in rows if row.unit in wanted]
    return sorted(found, key=lambda each: (each.online, each.heard_utc or 0.0, each.unit))
