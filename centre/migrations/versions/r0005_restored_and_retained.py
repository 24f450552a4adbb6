"""Revisions that units show and the books lack, when each unit gave its list, and checkpoints of facts kept no longer.

Why: books restored from an older copy must count on from what units have seen, and facts are kept for months, not for ever. Tables
are added, and none is changed.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "revs_heard",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("heard_utc", Float, nullable=False),
    )
    op.create_table(
        "shown_revs",
        Column("kind", String, primary_key=True),
        Column("scope", String, primary_key=True),
        Column("id", String, primary_key=True, comment="empty for settings, keys and secrets"),
        Column("rev", Integer, nullable=False),
        Column("shown_utc", Float, nullable=False),
    )
    op.create_table(
        "pruned",
        Column("epoch_id", Integer, ForeignKey("epochs.id"), primary_key=True),
        Column("base", Integer, nullable=False, comment="last number that is kept no longer; the epoch's base"),
        Column("h", LargeBinary, nullable=False, comment="hash of the chain there; the epoch's start"),
        Column("link", String, nullable=False, comment="what the epoch's link was"),
        Column("start", LargeBinary, nullable=False, comment="what its start was"),
        Column("pruned_utc", Float, nullable=False),
    )
