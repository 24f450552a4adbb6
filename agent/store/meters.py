"""Water meters in the journal: what each counted last, for the next start."""

from __future__ import annotations

from agent.core.effects import KeptMeter
from agent.store.database import Database
from agent.store.schema import seal, unseal


def put_meter(db: Database, meter: KeptMeter) -> None:
    """The newest word on a meter; one that is gone leaves no row."""
    db.conn.execute("DELETE FROM meters WHERE name = ?", (meter.name,))
    if not meter.gone:
        at, quiet = (None if each is None else float(each) for each in (meter.at_utc, meter.quiet))
        values = (meter.name, meter.litres, at, quiet, meter.told, meter.holder)
        db.conn.execute("INSERT INTO meters VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, seal(*values)))


def meters(db: Database) -> tuple[KeptMeter, ...]:
    rows = db.conn.execute("SELECT name, litres, at, quiet, told, holder, sum FROM meters ORDER BY name").fetchall()
    for *values, sum_ in rows:
        unseal(sum_, *values)
    return tuple(KeptMeter(*row[:6]) for row in rows)
