"""Which units are there: births, health and deaths as they come. Owns the presence columns of `units`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from centre.schema import units
from contract.plain import UnitPresence, UnitState


class Presences:
    """Knows the newest session of each unit, and writes what came many at a time: 2,000 that come back tell it thrice each.

    Dies with its transaction's failure: make a new one then.
    """

    def __init__(self, conn: Connection) -> None:
        self._sessions = {row.unit: row.session for row in conn.execute(select(units.c.unit, units.c.session))}
        self._alive: dict[str, dict[str, Any]] = {}
        self._dead: dict[str, dict[str, Any]] = {}

    def heard(self, unit: str, status: UnitPresence, message: bytes, now: float) -> bool:
        """Takes a status; False where it is the death of an earlier session than the one that is alive: sessions count, not times.

        `flush` before the transaction ends.
        """
        row = {"of": unit, "is_session": status.session, "at_utc": now}
        if status.state is UnitState.OFFLINE:
            known = self._sessions.get(unit)
            if known is not None and known != status.session:
                return False
            self._alive.pop(unit, None)
            self._dead[unit] = row
        else:
            self._dead.pop(unit, None)
            self._alive[unit] = row | {"text": message.decode()}
        self._sessions[unit] = status.session
        return True

    def flush(self, conn: Connection) -> None:
        """Writes what `heard` gathered: of each unit the last."""
        there = update(units).where(units.c.unit == bindparam("of"))
        common: dict[str, Any] = {"session": bindparam("is_session"), "heard_utc": bindparam("at_utc")}
        if self._alive:
            alive = there.values(**common, online=True, status=bindparam("text"))
            conn.execute(alive, list(self._alive.values()))
        if self._dead:
            conn.execute(there.values(**common, online=False), list(self._dead.values()))
        self._alive, self._dead = {}, {}
