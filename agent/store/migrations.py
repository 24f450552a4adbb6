"""Bringing a file to this version with sqlite-utils, which keeps account in the file of what it has had. Loaded only where that is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlite_utils

from agent.store.database import Database, Step


def named(name: str, steps: Sequence[Step]) -> sqlite_utils.Migrations:
    """The steps as the library's migrations, each by the name of its function."""
    made = sqlite_utils.Migrations(name)
    for step in steps:
        made(name=step.__name__)(_of_the_library(step))
    return made


def _of_the_library(step: Step) -> Callable[[sqlite_utils.Database], None]:
    def run(db: sqlite_utils.Database) -> None:
        step(Database(db.conn))

    return run


def apply(db: Database, name: str, steps: Sequence[Step]) -> None:
    """Those that the file has not had yet, each in a transaction of its own."""
    named(name, steps).apply(sqlite_utils.Database(db.conn))
