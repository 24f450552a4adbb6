"""Tables of units put into service: which enrolments ask for an acceptance, who accepted which box, and an index of the sheets.

Why: a door is in order when somebody responsible has looked at what its self-test found and said so, by name. Units from before this revision
were never asked, and are not shown as lacking anything: only an enrolment file written from now on asks.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, String, Text, text

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    number = BigInteger() if op.get_bind().dialect.name == "postgresql" else Integer()
    op.create_table(
        "acceptance_asked",
        Column("token", number, ForeignKey("tokens.id"), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "acceptances",
        Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
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
    sheets = text("kind = 'unit.sheet'")
    op.create_index("facts_sheets", "facts", ["kind", "n"], sqlite_where=sheets, postgresql_where=sheets)
