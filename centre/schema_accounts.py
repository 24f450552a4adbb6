"""The books' tables of people who work with the centre by name: accounts, their invitations and sessions, API tokens, and acts that wait for a second person.

No secret is in them that lets anybody in: passwords are hashed, tokens sealed with a key of the folder (centre/account_key.py). Part of
the schema in schema.py, which says how a change is made.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, String, Table, Text

from centre.schema import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True, comment="what they sign in with, and what acts are entered under"),
    Column("label", Text, nullable=False, comment="how people call them"),
    Column("role", String, nullable=False, comment="viewer | grid_worker | operator | administrator"),
    Column("scope", String, nullable=False, comment="level/id: where the role holds"),
    Column("holder", String, comment="a grid worker's id in the rosters"),
    Column("language", String, comment="null: as the browser asks"),
    Column("password", Text, comment="Argon2id; null until the invitation was taken"),
    Column("subject", String, unique=True, comment="issuer and id at the site's OpenID provider, a blank between them"),
    Column("made_utc", Float, nullable=False),
    Column("disabled_utc", Float),
    Column("seal", String, nullable=False, comment="hex; of all but the language, by the folder's key"),
)
"""Written by centre/account_desk.py alone, each change with its act."""

invitations = Table(
    "invitations",
    metadata,
    Column("account", String, ForeignKey("accounts.name"), primary_key=True),
    Column("id", String, nullable=False, unique=True, comment="the token's public half"),
    Column("seal", String, nullable=False, comment="hex; of the row and the token's secret half"),
    Column("made_utc", Float, nullable=False),
    Column("ends_utc", Float, nullable=False),
    Column("by", Text, nullable=False),
)
"""One-time links, one of an account; gone once taken (centre/invitations.py)."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True, comment="the token's public half"),
    Column("account", String, ForeignKey("accounts.name"), nullable=False, index=True),
    Column("seal", String, nullable=False, comment="hex; of the row but for seen_utc, and the token's secret half"),
    Column("made_utc", Float, nullable=False),
    Column("seen_utc", Float, nullable=False),
    Column("ends_utc", Float, nullable=False),
    Column("address", String, nullable=False, comment="where it was begun from"),
    Column("agent", Text, nullable=False, comment="what the browser said it was"),
)
"""Who is signed in (centre/sessions.py). Deleted when they end."""

api_tokens = Table(
    "api_tokens",
    metadata,
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
"""For programs (centre/api_tokens.py)."""

consents = Table(
    "consents",
    metadata,
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
"""Acts that one person asked for and another is to agree to (centre/consents.py)."""
