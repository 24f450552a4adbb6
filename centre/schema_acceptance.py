"""The books' tables of units put into service: which enrolments ask for an acceptance, and who accepted which box on what sheet.

Part of the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, text

from centre.engines import Number
from centre.schema import facts, metadata

SHEETS = text("kind = 'unit.sheet'")
"""A query finds parts of acceptance sheets by these very words, which their index has too."""
Index("facts_sheets", facts.c.kind, facts.c.n, sqlite_where=SHEETS, postgresql_where=SHEETS)

asked = Table(
    "acceptance_asked",
    metadata,
    Column("token", Number, ForeignKey("tokens.id"), primary_key=True, autoincrement=False),
)
"""Tokens of enrolment files that ask for an acceptance: the box that comes by such a one says that it is not accepted."""

acceptances = Table(
    "acceptances",
    metadata,
    Column("id", Number, primary_key=True),
    Column("unit", String, nullable=False, index=True),
    Column("public", String, nullable=False, comment="hex; the key of the box that was accepted"),
    Column("sheet", Text, comment="the sheet as it was then, as JSON; none where there was none"),
    Column("failed", Integer, nullable=False, comment="rows of it"),
    Column("open", Integer, nullable=False, comment="rows that nobody had looked at"),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("despite", Text, nullable=False, comment="why it is accepted although something failed or is open"),
    Column("at_utc", Float, nullable=False),
)
"""Who accepted a box, and what was known of it (centre/acceptance.py). What units are told stands in the settings of their scope."""
