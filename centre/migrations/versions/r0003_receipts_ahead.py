"""A table for receipts of notices that come ahead of a unit's backlog, signed, until the chain brings the fact.

Why: while 2,000 units send what they kept for a day, the clerk wants to know who has the notice of now. What came ahead counts as a
receipt at once, so its signature has to be in the books until the fact itself is.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "early",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("epoch", String, primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("line", LargeBinary, nullable=False, comment="the fact, exactly as it came"),
        Column("sig", LargeBinary, nullable=False),
        Column("taken_utc", Float, nullable=False),
    )
