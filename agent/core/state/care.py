"""Watched households, a call for help, and what the centre says to whoever stands at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import KeptHome
from contract.frozen import frozen


@frozen
class Home:
    """A watched household. `mark`: what Care.counted_s was at its last sign of life; `saved_s`: counted since that sign, as written down last.

    `off_from`: when what the journal has of it was written (UTC), while it is not known how long the unit was off since.
    """

    holder: str
    room: str | None
    mark: float = 0.0
    silent: bool = False
    saved_s: float | None = None
    off_from: float | None = None
    new: bool = False
    """A sign came since."""
    seen: str = ""
    """The source of a sign of this run, the first one."""


@frozen
class Care:
    """`homes`: by `room R` or `holder H`. `counted_s`: time of this run that counts, quiet hours left out. Monotonic times else."""

    homes: Mapping[str, Home] = field(default_factory=dict)
    by_holder: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of each who lives in a watched household: which."""
    kept: Mapping[str, KeptHome] = field(default_factory=dict)
    """What the journal had, of households that are not watched yet in this run."""
    counted_s: float = 0.0
    ticked_at: float | None = None
    opened_at: float | None = None
    saved_at: float | None = None
    grown_at: float | None = None
    """When the counts of all were written down last."""


@frozen
class Help:
    """A call for help, shown until then. `told_at`: of the newest fact; `more`: calls since. `seq`: of the fact, once it has a number."""

    at: float
    until: float
    door: str | None
    via: str
    told_at: float
    more: int = 0
    token: int | None = None
    seq: int | None = None
    reached: bool = False
    """The centre has it in its books."""
    answered: bool = False
    """It opened the door, or said something."""
    seen: str = ""
    """Which page of it was on the screen last, long enough to be read or since `seen_at`."""
    seen_at: float = 0.0


@frozen
class Said:
    """Words of the centre, shown until then. `seen_at`: on the screen since, or so long that they were read; None: not yet."""

    text: str
    until: float
    seen_at: float | None = None
