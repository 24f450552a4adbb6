"""How far the updater is, and what became of its last update: small files, replaced whole and durable, so that a power cut leaves one or the other."""

from __future__ import annotations

import logging
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from agent.core.events.software import UpdateOutcome
from agent.store import plainfile
from agent.store.folder import sync_folder
from contract import codec
from contract.bounds import Count, Hex64, Id, Length, Revision
from contract.facts import Word
from contract.frozen import frozen
from contract.software import Form, Software, Version
from contract.strict_json import dumps, load_object

T = TypeVar("T")
log = logging.getLogger("update")
_MOST = 64 * 1024


class Stage(StrEnum):
    TAKEN = "taken"
    """The bundle is here, is what was signed, and nobody else can change it. Nothing of the machine is changed."""
    INSTALLING = "installing"
    WATCHING = "watching"
    """It is installed, and has to prove itself."""
    RETURNING = "returning"


@frozen
class Progress:
    id: Id
    """Of this update, random; its outcome has the same."""
    stage: Stage
    version: Version
    before: Version
    form: Form
    sha256: Hex64
    scope: Word
    rev: Revision
    centre: bool
    """The centre's confirm is waited for: it was heard before."""
    now: bool = False
    """A person at the unit said so: nothing of the door is waited for."""
    tries: Count = 0
    """Of this stage: each after a cut."""
    boot: Annotated[str, Length(0, 64)] = ""
    """Of the machine, when this stage began."""
    reason: Annotated[str, Length(0, 100)] = ""
    detail: Annotated[str, Length(0, 2000, cut=True)] = ""


@frozen
class SeenKeys:
    """What must not go back: the revision of the newest `keys`."""

    keys_rev: Count = 0


@frozen
class Wish:
    """What a person at the unit said with the file."""

    now: bool = False
    downgrade: bool = False


def load(kind: type[T], path: Path) -> T | None:
    """None where there is none, or what a failing disk made of it. Raises OSError where it cannot be read."""
    try:
        return codec.read(kind, load_object(plainfile.read(path, _MOST)))
    except FileNotFoundError:
        return None
    except ValueError:
        log.exception("%s: passed over", path)
        return None


def save(path: Path, value: object) -> None:
    """Durable when this returns, its name too. Raises OSError."""
    plainfile.replace(path, dumps(codec.write(value)), mode=0o644)
    sync_folder(path.parent)


def remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths if path.parent.is_dir()}:
        sync_folder(folder)


def outcome_of(progress: Progress, result: str) -> UpdateOutcome:
    p = progress
    return UpdateOutcome(p.id, result, p.version, p.before, p.scope, p.rev, p.reason, p.detail)


def refusal_of(software: Software, before: str, reason: str, detail: str) -> UpdateOutcome:
    s = software
    return UpdateOutcome(secrets.token_hex(8), "refused", s.version, before, str(s.scope), s.rev, reason, detail)
