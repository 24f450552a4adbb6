"""What the unit knows of its patrol rounds beside the rounds themselves: check-ins lately, and what facts told of stops."""

from __future__ import annotations

from agent.core.marks import ToldStop
from contract.frozen import frozen


@frozen
class SeenVisit:
    """A check-in that is on disk. `utc`: when, by a set clock; else None, and `mono` says when in this run."""

    door: str
    by: str
    utc: float | None
    mono: float


@frozen
class Rounds:
    ready: bool = False
    """What earlier runs left is known."""
    began: float = 0.0
    """Monotonic: check-ins of earlier runs are from before."""
    visits: tuple[SeenVisit, ...] = ()
    """Of the last days, oldest first."""
    told: frozenset[ToldStop] = frozenset()
    untimed: frozenset[str] = frozenset()
    """Doors where somebody checked in in an earlier run, nobody knows when: what was missed there before this run is for the centre to say."""
    look_at: float | None = None
    """When stops are looked at next, monotonic; None while there are none."""


@frozen
class StopTap:
    """What a check-in is for. `does`: it does the stop; else it came once more, or too far from the window `begins`–`ends` (HH:MM).

    `next`: the stop after it, empty where there is none; `next_from` (HH:MM) where that has not begun.
    """

    round: str
    timing: str
    does: bool
    begins: str
    ends: str
    next: str = ""
    next_from: str = ""
    off: bool = False
    """It came further from the window than the grace, and counts for no stop."""
