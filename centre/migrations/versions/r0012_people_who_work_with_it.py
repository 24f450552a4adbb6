"""Tables of the people who work with the centre by name: accounts, invitations, sessions, API tokens, and acts that wait for a second person;
of where units and yards are on the map; every revision of notices with its author, and templates of notices; of web hooks; of what grid workers write on their rounds.

Why: a page for clerks has to know who is there, and what each of them may do where. Whoever has the folder worked with it until now, and still
does; books from before this revision have no account, so nobody gets in by the page until the first is invited.
A notice has an author there: who put up or took down what is kept with each revision from now on, and a site keeps templates of its own.
Programs of a control room want to know of an alarm within a second, and may be away for a night: what each of them missed is to be known then.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, LargeBinary, String, Text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    _accounts()
    _tokens()
    _consents()
    _places()
    _notices()
    _hooks()
    _field()
    _texts()


def _accounts() -> None:
    op.create_table(
        "accounts",
        Column("name", String, primary_key=True, comment="what they sign in with, and what acts are entered under"),
        Column("label", Text, nullable=False, comment="how people call them"),
        Column("role", String, nullable=False, comment="viewer | grid_worker | operator | administrator"),
        Column("scope", String, nullable=False, comment="level/id: where the role holds"),
        Column("holder", String, comment="a grid worker's id in the rosters"),
        Column("language", String, comment="null: as the browser asks"),
        Column("password", Text, comment="Argon2id; null until the invitation was taken"),
        Column(
            "subject", String, unique=True, comment="issuer and id at the site's OpenID provider, a blank between them"
        ),
        Column("made_utc", Float, nullable=False),
        Column("disabled_utc", Float),
        Column("seal", String, nullable=False, comment="hex; of all but the language, by the folder's key"),
    )
    op.create_table(
        "invitations",
        Column("account", String, ForeignKey("accounts.name"), primary_key=True),
        Column("id", String, nullable=False, unique=True, comment="the token's public half"),
        Column("seal", String, nullable=False, comment="hex; of the row and the token's secret half"),
        Column("made_utc", Float, nullable=False),
        Column("ends_utc", Float, nullable=False),
        Column("by", Text, nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "sessions",
        Column("id", String, primary_key=True, comment="the token's public half"),
        Column("account", String, ForeignKey("accounts.name"), nullable=False, index=True),
        Column("seal", String, nullable=False, comment="hex; of the row but for seen_utc, and the token's secret half"),
        Column("made_utc", Float, nullable=False),
        Column("seen_utc", Float, nullable=False),
        Column("ends_utc", Float, nullable=False),
        Column("address", String, nullable=False, comment="where it was begun from"),
        Column("agent", Text, nullable=False, comment="what the browser said it was"),
    )
    op.create_table(
        "api_tokens",
        Column("id", String, primary_key=True, comment="the token's public half"),
        Column("name", String, nullable=False, comment="acts are entered under token.NAME"),
        Column("role", String, nullable=False),
        Column("scope", String, nullable=False),
        Column("account", String, ForeignKey("accounts.name"), comment="who made it, and with whose rights it ends"),
        Column("seal", String, nullable=False, comment="hex; of the row but for what comes below, and the secret half"),
        Column("by", Text, nullable=False),
        Column("made_utc", Float, nullable=False),
        Column("ends_utc", Float, nullable=False),
        Column("used_utc", Float),
        Column("ended_utc", Float, comment="taken back before its end"),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        Column("id", String, primary_key=True),
        Column("doing", String, nullable=False, comment="lockdown | erase | keys"),
        Column("scope", String, nullable=False),
        Column("call", String, nullable=False, comment="what is carried out once it is agreed"),
        Column("body", Text, nullable=False, comment="with what, as JSON"),
        Column("words", Text, nullable=False, comment="the consequence, as the person who agrees reads it"),
        Column("by", String, ForeignKey("accounts.name"), nullable=False),
        Column("why", Text, nullable=False),
        Column("made_utc", Float, nullable=False),
        Column("ends_utc", Float, nullable=False),
        Column("seal", String, nullable=False, comment="hex; of all above"),
        Column("state", String, nullable=False, comment="asked | agreed | refused | withdrawn"),
        Column("second", String, ForeignKey("accounts.name"), comment="who agreed or refused"),
        Column("decided_utc", Float),
    )


def _places() -> None:
    op.create_table(
        "places",
        Column("unit", String, ForeignKey("units.unit"), primary_key=True),
        Column("x", Float, nullable=False, comment="to the east; degrees where it is of the earth"),
        Column("y", Float, nullable=False, comment="to the north"),
        Column("earth", Boolean, nullable=False, comment="longitude and latitude, not a plan of the site's own"),
    )
    op.create_table(
        "outlines",
        Column("scope", String, primary_key=True, comment="level/id of a yard, building, grid or community"),
        Column("name", Text, nullable=False, comment="as people call it; empty: by its id"),
        Column("points", Text, nullable=False, comment="[[x, y], …] as JSON, of the same kind as the units"),
        Column("earth", Boolean, nullable=False),
    )


def _notices() -> None:
    number = BigInteger() if op.get_bind().dialect.name == "postgresql" else Integer()
    op.create_index("state_made", "state", ["kind", "made_utc"])
    op.create_table(
        "notice_revs",
        Column("notice", String, primary_key=True),
        Column("rev", number, primary_key=True, autoincrement=False),
        Column("scope", String, nullable=False),
        Column("by", Text, nullable=False, comment="who made it"),
        Column("made_utc", Float, nullable=False),
        Column("withdrawn", Boolean, nullable=False),
        Column("category", String, nullable=False, comment="of one that is withdrawn: as it was"),
        Column("from_utc", Float, comment="shown from then"),
        Column("token", LargeBinary, nullable=False, comment="the signed message, as it first went out"),
    )
    op.create_table(
        "notice_templates",
        Column("id", String, primary_key=True),
        Column("name", Text, nullable=False, comment="what the button says"),
        Column("category", String, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False, comment="{from} and {until} stand for the hours"),
        Column("by", Text, nullable=False, comment="who saved it last"),
        Column("made_utc", Float, nullable=False),
    )


def _hooks() -> None:
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


def _field() -> None:
    op.create_table(
        "field_entries",
        Column("key", String, primary_key=True, comment="made where it was written: what is sent twice is one"),
        Column("report", String, nullable=False, index=True, comment="id of the report that it is about, or files"),
        Column("what", String, nullable=False, comment="filed | visited | called | noted"),
        Column("unit", String, nullable=False),
        Column("code", String, nullable=False, comment="filed: what about, by the settings; empty: none of them"),
        Column("by", Text, nullable=False, comment="the account of whoever wrote it"),
        Column("text", Text, nullable=False),
        Column("salt", String, nullable=False, comment="of the text's mark in the journal"),
        Column("photo", String, comment="hex of its SHA-256, its name in the table photos"),
        Column("at_utc", Float, nullable=False, comment="when it was written, by the phone's clock where that can be"),
        Column("taken_utc", Float, nullable=False, comment="when the centre had it"),
    )
    op.create_table(
        "photos",
        Column("name", String, primary_key=True, comment="hex of its SHA-256"),
        Column("data", LargeBinary, nullable=False, comment="JPEG or PNG"),
    )


def _texts() -> None:
    """What is written from now on is in the journal by its salted mark alone."""
    words = "of the text's mark in the journal; null: made before there were marks"
    op.add_column("case_steps", Column("salt", String, comment=words))
