"""What the running agent's status file says, as the updater needs it: whether the doors allow a stop, and whether the new agent has proved itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.store import plainfile
from contract.software import order

_MOST = 256 * 1024
_CONFIRMED = ("synced", "holdover")
"""The clock is so only when the centre confirmed facts of this very run."""


def read(path: Path) -> Mapping[str, Any]:
    """Empty where no agent runs, or what is there is no status."""
    try:
        found = json.loads(plainfile.read(path, _MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def hindrance(status: Mapping[str, Any]) -> str:
    """What forbids that the agent is stopped now, by door; empty where nothing does, or no agent runs. As the core judges (agent/core/software.py)."""
    doors = status.get("doors")
    for name, door in doors.items() if isinstance(doors, dict) else ():
        if not isinstance(door, dict):
            continue
        if door.get("mode") != "normal":
            return f"{name}: {'released by fire' if door.get('mode') == 'fire' else door.get('mode')}"
        if door.get("open") is True:
            return f"{name}: open"
    return ""


def confirmed(status: Mapping[str, Any]) -> bool:
    """The centre has confirmed facts of this run."""
    return status.get("clock") in _CONFIRMED


def runs(status: Mapping[str, Any], version: str) -> bool:
    """Whether the agent is of this version; a package's own revision (`-1`) is none of the agent's."""
    told = status.get("version")
    return isinstance(told, str) and _same(told, version)


def _same(one: str, other: str) -> bool:
    try:
        return order(one.partition("-")[0]) == order(other.partition("-")[0])
    except ValueError:
        return False
