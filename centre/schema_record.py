"""The books' tables that make the record hold against those who keep it: what the centre did, and heads of the whole record.

Part of the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, LargeBinary, String, Table, Text

from centre.engines import Number
from centre.schema import metadata

signed_gaps = Table(
    "signed_gaps",
    metadata,
    Column("epoch_id", Number, ForeignKey("epochs.id"), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False, comment="of the batch"),
    Column("marks", Text, nullable=False, comment="as contract.chain: gap_marks writes them"),
)
"""The gaps that a batch's signature names. Batches of earlier versions of a unit name none."""

acts = Table(
    "acts",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False, comment="grows by one, without a gap"),
    Column("line", LargeBinary, nullable=False, comment="what was done, as JSON; exactly these bytes are chained"),
    Column("h", LargeBinary, nullable=False, comment="hash of the chain after this line"),
    Column("sig", LargeBinary, nullable=False, comment="of h, by the centre's key for this journal"),
)
"""The centre's own journal: what its people and it itself did, chained and signed (centre/acts.py)."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("at_utc", Float, nullable=False),
    Column("digest", String, nullable=False, comment="hex; what confirms carry and units keep"),
    Column("body", LargeBinary, nullable=False, comment="the whole file; empty for older ones"),
)
"""Signed heads of the whole record at one moment (centre/checkpoints.py)."""
