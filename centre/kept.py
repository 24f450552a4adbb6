"""What the intake keeps in memory between two groups, as the books have it. Made anew after a group that failed."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from centre import checkpoints, handed, restored, state, units
from centre.alarms import Alarms
from centre.early import Early
from centre.history import History
from centre.limits import Limits
from centre.presence import Presences
from centre.state import Due
from centre.units import PinnedKey, Unit


@dataclass(frozen=True, slots=True)
class Kept:
    """Each part writes what it gathered when the group is flushed."""

    alarms: Alarms
    early: Early
    presences: Presences
    limits: Limits
    history: History

    @classmethod
    def read(cls, conn: Connection, site: str) -> Kept:
        """From the books."""
        alarms, early = Alarms(conn), Early(conn)
        limits = Limits(conn, alarms)
        return cls(alarms, early, Presences(conn), limits, History(conn, site, alarms, early, limits))

    def flush(self, conn: Connection, now: float) -> None:
        self.history.flush(conn)
        self.early.flush(conn, now)
        self.presences.flush(conn)
        self.limits.flush(conn, now)
        self.alarms.flush(conn)


@dataclass(slots=True)
class Register:
    """Units and desired state as the books had them at `changes`."""

    changes: int
    units: dict[str, Unit]
    pinned: dict[str, PinnedKey]
    tokens: dict[str, tuple[int, bytes]]
    due: dict[str, list[Due]]
    sealing: dict[str, bytes]
    changing: frozenset[str]
    """Units whose login is being changed."""
    unlisted: set[str]
    """Units to be asked what they have, since the books were restored."""
    checkpoint: str | None
    """Digest of the newest checkpoint of the record."""
    digests: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, conn: Connection, site: str, number: int) -> Register:
        """From the books; `number`: their count of changes now."""
        known = {unit.unit: unit for unit in units.listed(conn, site)}
        newest = checkpoints.newest(conn)
        pinned, tokens = units.pinned(conn), units.open_tokens(conn)
        return cls(
            number,
            known,
            pinned,
            tokens,
            state.due(conn),
            handed.sealing(conn),
            handed.changing_login(conn),
            restored.unlisted(conn),
            None if newest is None else newest[1],
        )
