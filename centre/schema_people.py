"""The books' tables for people at the door. Part of the schema in schema.py, which says how a change is made."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from centre.schema import metadata

visitors = Table(
    "visitors",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("door", String, primary_key=True),
    Column("day", String, primary_key=True, comment="local, as 2026-11-26"),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("key", String, nullable=False, comment="id of the master key it is made with"),
    Column("note", Text, nullable=False),
    Column("made_utc", Float, nullable=False),
    Column("revoked_utc", Float),
)
"""Visitors' codes that were told; the codes themselves are not kept. Owned by visitor_codes.py."""
