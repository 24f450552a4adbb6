"""Tables for keys that change: units' sealing keys and second logins, what they applied, sealed numbers of holders, rotations.

Why: card and PIN keys could only be handed over by enrolment, and a roster could be hashed anew only from its file. Tables are
added and none is changed: rosters of before have no sealed numbers, and units of before have told nothing that counts here.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _units()
    _holders()
    op.create_table(
        "rotations",
        Column("id", Integer, primary_key=True),
        Column("what", String, nullable=False, comment="working | card | pin | login"),
        Column("unit", String, ForeignKey("units.unit"), comment="of a login"),
        Column("old", Text, nullable=False, comment="ids, separated by blanks"),
        Column("new", Text, nullable=False, comment="likewise"),
        Column("rev", Integer, comment="working: the keys that units must have applied"),
        Column("token", LargeBinary, comment="working: the keys that follow, signed by the root"),
        Column("begun_utc", Float, nullable=False),
        Column("done_utc", Float),
    )


def _units() -> None:
    op.create_table(
        "sealing_keys",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("public", String, nullable=False, comment="X25519, hex; signed by the pinned key"),
        Column("heard_utc", Float, nullable=False),
        Column(
            "content", Text, nullable=False, comment="which keys, login and CA its newest secrets hold, by their names"
        ),
    )
    op.create_table(
        "applied",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("kind", String, primary_key=True, comment="keys | secrets | roster"),
        Column("scope", String, primary_key=True),
        Column("id", String, primary_key=True, comment="empty but for rosters"),
        Column("rev", Integer, nullable=False),
        Column("heard_utc", Float, nullable=False),
    )
    op.create_table(
        "logins",
        Column("login", String, primary_key=True),
        Column("unit", String, ForeignKey("units.unit"), nullable=False),
        Column("password", Text, nullable=False, comment="hashed as mosquitto wants it"),
        Column("made_utc", Float, nullable=False),
    )


def _holders() -> None:
    op.create_table(
        "holder_keys",
        Column("public", String, primary_key=True, comment="X25519, hex"),
        Column("made_utc", Float, nullable=False),
    )
    op.create_table(
        "roster_numbers",
        Column("scope", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("part", Integer, primary_key=True),
        Column("card_key", String, nullable=False, comment="id of the key the part in place is hashed with"),
        Column("pin_key", String, comment="likewise; none where there are no PINs"),
        Column(
            "sealed", LargeBinary, nullable=False, comment="card numbers and PINs, in the order of the part's holders"
        ),
    )
