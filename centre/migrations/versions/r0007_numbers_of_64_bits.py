"""Keys, revisions and what counts up are of 64 bits on PostgreSQL too; each alarm says when the operator's program was run for it.

Why: PostgreSQL's INTEGER ends at 2,147,483,647, which a district's facts pass in some years, and a revision that is a time in
seconds passes in 2038; SQLite's has 64 bits. And one number of the last alarm handed over says nothing of those of several `serve`,
whose numbers are not in the order in which they are committed.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, text

revision = "0007"
down_revision = "0006"

NUMBERS = {
    "meta": ("value",),
    "unit_keys": ("id",),
    "tokens": ("id",),
    "epochs": ("id", "base", "previous", "previous_seq", "seq"),
    "facts": ("n", "epoch_id", "seq"),
    "moved": ("seq",),
    "gaps": ("id", "epoch_id", "first", "last"),
    "batches": ("id", "epoch_id", "key_id", "first", "last"),
    "forks": ("id", "epoch_id", "first", "last"),
    "alarms": ("id", "seq"),
    "receipts": ("rev",),
    "state": ("rev", "sent_rev"),
    "refusals": ("count",),
    "applied": ("rev",),
    "rotations": ("id", "rev"),
    "pruned": ("epoch_id", "base"),
    "acknowledgements": ("alarm",),
    "repeats": ("alarm", "count"),
    "excesses": ("kept", "beyond"),
    "early": ("seq",),
    "shown_revs": ("rev",),
    "signed_gaps": ("epoch_id",),
    "checkpoints": ("number",),
}
COUNTED = ("unit_keys", "tokens", "epochs", "gaps", "batches", "forks", "alarms", "rotations")
"""Tables whose `id` PostgreSQL counts up by a sequence."""


def upgrade() -> None:
    op.add_column(
        "alarms", Column("handed_utc", Float, comment="when the operator's program was run for it; null: not yet")
    )
    handed = "(SELECT value FROM meta WHERE name = 'alarms_handed')"
    op.execute(text(f"UPDATE alarms SET handed_utc = taken_utc WHERE id <= {handed}"))  # noqa: S608  # words of our own
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in NUMBERS.items():
        for column in columns:
            op.alter_column(table, column, existing_type=Integer(), type_=BigInteger())
    for sequence in (*(f"{table}_id_seq" for table in COUNTED), "facts_n_seq"):
        op.execute(f"ALTER SEQUENCE {sequence} AS bigint")
