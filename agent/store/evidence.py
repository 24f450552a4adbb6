"""What the newest facts say of a command that a restart cut off. Reads; never raises on a line that cannot be understood."""

from __future__ import annotations

import sqlite3

from contract.chain import FactLine, parse_line
from contract.facts import AccessGranted, AgentStarted, DoorOpened, Fact, names_of

NEWEST = 2000
"""Facts looked at: more than a run writes in the minutes that a command lives."""
_KINDS = tuple(f'"kind":"{name}"'.encode() for name in sorted(names_of(AccessGranted, AgentStarted, DoorOpened)))


def course(conn: sqlite3.Connection, next_seq: int, command: str, door: str | None) -> tuple[bool, bool]:
    """Whether the unlock of this open was ordered, and whether the door was opened after it in the same run."""
    rows = conn.execute("SELECT line FROM facts WHERE line IS NOT NULL AND seq >= ? ORDER BY seq", (next_seq - NEWEST,))
    granted = opened = False
    for (raw,) in rows:
        match _fact(raw):
            case AccessGranted() as fact if fact.command == command:
                granted = True
            case AgentStarted() if granted:
                break
            case DoorOpened() as fact if granted and fact.door == door:
                opened = True
    return granted, opened


def _fact(raw: object) -> Fact | None:
    """The fact of a line, where it is of a kind that says something here."""
    if not isinstance(raw, bytes) or not any(kind in raw for kind in _KINDS):
        return None
    try:
        line = parse_line(raw)
        return line.fact if isinstance(line, FactLine) else None
    except ValueError:
        return None
