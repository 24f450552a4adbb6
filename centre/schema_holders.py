"""The books' tables of whom reports and services go to, and of holders that units are to forget. Part of the schema in schema.py, which says how a change is made."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, LargeBinary, String, Table, Text

from centre.engines import Number
from centre.schema import metadata

recipients = Table(
    "recipients",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String, nullable=False, comment="grid | community | street | police | partner | volunteer"),
    Column("added_utc", Float, nullable=False),
    Column("removed_utc", Float),
)
"""Who deals with reports and services (centre/recipients.py)."""

erasures = Table(
    "erasures",
    metadata,
    Column("holder", String, primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("asked_utc", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("done_utc", Float, comment="the unit's clock, as it said so; null: not yet"),
)
"""Holders whose remains units are to remove, and which have (centre/erasures.py)."""

lost = Table(
    "lost",
    metadata,
    Column("id", Number, primary_key=True),
    Column("what", String, nullable=False, comment="card | id | org, as the columns of a roster's file"),
    Column("name", String, comment="of an id, an organisation"),
    Column("sealed", LargeBinary, comment="of a card: its number, for keys/holders.key"),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at_utc", Float, nullable=False),
    Column("again_utc", Float, comment="when it was taken in again, on purpose"),
)
"""What was revoked, and no older list of a roster is to bring back (centre/lost.py)."""
