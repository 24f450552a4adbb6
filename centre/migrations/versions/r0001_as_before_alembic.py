"""The books as they were before alembic: everything of version 1, exactly.

Why: books founded before alembic carry `version` 1 in the table `meta` and no mark of alembic's; they are taken to be at this
revision. Defaults are Python's business and stand in the schema only. The two rows of `meta` belong to founded books.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    _units()
    _history()
    _proof()
    _findings()
    _desired()
    _commands()


def _units() -> None:
    made = op.create_table(
        "meta",
        Column("name", String, primary_key=True),
        Column("value", Integer, nullable=False),
    )
    op.bulk_insert(made, [{"name": "version", "value": 1}, {"name": "changes", "value": 0}])
    op.create_table(
        "units",
        Column("unit", String, primary_key=True),
        Column("name", Text, nullable=False),
        Column("scopes", Text, nullable=False, comment="level/id, separated by blanks; site and unit are implied"),
        Column("added_utc", Float, nullable=False),
        Column("revoked_utc", Float),
        Column("password", Text, comment="hashed as mosquitto wants it; none before the first enrolment file"),
        Column("online", Boolean, nullable=False),
        Column("session", String, comment="of the last birth"),
        Column("status", Text, comment="the last birth or health message as it came"),
        Column("heard_utc", Float),
    )
    op.create_table(
        "unit_keys",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
        Column("public", String, nullable=False, comment="hex"),
        Column("pinned_utc", Float, nullable=False),
        Column("retired_utc", Float),
        UniqueConstraint("unit", "public"),
    )
    op.create_table(
        "tokens",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
        Column("token", String, comment="hex; erased when spent or replaced"),
        Column("made_utc", Float, nullable=False),
        Column("spent_utc", Float),
    )


def _history() -> None:
    op.create_table(
        "epochs",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
        Column("epoch", String, nullable=False),
        Column(
            "base",
            Integer,
            nullable=False,
            comment="number before the first the books have: 0 but where books were lost",
        ),
        Column("start", LargeBinary, nullable=False, comment="hash of the chain at base"),
        Column("link", String, nullable=False, comment="first | linked | unlinked | torn (base is not 0)"),
        Column(
            "previous",
            Integer,
            ForeignKey("epochs.id"),
            comment="the unit's epoch before, where the chain starts from it",
        ),
        Column("previous_seq", Integer),
        Column("seq", Integer, nullable=False, comment="last number in the books"),
        Column("head", LargeBinary, nullable=False, comment="hash of the chain there"),
        Column("begun_utc", Float, nullable=False),
        UniqueConstraint("unit", "epoch"),
    )
    op.create_table(
        "facts",
        Column("n", Integer, primary_key=True, comment="order of arrival"),
        Column("epoch_id", Integer, ForeignKey("epochs.id"), nullable=False),
        Column("seq", Integer, nullable=False),
        Column("h", LargeBinary, nullable=False, comment="hash of the chain after this line"),
        Column("at_utc", Float, nullable=False, comment="the unit's clock"),
        Column("kind", String, nullable=False),
        Column("line", LargeBinary, nullable=False, comment="exactly as it came"),
        Column(
            "again", Boolean, nullable=False, comment="the books have this fact under its first number: it counts there"
        ),
        UniqueConstraint("epoch_id", "seq"),
    )
    op.create_index("facts_at", "facts", ["at_utc"])
    op.create_table(
        "moved",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("epoch", String, primary_key=True),
        Column("seq", Integer, primary_key=True),
    )


def _proof() -> None:
    op.create_table(
        "gaps",
        Column("id", Integer, primary_key=True),
        Column("epoch_id", Integer, ForeignKey("epochs.id"), nullable=False),
        Column("first", Integer, nullable=False),
        Column("last", Integer, nullable=False),
        Column("h", LargeBinary, nullable=False),
        UniqueConstraint("epoch_id", "first"),
    )
    op.create_table(
        "batches",
        Column("id", Integer, primary_key=True),
        Column("epoch_id", Integer, ForeignKey("epochs.id"), nullable=False),
        Column("key_id", Integer, ForeignKey("unit_keys.id"), nullable=False),
        Column("batch", String, nullable=False),
        Column("first", Integer, nullable=False),
        Column("last", Integer, nullable=False),
        Column("prev", LargeBinary, nullable=False),
        Column("head", LargeBinary, nullable=False),
        Column("sig", LargeBinary, nullable=False),
        Column("taken_utc", Float, nullable=False),
    )
    op.create_index("batches_of", "batches", ["epoch_id", "first"])
    op.create_table(
        "forks",
        Column("id", Integer, primary_key=True),
        Column("epoch_id", Integer, ForeignKey("epochs.id"), nullable=False),
        Column("first", Integer, nullable=False),
        Column("last", Integer, nullable=False),
        Column("head", LargeBinary, nullable=False),
        Column("message", LargeBinary, nullable=False, comment="the whole batch as it came"),
        Column("taken_utc", Float, nullable=False),
        UniqueConstraint("epoch_id", "first", "last", "head"),
    )


def _findings() -> None:
    op.create_table(
        "alarms",
        Column("id", Integer, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
        Column(
            "kind",
            String,
            nullable=False,
            comment="of the fact; or of the books themselves: history.*, epoch.*, enrol.*",
        ),
        Column("epoch", String, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("line", LargeBinary),
        Column("detail", Text, nullable=False),
        Column("taken_utc", Float, nullable=False),
        Column(
            "matched",
            Boolean,
            comment="the chain brought the same line; null while it has not come; false: another line",
        ),
        UniqueConstraint("unit", "kind", "epoch", "seq", "detail"),
    )
    op.create_table(
        "receipts",
        Column("notice", String, primary_key=True),
        Column("unit", String, primary_key=True),
        Column("rev", Integer, primary_key=True),
        Column("received_utc", Float, comment="the unit's clock, as the two below"),
        Column("shown_utc", Float),
        Column("ended_utc", Float),
    )
    op.create_table(
        "refusals",
        Column("unit", String, primary_key=True),
        Column("leaf", String, primary_key=True),
        Column("reason", String, primary_key=True),
        Column("count", Integer, nullable=False),
        Column("detail", Text, nullable=False),
        Column("first_utc", Float, nullable=False),
        Column("last_utc", Float, nullable=False),
    )


def _desired() -> None:
    op.create_table(
        "state",
        Column("kind", String, primary_key=True),
        Column("scope", String, primary_key=True),
        Column("id", String, primary_key=True, comment="empty for settings and keys"),
        Column("part", Integer, primary_key=True, comment="0 but for rosters"),
        Column("rev", Integer, nullable=False),
        Column("topic", String, nullable=False),
        Column("token", LargeBinary, comment="the signed message; none where the topic is cleared"),
        Column("made_utc", Float, nullable=False),
        Column("until_utc", Float),
        Column("withdrawn", Boolean, nullable=False),
        Column("title", Text, nullable=False, comment="for lists: a notice's title, a roster's count of holders"),
        Column("holders", Integer, nullable=False),
        Column("sent_rev", Integer, nullable=False, comment="last revision the broker acknowledged"),
        Column("sent_utc", Float),
    )


def _commands() -> None:
    op.create_table(
        "commands",
        Column("id", String, primary_key=True),
        Column("unit", String, nullable=False),
        Column("action", String, nullable=False),
        Column("args", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("iat_utc", Float, nullable=False),
        Column("exp_utc", Float, nullable=False),
    )
    op.create_table(
        "courses",
        Column("command", String, primary_key=True),
        Column("state", String, primary_key=True),
        Column("unit", String, nullable=False),
        Column("reason", String),
        Column("door", String),
        Column("at_utc", Float, nullable=False, comment="the unit's clock"),
        Column("heard_utc", Float, nullable=False),
    )
