"""What was taken from the partition already, so that each file counts once: a file beside the configuration, replaced whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from agent.store import plainfile
from contract.frozen import frozen

NAME = "taken.json"
_MAX_BYTES = 4096


@frozen
class Notes:
    """SHA-256 of the files. `key_before`: the unit's key when `enrolment` was begun ("" where there was none): another one now means that it was done."""

    config: str = ""
    network: str = ""
    enrolment: str = ""
    key_before: str = ""


def read(folder: Path) -> Notes:
    """Nothing taken yet, where the file is not there or not as we write it: a file is then looked at again, and does no harm."""
    try:
        found = json.loads(plainfile.read(folder / NAME, _MAX_BYTES))
        return Notes(**{name: value for name, value in found.items() if isinstance(value, str)})
    except (OSError, ValueError, TypeError, AttributeError):
        return Notes()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, notes: Notes) -> None:
    """Durable when this returns, but for the folder's own entry, which whoever writes next in it syncs. Raises OSError."""
    plainfile.replace(folder / NAME, json.dumps(asdict(notes)).encode("ascii"))
