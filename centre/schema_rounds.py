"""The books' table of patrol rounds. Part of the schema in schema.py, which says how a change is made."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, LargeBinary, String, Table, text

from centre.engines import Number
from centre.schema import facts, metadata

round_revs = Table(
    "round_revs",
    metadata,
    Column("scope", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("rev", Number, primary_key=True, autoincrement=False),
    Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
    Column("made_utc", Float, nullable=False),
)
"""Every revision there ever was: what was to be walked on a day is what was in force then (centre/state.py writes it)."""

OF_PATROL = text("substr(kind, 1, 7) = 'patrol.'")
"""Facts of patrols: these very words find the index."""
facts_patrol = Index("facts_patrol", facts.c.at_utc, sqlite_where=OF_PATROL, postgresql_where=OF_PATROL)
