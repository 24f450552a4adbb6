"""What goes into the journal beside facts, for the next start."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class KeptMode:
    """A door's commanded mode (normal, hold_open, lockdown) and when it ends, as kept for the next start."""

    door: str
    mode: str
    until_utc: float


@frozen
class KeptTries:
    """A reader's wrong codes as kept for the next start. `until_utc`: when its lock-out ends, infinite where the time is not known; None: there is none."""

    reader: str
    wrong: int
    rounds: int
    until_utc: float | None


@frozen
class UsedVisitor:
    """The visitor's code of this serial of a local day, at this door: it has been used."""

    door: str
    day: str
    serial: int


@frozen
class KeptMeter:
    """What a water meter counted last, at `at_utc` (None where the time is not known), how many litres an hour always ran, the day told last,
    and who was watched in its room last. `gone`: nothing of it is kept any more.
    """

    name: str
    litres: int
    at_utc: float | None = None
    quiet: float | None = None
    told: str = ""
    holder: str | None = None
    gone: bool = False


@frozen
class KeptHome:
    """A watched household as kept for the next start, by its name. `counted_s`: without a sign of life; `at_utc`: as of then, None where the time is not known.

    `silent`: the centre was told. `gone`: it is not watched any more.
    """

    name: str
    holder: str
    room: str | None
    counted_s: float
    at_utc: float | None
    silent: bool
    gone: bool = False
