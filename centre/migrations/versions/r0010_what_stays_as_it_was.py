"""Tables of what stays as it was: every revision of settings, who may answer a poll as it ended, and what was revoked.

Why: a report keeps the meaning that its code had when it was filed, whatever tables come after it. How many may answer a poll changes with
every roster, and its turnout is that of its end. A card that was reported lost must not come back with an older list, in whatever roster,
whichever card key is in force by then; so its number is kept, sealed as those of the rosters are.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    number = BigInteger() if op.get_bind().dialect.name == "postgresql" else Integer()
    op.create_table(
        "setting_revs",
        Column("scope", String, primary_key=True),
        Column("rev", number, primary_key=True, autoincrement=False),
        Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
        Column("made_utc", Float, nullable=False),
    )
    op.execute(
        "INSERT INTO setting_revs (scope, rev, token, made_utc)"
        " SELECT scope, rev, token, made_utc FROM state WHERE kind = 'settings' AND token IS NOT NULL"
    )
    op.create_table(
        "poll_ends",
        Column("notice", String, primary_key=True),
        Column("unit", String, primary_key=True),
        Column("entitled", Integer, nullable=False, comment="how many could answer there"),
    )
    op.create_table(
        "lost",
        Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
        Column("what", String, nullable=False, comment="card | id | org, as the columns of a roster's file"),
        Column("name", String, comment="of an id, an organisation"),
        Column("sealed", LargeBinary, comment="of a card: its number, for keys/holders.key"),
        Column("by", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("at_utc", Float, nullable=False),
        Column("again_utc", Float, comment="when it was taken in again, on purpose"),
    )
