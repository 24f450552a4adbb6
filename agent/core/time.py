"""Time as the core sees it: read once an event by loop.py, never by the core."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trust(StrEnum):
    """How far the clock can be trusted (contract.md, Clock)."""

    UNKNOWN = "unknown"
    FLOOR = "floor"
    SYNCED = "synced"
    HOLDOVER = "holdover"


@dataclass(frozen=True, slots=True)
class Now:
    """`mono` seconds since boot of the agent's host, never steps; `utc` seconds since 1970; `offset_s` local minus UTC; `clock` how far to trust `utc`."""

    mono: float
    utc: float
    offset_s: int
    clock: Trust
