"""What the newest facts say of a command that a restart cut off. Reads; never raises on a line that cannot be understood."""

from __future__ import annotations

import sqlite3

from contract.facts import FactLine, parse_line

NEWEST = 2000
"""Facts looked at: more than a run writes in the minutes that a command lives."""
_KINDS = (b'"kind":"access.granted"', b'"kind":"door.opened"', b'"kind":"agent.started"')


def course(conn: sqlite3.Connection, next_seq: int, command: str, door: str | None) -> tuple[bool, bool]:
    """Whether the unlock of this open was ordered, and whether the door was opened after it in the same run."""
    rows = conn.execute("SELECT line FROM facts WHERE line IS NOT NULL AND seq >= ? ORDER BY seq", (next_seq - NEWEST,))
    granted = opened = False
    for (raw,) in rows:
        fact = _fact(raw)
        if fact is None:
            continue
        if not granted:
            granted = fact.kind == "access.granted" and fact.data.get("command") == command
        elif fact.kind == "agent.started":
            break
        else:
            opened |= fact.kind == "door.opened" and fact.data.get("door") == door
    return granted, opened


def _fact(raw: object) -> FactLine | None:
    if not isinstance(raw, bytes) or not any(kind in raw for kind in _KINDS):
        return None
    try:
        fact = parse_line(raw)
    except ValueError:
        return None
    return fact if isinstance(fact, FactLine) else None
