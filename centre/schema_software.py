"""The books' tables of units' software: bundles that are here, and how a version is rolled out, wave by wave.

What units told of it stands in the facts. Part of the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, text

from centre.engines import Number
from centre.schema import facts, metadata

TOLD = text("substr(kind, 1, 9) = 'software.'")
"""A query finds facts of units' software by these very words, which their index has too."""
Index("facts_software", facts.c.kind, facts.c.n, sqlite_where=TOLD, postgresql_where=TOLD)

bundles = Table(
    "bundles",
    metadata,
    Column("version", String, primary_key=True, comment="as Debian writes them"),
    Column("form", String, primary_key=True, comment="deb | rauc"),
    Column("size", Number, nullable=False, comment="bytes"),
    Column("sha256", String, nullable=False, comment="hex; the file's name in the folder's bundles/"),
    Column("added_utc", Float, nullable=False),
    Column("removed_utc", Float),
    Column("by", Text, nullable=False, comment="who did the last of it"),
)
"""What units can be given (centre/bundles.py). The row of one that was removed stays: what it was is to be known."""

rolls = Table(
    "rolls",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("version", String, nullable=False),
    Column("form", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("url", String, nullable=False, comment="where units have it from"),
    Column("waves", String, nullable=False, comment="as 1,10,10%,all"),
    Column("soak_s", Float, nullable=False, comment="from a wave that is ready to the next one"),
    Column("state", String, nullable=False, comment="running | stopped | done | ended"),
    Column("wave", Integer, nullable=False, comment="the one under way, from 1; 0: none yet"),
    Column("passed_utc", Float, comment="since when the wave under way is ready"),
    Column("begin_n", Number, nullable=False, comment="facts up to this one are of before it"),
    Column("after_n", Number, nullable=False, comment="likewise, of before it went on last"),
    Column("restored", Number, comment="when the books had been restored last, as it began or went on"),
    Column("begun_utc", Float, nullable=False),
    Column("changed_utc", Float, nullable=False),
    Column("by", Text, nullable=False, comment="who did the last of it"),
    Column("why", Text, nullable=False),
)
"""Each roll of a version (centre/rolls.py); one at a time is running or stopped."""

roll_units = Table(
    "roll_units",
    metadata,
    Column("roll", Number, ForeignKey("rolls.id"), primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("handed_utc", Float, nullable=False),
    Column("ready_utc", Float, comment="since when it runs the version, with its doors ready"),
    Column("unwell_utc", Float, comment="since when it runs the version, and its doors are not"),
    Column("failed", String, comment="returned | refused | unready | gone | unfit, as centre/roll_course.py has it"),
    Column("excused", Boolean, nullable=False, comment="counts neither for nor against its wave"),
)
"""Units that were handed the version of a roll, as `serve` saw them. That each was is an act of the centre, with its message."""
