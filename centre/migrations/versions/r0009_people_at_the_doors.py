"""Tables for people at the doors: visitors' codes, reports and polls, patrol rounds, recipients, erasures; and indexes over the facts of those.

Why: which of a day's codes was told to somebody, so that none is told twice, and which were revoked. A report is assigned, answered and
closed, and whoever did it is to be known; a poll is counted after its notice is gone. The sheet of a day says what was to be walked by
the round as it was then. Volunteers and partner organisations deal with reports too; a unit that is off when a holder is erased is asked
again until it has done it. What people said, and a patrol's facts, are few among many, and are found without a walk through all of them.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, LargeBinary, String, Text, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _visitors()
    _reports()
    _rounds()
    _holders()


def _visitors() -> None:
    what = "working | card | pin | visitor | login"
    if op.get_bind().dialect.name == "postgresql":  # the other has no comments
        op.alter_column("rotations", "what", existing_type=String(), existing_nullable=False, comment=what)
    op.create_table(
        "visitors",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("door", String, primary_key=True),
        Column("day", String, primary_key=True, comment="local, as 2026-11-26"),
        Column("serial", Integer, primary_key=True, autoincrement=False),
        Column("key", String, nullable=False, comment="id of the master key it is made with"),
        Column("note", Text, nullable=False),
        Column("made_utc", Float, nullable=False),
        Column("revoked_utc", Float),
    )


def _reports() -> None:
    number = BigInteger().with_variant(Integer(), "sqlite")
    op.create_table(
        "case_steps",
        Column("id", number, primary_key=True),
        Column("report", String, nullable=False, comment="id of the report, as in its fact"),
        Column("what", String, nullable=False, comment="assigned | answered | closed"),
        Column("at_utc", Float, nullable=False),
        Column("by", Text, nullable=False, comment="who did it"),
        Column("recipient", String, comment="assigned: who is to deal with it"),
        Column("level", String, comment="whose case it was then, or became: grid | community | street"),
        Column("due_utc", Float, comment="assigned: until when it is to be answered"),
        Column("text", Text, nullable=False, comment="what was answered, or said at the close"),
        Column("notice", String, comment="answered: the notice that tells it at the door, and asks how well"),
    )
    op.create_index("ix_case_steps_report", "case_steps", ["report"])
    op.create_table(
        "polls",
        Column("notice", String, primary_key=True),
        Column("scope", String, nullable=False),
        Column("title", Text, nullable=False),
        Column("options", Text, nullable=False, comment="a list in JSON; the first is answered by 1"),
        Column("per", String, nullable=False, comment="holder | room | anyone"),
        Column("until_utc", Float, nullable=False, comment="answers of before count"),
        Column("by", Text, nullable=False, comment="who put it"),
        Column("made_utc", Float, nullable=False),
    )
    of_people = text("kind IN ('ask.answered', 'report.filed')")
    op.create_index("facts_said", "facts", ["kind", "n"], sqlite_where=of_people, postgresql_where=of_people)


def _rounds() -> None:
    number = BigInteger() if op.get_bind().dialect.name == "postgresql" else Integer()
    op.create_table(
        "round_revs",
        Column("scope", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("rev", number, primary_key=True, autoincrement=False),
        Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
        Column("made_utc", Float, nullable=False),
    )
    of_patrol = text("substr(kind, 1, 7) = 'patrol.'")
    op.create_index("facts_patrol", "facts", ["at_utc"], sqlite_where=of_patrol, postgresql_where=of_patrol)


def _holders() -> None:
    op.create_table(
        "recipients",
        Column("id", String, primary_key=True),
        Column("name", Text, nullable=False),
        Column("kind", String, nullable=False, comment="grid | community | street | police | partner | volunteer"),
        Column("added_utc", Float, nullable=False),
        Column("removed_utc", Float),
    )
    op.create_table(
        "erasures",
        Column("holder", String, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("asked_utc", Float, nullable=False),
        Column("by", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("done_utc", Float, comment="the unit's clock, as it said so; null: not yet"),
    )
