"""Which doors are locked down, and until when: two tiny files of the fire latch's form, for the time from a start until its journal is open.

The journal has the same, and is right where the two differ. With the files a lockdown holds from the first moment, also on a disk that is slow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from agent.core.effects import KeptMode
from agent.store import latch
from agent.store.faults import read_only
from contract.commands import Mode
from contract.frozen import frozen

NAMES = ("lockdown", "lockdown-copy")


@frozen
class LockdownState:
    """Not `known`: there may be others, for the files cannot be read, or could not have been written."""

    doors: tuple[KeptMode, ...]
    known: bool


def read(folder: Path) -> LockdownState:
    """Never raises. May hang where the disk does."""
    lines = latch.read(folder, NAMES)
    doors = tuple(found for line in sorted(lines or ()) if (found := _parsed(line)) is not None)
    return LockdownState(doors, lines is not None and len(doors) == len(lines) and not read_only(folder))


def write(folder: Path, doors: Iterable[KeptMode]) -> None:
    """Durable when this returns. Raises OSError, after trying both files. Called by one thread."""
    latch.write_both(folder, [f"{each.door} {each.until_utc!r}" for each in doors], NAMES)


def _parsed(line: str) -> KeptMode | None:
    door, _, until = line.partition(" ")
    try:
        until_utc = float(until)
    except ValueError:
        return None
    return KeptMode(door, Mode.LOCKDOWN.value, until_utc) if math.isfinite(until_utc) else None
