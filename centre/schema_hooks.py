"""The books' tables of web hooks: who is sent alarms, and which of them it took. Part of the schema in schema.py, which says how a change is made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, String, Table, Text

from centre.engines import Number
from centre.schema import metadata

hooks = Table(
    "hooks",
    metadata,
    Column("id", Number, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False, comment="of alarms, or families of them, separated by blanks; empty: all"),
    Column("scope", String, nullable=False),
    Column("secret", String, nullable=False, comment="what each message is signed with, as whsec_ and base64"),
    Column("after", Number, nullable=False, comment="alarms up to this one are not for it, or done"),
    Column("added_utc", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("taken_utc", Float, comment="when it last took an alarm"),
    Column("failing_utc", Float, comment="since when it takes none"),
    Column("fault", Text, comment="why"),
)
"""Owned by centre/hooks.py."""

hook_alarms = Table(
    "hook_alarms",
    metadata,
    Column("hook", Number, ForeignKey("hooks.id"), primary_key=True, autoincrement=False),
    Column("alarm", Number, primary_key=True, autoincrement=False),
    Column("passed", Boolean, nullable=False, comment="it refused what was in it, each time: given up"),
)
"""Alarms beyond `after` that are done. Their numbers are given before they are committed, so not all before the newest one are there yet."""
