"""A revision that no program has yet, so that upgrades can be tried on real books: `install` makes a copy of the migrations know it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import centre.migrations
import centre.upgrade
from centre import schema

HEAD = f"{int(schema.HEAD) + 1:04}"
_HERE = Path(__file__).parent
_REAL = centre.migrations.PLACE


def made_in(path: Path) -> Path:
    """The product's migrations and the trial one after them, in a folder whose name alembic's settings might trip over."""
    place = path / "100% later: migrations"
    shutil.copytree(_REAL, place, ignore=shutil.ignore_patterns("__pycache__"))
    trial = (_HERE / "trial.py").read_text(encoding="utf-8")
    named = trial.replace('"later"', f'"{HEAD}"').replace('"newest"', f'"{schema.HEAD}"')
    (place / "versions" / f"r{HEAD}_trial.py").write_text(named, encoding="utf-8")
    return place


def install(place: Path, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on this process's program is the later one."""
    put(centre.migrations, "PLACE", place)
    put(centre.upgrade, "HEAD", HEAD)
