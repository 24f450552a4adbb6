"""Tables of units put into service and of their software: which enrolments ask for an acceptance, who accepted which box; the bundles there
are, how a version is rolled out; and an index each over what units tell of it.

Why: a door is in order when somebody responsible has looked at what its self-test found and said so, by name. Units from before this revision
were never asked, and are not shown as lacking anything: only an enrolment file written from now on asks.
A version goes to one unit first and to all of them last, and stops by itself where doors do not come back; `serve` may be started anew at
any moment of that. Who began it, stopped it and let it go on, and why, is to be known afterwards.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, String, Text, text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _accepted()
    _software()


def _accepted() -> None:
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


def _software() -> None:
    number = BigInteger().with_variant(Integer(), "sqlite")
    told = text("substr(kind, 1, 9) = 'software.'")
    op.create_index("facts_software", "facts", ["kind", "n"], sqlite_where=told, postgresql_where=told)
    op.create_table(
        "bundles",
        Column("version", String, primary_key=True, comment="as Debian writes them"),
        Column("form", String, primary_key=True, comment="deb | rauc"),
        Column("size", number, nullable=False, comment="bytes"),
        Column("sha256", String, nullable=False, comment="hex; the file's name in the folder's bundles/"),
        Column("added_utc", Float, nullable=False),
        Column("removed_utc", Float),
        Column("by", Text, nullable=False, comment="who did the last of it"),
    )
    op.create_table(
        "rolls",
        Column("id", number, primary_key=True, autoincrement=False),
        Column("version", String, nullable=False),
        Column("form", String, nullable=False),
        Column("scope", String, nullable=False),
        Column("url", String, nullable=False, comment="where units have it from"),
        Column("waves", String, nullable=False, comment="as 1,10,10%,all"),
        Column("soak_s", Float, nullable=False, comment="from a wave that is ready to the next one"),
        Column("state", String, nullable=False, comment="running | stopped | done | ended"),
        Column("wave", Integer, nullable=False, comment="the one under way, from 1; 0: none yet"),
        Column("passed_utc", Float, comment="since when the wave under way is ready"),
        Column("begin_n", number, nullable=False, comment="facts up to this one are of before it"),
        Column("after_n", number, nullable=False, comment="likewise, of before it went on last"),
        Column("restored", number, comment="when the books had been restored last, as it began or went on"),
        Column("begun_utc", Float, nullable=False),
        Column("changed_utc", Float, nullable=False),
        Column("by", Text, nullable=False, comment="who did the last of it"),
        Column("why", Text, nullable=False),
    )
    op.create_table(
        "roll_units",
        Column("roll", number, ForeignKey("rolls.id"), primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("wave", Integer, nullable=False),
        Column("handed_utc", Float, nullable=False),
        Column("ready_utc", Float, comment="since when it runs the version, with its doors ready"),
        Column("unwell_utc", Float, comment="since when it runs the version, and its doors are not"),
        Column(
            "failed", String, comment="returned | refused | unready | gone | unfit, as centre/roll_course.py has it"
        ),
        Column("excused", Boolean, nullable=False, comment="counts neither for nor against its wave"),
    )
