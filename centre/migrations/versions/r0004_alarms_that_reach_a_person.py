"""Tables for alarms that somebody takes note of, for findings told by an open alarm, and for what one unit may leave in the books.

Why: alarms were rows that nobody saw, a cloned unit made hundreds of them, and one hostile unit could fill the disk with forks.
Tables are added and none is changed: alarms of before are open, and nothing of before counts against a unit.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "acknowledgements",
        Column("alarm", Integer, ForeignKey("alarms.id"), primary_key=True),
        Column("by", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("at_utc", Float, nullable=False),
    )
    op.create_table(
        "repeats",
        Column("alarm", Integer, ForeignKey("alarms.id"), primary_key=True),
        Column("count", Integer, nullable=False),
        Column("kind", String, nullable=False, comment="of the last one"),
        Column("detail", Text, nullable=False, comment="likewise"),
        Column("last_utc", Float, nullable=False),
    )
    op.create_table(
        "excesses",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("what", String, primary_key=True, comment="fork | epoch | gap"),
        Column("day", Integer, primary_key=True, comment="UTC days since 1970"),
        Column("kept", Integer, nullable=False),
        Column("beyond", Integer, nullable=False, comment="over the limits: not kept"),
    )
