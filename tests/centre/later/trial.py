"""All that an upgrade may have to do at once: tables rebuilt that others refer to, a new one, rows changed.

Why: only for tests. A table that is rebuilt is the hard case at SQLite, which would take what refers to it along.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, String, Text, text

revision = "later"
down_revision = "newest"


def upgrade() -> None:
    with op.batch_alter_table("units", recreate="always") as units:
        units.add_column(Column("district", Text, nullable=False, server_default="south"))
    with op.batch_alter_table("epochs", recreate="always") as epochs:
        epochs.alter_column("begun_utc", new_column_name="begun_at")
    with op.batch_alter_table("facts", recreate="always") as facts:
        facts.add_column(Column("door", String))
    op.create_table(
        "visits",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
    )
    op.create_index("visits_of", "visits", ["unit"])
    op.execute("INSERT INTO visits (unit) SELECT unit FROM units")
    op.execute("UPDATE facts SET door = 'main' WHERE kind = 'access.granted'")
    # Its key is the name: a second run would fail.
    op.get_bind().execute(text("INSERT INTO meta (name, value) VALUES ('trial', :one)"), {"one": 1})
