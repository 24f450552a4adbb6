"""The books' tables of where units and yards are. Part of the schema in schema.py, which says how a change is made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, String, Table, Text

from centre.schema import metadata

places = Table(
    "places",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("x", Float, nullable=False, comment="to the east; degrees where it is of the earth"),
    Column("y", Float, nullable=False, comment="to the north"),
    Column("earth", Boolean, nullable=False, comment="longitude and latitude, not a plan of the site's own"),
)
"""Written by centre/places.py. All are of one kind: of the earth, or of a plan."""

outlines = Table(
    "outlines",
    metadata,
    Column("scope", String, primary_key=True, comment="level/id of a yard, building, grid or community"),
    Column("name", Text, nullable=False, comment="as people call it; empty: by its id"),
    Column("points", Text, nullable=False, comment="[[x, y], …] as JSON, of the same kind as the units"),
    Column("earth", Boolean, nullable=False),
)
