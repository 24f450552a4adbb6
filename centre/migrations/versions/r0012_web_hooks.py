"""Tables of web hooks: to which addresses alarms are posted, and which alarms each of them took.

Why: whoever runs a control room has programs there that want to know of an alarm within a second, and may be away for a night; what they
missed is to be known then, by each of them apart from the others.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, String, Text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    number = BigInteger().with_variant(Integer(), "sqlite")
    op.create_table(
        "hooks",
        Column("id", number, primary_key=True),
        Column("url", Text, nullable=False),
        Column(
            "kinds", Text, nullable=False, comment="of alarms, or families of them, separated by blanks; empty: all"
        ),
        Column("scope", String, nullable=False),
        Column("secret", String, nullable=False, comment="what each message is signed with, as whsec_ and base64"),
        Column("after", number, nullable=False, comment="alarms up to this one are not for it, or done"),
        Column("added_utc", Float, nullable=False),
        Column("by", Text, nullable=False),
        Column("taken_utc", Float, comment="when it last took an alarm"),
        Column("failing_utc", Float, comment="since when it takes none"),
        Column("fault", Text, comment="why"),
    )
    op.create_table(
        "hook_alarms",
        Column("hook", number, ForeignKey("hooks.id"), primary_key=True, autoincrement=False),
        Column("alarm", number, primary_key=True, autoincrement=False),
        Column("passed", Boolean, nullable=False, comment="it refused what was in it, each time: given up"),
    )
