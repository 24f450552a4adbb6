"""The books' tables, in SQLAlchemy Core, the same for SQLite and PostgreSQL. Only their shape; who writes what is said at each.

A change here wants a revision in `centre/migrations/versions/` (docs/decisions/migrations.md).
Hashes are 32 raw bytes; times are seconds since 1970 (`_utc`), the centre's own clock unless said otherwise.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from centre.engines import Number

HEAD = "0012"
"""The newest revision, whose schema this is. Revisions are four digits and count up, so that a newer one is known as such."""

metadata = MetaData()

meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", Number, nullable=False))
"""`version`: the revision as a number, for programs from before alembic, which look only here; `changes`: grows by one with each change of units or desired state, so that `serve` sees it."""

units = Table(
    "units",
    metadata,
    Column("unit", String, primary_key=True),
    Column("name", Text, nullable=False, default=""),
    Column("scopes", Text, nullable=False, comment="level/id, separated by blanks; site and unit are implied"),
    Column("added_utc", Float, nullable=False),
    Column("revoked_utc", Float),
    Column("password", Text, comment="hashed as mosquitto wants it; none before the first enrolment file"),
    Column("online", Boolean, nullable=False, default=False),
    Column("session", String, comment="of the last birth"),
    Column("status", Text, comment="the last birth or health message as it came"),
    Column("heard_utc", Float),
)

unit_keys = Table(
    "unit_keys",
    metadata,
    Column("id", Number, primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), nullable=False),
    Column("public", String, nullable=False, comment="hex"),
    Column("pinned_utc", Float, nullable=False),
    Column("retired_utc", Float),
    UniqueConstraint("unit", "public"),
)
"""Pinned by enrolment. A retired one is kept: the signatures in the books are its."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Number, primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), nullable=False),
    Column("token", String, comment="hex; erased when spent or replaced"),
    Column("made_utc", Float, nullable=False),
    Column("spent_utc", Float),
)

epochs = Table(
    "epochs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), nullable=False),
    Column("epoch", String, nullable=False),
    Column(
        "base", Number, nullable=False, comment="number before the first the books have: 0 but where books were lost"
    ),
    Column("start", LargeBinary, nullable=False, comment="hash of the chain at base"),
    Column("link", String, nullable=False, comment="first | linked | unlinked | torn (base is not 0)"),
    Column(
        "previous", Number, ForeignKey("epochs.id"), comment="the unit's epoch before, where the chain starts from it"
    ),
    Column("previous_seq", Number),
    Column("seq", Number, nullable=False, comment="last number in the books"),
    Column("head", LargeBinary, nullable=False, comment="hash of the chain there"),
    Column("begun_utc", Float, nullable=False),
    UniqueConstraint("unit", "epoch"),
)

facts = Table(
    "facts",
    metadata,
    Column("n", Number, primary_key=True, comment="order of arrival"),
    Column("epoch_id", Number, ForeignKey("epochs.id"), nullable=False),
    Column("seq", Number, nullable=False),
    Column("h", LargeBinary, nullable=False, comment="hash of the chain after this line"),
    Column("at_utc", Float, nullable=False, comment="the unit's clock"),
    Column("kind", String, nullable=False),
    Column("line", LargeBinary, nullable=False, comment="exactly as it came"),
    Column(
        "again", Boolean, nullable=False, comment="the books have this fact under its first number: it counts there"
    ),
    UniqueConstraint("epoch_id", "seq"),
    Index("facts_at", "at_utc"),
)

moved = Table(
    "moved",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("seq", Number, primary_key=True),
)
"""First numbers of facts that a unit took over into a later epoch (`"was": [epoch, seq]`): so that each counts once."""

gaps = Table(
    "gaps",
    metadata,
    Column("id", Number, primary_key=True),
    Column("epoch_id", Number, ForeignKey("epochs.id"), nullable=False),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("h", LargeBinary, nullable=False),
    UniqueConstraint("epoch_id", "first"),
)
"""Facts a unit's full journal had to drop: seen, counted, covered by a signature."""

batches = Table(
    "batches",
    metadata,
    Column("id", Number, primary_key=True),
    Column("epoch_id", Number, ForeignKey("epochs.id"), nullable=False),
    Column("key_id", Number, ForeignKey("unit_keys.id"), nullable=False),
    Column("batch", String, nullable=False),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("sig", LargeBinary, nullable=False),
    Column("taken_utc", Float, nullable=False),
    Index("batches_of", "epoch_id", "first"),
)
"""The headers of batches that brought something new: their signatures prove the lines."""

pruned = Table(
    "pruned",
    metadata,
    Column("epoch_id", Number, ForeignKey("epochs.id"), primary_key=True),
    Column("base", Number, nullable=False, comment="last number that is kept no longer; the epoch's base"),
    Column("h", LargeBinary, nullable=False, comment="hash of the chain there; the epoch's start"),
    Column("link", String, nullable=False, comment="what the epoch's link was"),
    Column("start", LargeBinary, nullable=False, comment="what its start was"),
    Column("pruned_utc", Float, nullable=False),
)
"""Checkpoints of epochs whose first facts `retain` took out (their link: `pruned`). The batch that ends at `base` stays: it signs `h`."""

forks = Table(
    "forks",
    metadata,
    Column("id", Number, primary_key=True),
    Column("epoch_id", Number, ForeignKey("epochs.id"), nullable=False),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("message", LargeBinary, nullable=False, comment="the whole batch as it came"),
    Column("taken_utc", Float, nullable=False),
    UniqueConstraint("epoch_id", "first", "last", "head"),
)
"""Validly signed batches of another history than the books have: both are kept."""

alarms = Table(
    "alarms",
    metadata,
    Column("id", Number, primary_key=True),
    Column("unit", String, ForeignKey("units.unit")),
    Column(
        "kind", String, nullable=False, comment="of the fact; or of the books themselves: history.*, epoch.*, enrol.*"
    ),
    Column("epoch", String, nullable=False, default=""),
    Column("seq", Number, nullable=False, default=0),
    Column("line", LargeBinary),
    Column("detail", Text, nullable=False, default=""),
    Column("taken_utc", Float, nullable=False),
    Column(
        "matched", Boolean, comment="the chain brought the same line; null while it has not come; false: another line"
    ),
    Column("handed_utc", Float, comment="when the operator's program was run for it; null: not yet"),
    UniqueConstraint("unit", "kind", "epoch", "seq", "detail"),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("alarm", Number, ForeignKey("alarms.id"), primary_key=True),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at_utc", Float, nullable=False),
)
"""Alarms that somebody took note of; the others are open."""

repeats = Table(
    "repeats",
    metadata,
    Column("alarm", Number, ForeignKey("alarms.id"), primary_key=True),
    Column("count", Number, nullable=False),
    Column("kind", String, nullable=False, comment="of the last one"),
    Column("detail", Text, nullable=False, comment="likewise"),
    Column("last_utc", Float, nullable=False),
)
"""Findings that are told by an open alarm of the same cause, and make none of their own."""

excesses = Table(
    "excesses",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("what", String, primary_key=True, comment="fork | epoch | gap"),
    Column("day", Integer, primary_key=True, comment="UTC days since 1970"),
    Column("kept", Number, nullable=False),
    Column("beyond", Number, nullable=False, comment="over the limits: not kept"),
)
"""What a unit left in the books that only trouble brings, since it was enrolled."""

receipts = Table(
    "receipts",
    metadata,
    Column("notice", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("rev", Number, primary_key=True),
    Column("received_utc", Float, comment="the unit's clock, as the two below"),
    Column("shown_utc", Float),
    Column("ended_utc", Float),
)

early = Table(
    "early",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("seq", Number, primary_key=True),
    Column("line", LargeBinary, nullable=False, comment="the fact, exactly as it came"),
    Column("sig", LargeBinary, nullable=False),
    Column("taken_utc", Float, nullable=False),
)
"""Receipts of notices that came ahead of a unit's backlog, until the chain brings the fact. They are in `receipts` too."""

state = Table(
    "state",
    metadata,
    Column("kind", String, primary_key=True),
    Column("scope", String, primary_key=True),
    Column("id", String, primary_key=True, comment="empty for settings and keys"),
    Column("part", Integer, primary_key=True, comment="0 but for rosters"),
    Column("rev", Number, nullable=False),
    Column("topic", String, nullable=False),
    Column("token", LargeBinary, comment="the signed message; none where the topic is cleared"),
    Column("made_utc", Float, nullable=False),
    Column("until_utc", Float),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column(
        "title", Text, nullable=False, default="", comment="for lists: a notice's title, a roster's count of holders"
    ),
    Column("holders", Integer, nullable=False, default=0),
    Column("sent_rev", Number, nullable=False, default=0, comment="last revision the broker acknowledged"),
    Column("sent_utc", Float),
)
"""Desired state, newest revision of each; commands write it, `serve` and the commands publish it."""

shown_revs = Table(
    "shown_revs",
    metadata,
    Column("kind", String, primary_key=True),
    Column("scope", String, primary_key=True),
    Column("id", String, primary_key=True, comment="empty for settings, keys and secrets"),
    Column("rev", Number, nullable=False),
    Column("shown_utc", Float, nullable=False),
)
"""Revisions newer than the books', signed by our own keys or by a unit that has them: of books since restored from an older copy."""

revs_heard = Table(
    "revs_heard",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("heard_utc", Float, nullable=False),
)
"""When a unit's signed list of revisions came last, whole: after a restore each is asked for it."""

commands = Table(
    "commands",
    metadata,
    Column("id", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("action", String, nullable=False),
    Column("args", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("iat_utc", Float, nullable=False),
    Column("exp_utc", Float, nullable=False),
)

courses = Table(
    "courses",
    metadata,
    Column("command", String, primary_key=True),
    Column("state", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("reason", String),
    Column("door", String),
    Column("at_utc", Float, nullable=False, comment="the unit's clock"),
    Column("heard_utc", Float, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    Column("unit", String, primary_key=True),
    Column("leaf", String, primary_key=True),
    Column("reason", String, primary_key=True),
    Column("count", Number, nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_utc", Float, nullable=False),
    Column("last_utc", Float, nullable=False),
)
"""What came up and did not hold, counted; any text may stand as a unit here."""

# --- keys that can change

sealing_keys = Table(
    "sealing_keys",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("public", String, nullable=False, comment="X25519, hex; signed by the pinned key"),
    Column("heard_utc", Float, nullable=False),
    Column(
        "content",
        Text,
        nullable=False,
        default="",
        comment="which keys, login and CA its newest secrets hold, by their names",
    ),
)
"""What secrets for a unit are sealed to. Gone where another signing key is pinned."""

applied = Table(
    "applied",
    metadata,
    Column("unit", String, ForeignKey("units.unit"), primary_key=True),
    Column("kind", String, primary_key=True, comment="keys | secrets | roster"),
    Column("scope", String, primary_key=True),
    Column("id", String, primary_key=True, comment="empty but for rosters"),
    Column("rev", Number, nullable=False),
    Column("heard_utc", Float, nullable=False),
)
"""The newest revision a unit told that it has in force. Gone where another signing key is pinned."""

logins = Table(
    "logins",
    metadata,
    Column("login", String, primary_key=True),
    Column("unit", String, ForeignKey("units.unit"), nullable=False),
    Column("password", Text, nullable=False, comment="hashed as mosquitto wants it"),
    Column("made_utc", Float, nullable=False),
)
"""Logins of units beside that of the enrolment, made by `keys rotate login`."""

holder_keys = Table(
    "holder_keys",
    metadata,
    Column("public", String, primary_key=True, comment="X25519, hex"),
    Column("made_utc", Float, nullable=False),
)
"""What numbers of holders are sealed to; its private half is a file of the folder."""

roster_numbers = Table(
    "roster_numbers",
    metadata,
    Column("scope", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("card_key", String, nullable=False, comment="id of the key the part in place is hashed with"),
    Column("pin_key", String, comment="likewise; none where there are no PINs"),
    Column("sealed", LargeBinary, nullable=False, comment="card numbers and PINs, in the order of the part's holders"),
)
"""Of the revision in place of each roster that was put by a program that seals numbers."""

rotations = Table(
    "rotations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("what", String, nullable=False, comment="working | card | pin | visitor | login"),
    Column("unit", String, ForeignKey("units.unit"), comment="of a login"),
    Column("old", Text, nullable=False, comment="ids, separated by blanks"),
    Column("new", Text, nullable=False, comment="likewise"),
    Column("rev", Number, comment="working: the keys that units must have applied"),
    Column("token", LargeBinary, comment="working: the keys that follow, signed by the root"),
    Column("begun_utc", Float, nullable=False),
    Column("done_utc", Float),
)
"""Each change of keys, and how far it got: begun, done."""
