"""The books' tables of notices beyond what stands on the screens: every revision there was with who made it, and the site's own templates.

Part of the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, LargeBinary, String, Table, Text

from centre.engines import Number
from centre.schema import metadata, state

Index("state_made", state.c.kind, state.c.made_utc)
"""Lists of notices, the newest first."""

notice_revs = Table(
    "notice_revs",
    metadata,
    Column("notice", String, primary_key=True),
    Column("rev", Number, primary_key=True, autoincrement=False),
    Column("scope", String, nullable=False),
    Column("by", Text, nullable=False, comment="who made it"),
    Column("made_utc", Float, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("category", String, nullable=False, comment="of one that is withdrawn: as it was"),
    Column("from_utc", Float, comment="shown from then"),
    Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
)
"""What stood on the screens and who put it there is to be known afterwards, too (centre/notices.py). Of before this table there is nothing."""

notice_templates = Table(
    "notice_templates",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False, comment="what the button says"),
    Column("category", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False, comment="{from} and {until} stand for the hours"),
    Column("by", Text, nullable=False, comment="who saved it last"),
    Column("made_utc", Float, nullable=False),
)
"""The site's own, beside those that every centre has (centre/notice_templates.py)."""
