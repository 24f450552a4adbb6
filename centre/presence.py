"""Which units are there: births, health and deaths as they come. Owns the presence columns of `units`."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from centre.schema import units
from contract.plain import UnitPresence, UnitState


def heard(conn: Connection, unit: str, status: UnitPresence, message: bytes, now: float) -> bool:
    """Enters a status; False where it is the death of an earlier session than the one that is alive: sessions count, not times."""
    row = conn.execute(select(units.c.online, units.c.session).where(units.c.unit == unit)).one()
    if status.state is UnitState.OFFLINE:
        if row.session is not None and row.session != status.session:
            return False
        gone = {"online": False, "session": status.session, "heard_utc": now}
        conn.execute(update(units).where(units.c.unit == unit).values(**gone))
        return True
    text = message.decode()
    there = {"online": True, "session": status.session, "status": text, "heard_utc": now}
    conn.execute(update(units).where(units.c.unit == unit).values(**there))
    return True
