"""Alarms may be of no unit.

Why: that a second `serve` with a copy of the folder came to the broker concerns the centre, and no unit of the register.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("alarms", "unit", nullable=True)
        return
    # Rebuilt here, not by a batch: that puts the constraints in another order each time.
    op.create_table(
        "new_alarms",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit")),
        Column("kind", String, nullable=False),
        Column("epoch", String, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("line", LargeBinary),
        Column("detail", Text, nullable=False),
        Column("taken_utc", Float, nullable=False),
        Column("matched", Boolean),
        Column("handed_utc", Float),
        UniqueConstraint("unit", "kind", "epoch", "seq", "detail"),
    )
    names = "id, unit, kind, epoch, seq, line, detail, taken_utc, matched, handed_utc"
    op.execute(f"INSERT INTO new_alarms ({names}) SELECT {names} FROM alarms")  # noqa: S608
    op.drop_table("alarms")
    op.rename_table("new_alarms", "alarms")
