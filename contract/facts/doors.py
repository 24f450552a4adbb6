"""At a door: who came in and who did not, what the door did."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from contract.bounds import At, Count, Id, Length, Range
from contract.facts.declaration import Detail, Fact, Keep, Word, kind

Camera = Annotated[str, Length(1, 64)]
"""The door's camera, as the unit's configuration names it: by it and the fact's time a centre finds the clip. Absent where it names none."""


class Via(StrEnum):
    """By what a door was asked to open."""

    CARD = "card"
    PIN = "pin"
    VISITOR = "visitor"
    REMOTE = "remote"
    EXIT_BUTTON = "exit_button"


class Denial(StrEnum):
    """Why somebody may not pass."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    HOURS = "hours"
    DOOR = "door"
    PIN = "pin"
    LOCKED_OUT = "locked_out"
    LOCKDOWN = "lockdown"
    USED = "used"
    CLOCK = "clock"


@kind("access.granted", Keep.ACCESS)
class AccessGranted(Fact):
    """`by`: the holder; none by exit button, by a visitor's code, which `visitor` names by its local day and serial (`2026-11-26/3`), and by command, which `command` names."""

    door: Id
    by: Id | None
    via: Via
    command: Id | None = None
    visitor: Detail | None = None
    camera: Camera | None = None


@kind("access.denied", Keep.ACCESS)
class AccessDenied(Fact):
    """`by`: the holder where the card is known. `visitor` as in `access.granted`, where the code is one of the day's."""

    door: Id
    by: Id | None
    via: Via
    reason: Denial
    visitor: Detail | None = None
    camera: Camera | None = None


@kind("access.locked_out", alarm=True)
class AccessLockedOut(Fact):
    """So many wrong codes at this reader that it takes none now: one a lock-out, as it begins. `lock_s`: how long it lasts, in seconds."""

    door: Id
    device: Word
    lock_s: Annotated[float, Range(0, 86_400)]
    camera: Camera | None = None


@kind("access.late", Keep.ACCESS)
class AccessLate(Fact):
    """Cards and keys of one reader that were too old to count; at most one fact a minute and reader. `detail`: how old they may be."""

    device: Word
    count: Count
    detail: Detail


@kind("visitor.used", Keep.ACCESS)
class VisitorUsed(Fact):
    """A visitor's code, written down before it opens: from here on it opens never again. `day`: the local day it is of."""

    door: Id
    day: Detail
    serial: Count


@kind("access.duress", alarm=True)
class AccessDuress(Fact):
    """Somebody was made to open: as `access.granted`, and shown nowhere at the door."""

    door: Id
    by: Id | None
    via: Via
    camera: Camera | None = None


@kind("door.opened")
class DoorOpened(Fact):
    """By its contact, and somebody had been let in, or it may stand open."""

    door: Id
    detail: Detail | None = None


@kind("door.closed")
class DoorClosed(Fact):
    """`open_s`: how long it stood open, in seconds."""

    door: Id
    open_s: Annotated[float, Range(0, 1e12)] | None = None


@kind("door.forced", alarm=True)
class DoorForced(Fact):
    """Opened, and nobody had been let in."""

    door: Id
    detail: Detail | None = None
    camera: Camera | None = None


@kind("door.held")
class DoorHeld(Fact):
    """Open for longer than it may be."""

    door: Id
    detail: Detail | None = None
    camera: Camera | None = None


@kind("door.no_entry")
class DoorNoEntry(Fact):
    """`by` (a holder, or who sent the command) was let in, and nobody came. `detail`: it did not unlock (`order late`, `silent`, `refused`, `lost`; `reads locked`)."""

    door: Id
    by: Annotated[str, Length(1, 100)] | None
    detail: Detail | None = None


@kind("door.fire_release", alarm=True)
class DoorFireRelease(Fact):
    """Released by fire, and latched so until reset."""

    door: Id
    detail: Detail | None = None
    camera: Camera | None = None


@kind("door.fire_reset")
class DoorFireReset(Fact):
    """Locked again after a release by fire. `by`: who said so; `via`: `remote`, or `card` with the flag `fire_reset`."""

    door: Id
    by: Annotated[str, Length(0, 100)] | None
    via: Word | None


@kind("door.mode")
class DoorMode(Fact):
    """`until`: when the mode ends."""

    door: Id
    mode: Word
    until: At | None = None
    detail: Detail | None = None


Filmed = AccessGranted | AccessDenied | AccessDuress | AccessLockedOut | DoorForced | DoorHeld | DoorFireRelease
"""What somebody may want to see: these name the door's camera."""
