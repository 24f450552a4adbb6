"""The books' tables of what people said at the doors and what was done about it: the course of reports and services, and polls.

What was reported and answered stands in the facts and nowhere else. Part of the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text, text

from centre.engines import Number
from centre.schema import facts, metadata

SAID = text("kind IN ('ask.answered', 'report.filed')")
"""A query finds facts of what people said by these very words, which their index has too."""
Index("facts_said", facts.c.kind, facts.c.n, sqlite_where=SAID, postgresql_where=SAID)

case_steps = Table(
    "case_steps",
    metadata,
    Column("id", Number, primary_key=True),
    Column("report", String, nullable=False, index=True, comment="id of the report, as in its fact"),
    Column("what", String, nullable=False, comment="assigned | answered | closed"),
    Column("at_utc", Float, nullable=False),
    Column("by", Text, nullable=False, comment="who did it"),
    Column("recipient", String, comment="assigned: who is to deal with it"),
    Column("level", String, comment="whose case it was then, or became: grid | community | street"),
    Column("due_utc", Float, comment="assigned: until when it is to be answered"),
    Column("text", Text, nullable=False, comment="what was answered, or said at the close"),
    Column("notice", String, comment="answered: the notice that tells it at the door, and asks how well"),
    Column("salt", String, comment="of the text's mark in the journal; null: made before there were marks"),
)
"""What the centre's people did about a report or an order of a service (centre/reports_desk.py)."""

field_entries = Table(
    "field_entries",
    metadata,
    Column("key", String, primary_key=True, comment="made where it was written: what is sent twice is one"),
    Column("report", String, nullable=False, index=True, comment="id of the report that it is about, or files"),
    Column("what", String, nullable=False, comment="filed | visited | called | noted"),
    Column("unit", String, nullable=False),
    Column("code", String, nullable=False, comment="filed: what about, by the settings; empty: none of them"),
    Column("by", Text, nullable=False, comment="the account of whoever wrote it"),
    Column("text", Text, nullable=False),
    Column("salt", String, nullable=False, comment="of the text's mark in the journal"),
    Column("photo", String, comment="hex of its SHA-256, its name in the table photos"),
    Column("at_utc", Float, nullable=False, comment="when it was written, by the phone's clock where that can be"),
    Column("taken_utc", Float, nullable=False, comment="when the centre had it"),
)
"""What grid workers wrote on their rounds: reports of their own, and what they did about others (centre/field_desk.py)."""

photos = Table(
    "photos",
    metadata,
    Column("name", String, primary_key=True, comment="hex of its SHA-256"),
    Column("data", LargeBinary, nullable=False, comment="JPEG or PNG"),
)
"""What was photographed for an entry (centre/photos.py): beside it, so that every console shows it and every copy of the books has it."""

polls = Table(
    "polls",
    metadata,
    Column("notice", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("options", Text, nullable=False, comment="a list in JSON; the first is answered by 1"),
    Column("per", String, nullable=False, comment="holder | room | anyone"),
    Column("until_utc", Float, nullable=False, comment="answers of before count"),
    Column("by", Text, nullable=False, comment="who put it"),
    Column("made_utc", Float, nullable=False),
)
"""Polls that were put (centre/polls.py). The notice itself is desired state."""

poll_ends = Table(
    "poll_ends",
    metadata,
    Column("notice", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("entitled", Integer, nullable=False, comment="how many could answer there"),
)
"""How many could answer a poll when it ended: rosters change after that (centre/polls.py)."""

setting_revs = Table(
    "setting_revs",
    metadata,
    Column("scope", String, primary_key=True),
    Column("rev", Number, primary_key=True, autoincrement=False),
    Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
    Column("made_utc", Float, nullable=False),
)
"""Every revision of settings there ever was: a report means what its code meant when it was filed (centre/state.py writes it)."""
