"""The centre's own journal, checkpoints of the whole record, and the gaps that each stored signature names.

Why: whoever may write the books could put a gap in the place of facts, hide or cut some, or take a unit away, and no proof saw it.
Tables are added and none is changed: what was done before is entered into the new journal when it is begun.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, LargeBinary, String, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "acts",
        Column("n", BigInteger, primary_key=True, autoincrement=False, comment="grows by one, without a gap"),
        Column("line", LargeBinary, nullable=False, comment="what was done, as JSON; exactly these bytes are chained"),
        Column("h", LargeBinary, nullable=False, comment="hash of the chain after this line"),
        Column("sig", LargeBinary, nullable=False, comment="of h, by the centre's key for this journal"),
    )
    op.create_table(
        "checkpoints",
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("at_utc", Float, nullable=False),
        Column("digest", String, nullable=False, comment="hex; what confirms carry and units keep"),
        Column("body", LargeBinary, nullable=False, comment="the whole file; empty for older ones"),
    )
    op.create_table(
        "signed_gaps",
        Column("epoch_id", Integer, ForeignKey("epochs.id"), primary_key=True),
        Column("last", BigInteger, primary_key=True, autoincrement=False, comment="of the batch"),
        Column("marks", Text, nullable=False, comment="as contract.chain: gap_marks writes them"),
    )
