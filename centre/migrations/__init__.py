"""The books' migrations: alembic and its revisions. Imported only when one is due, since alembic takes longer to load than most commands.

Owns how alembic is driven: no file of settings, no output, no logging of its own, on a connection and in a transaction of the caller.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

PLACE = Path(__file__).parent
"""Holds `env.py`, which alembic runs, and the revisions in `versions/`."""


def settings() -> Config:
    """What alembic would read from its file."""
    config = Config()
    config.set_main_option("script_location", str(PLACE.absolute()).replace("%", "%%"))
    return config


def revisions() -> ScriptDirectory:
    return ScriptDirectory.from_config(settings())


def upgrade(conn: Connection, head: str) -> None:
    """From the revision the books are marked with (none: empty books) to `head`. Commits nothing: that is the caller's."""
    config = settings()
    config.attributes["connection"] = conn
    command.upgrade(config, head)
