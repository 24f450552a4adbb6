"""Every kind of fact a unit can write down, each a frozen dataclass: its fields with their bounds, how long a full journal keeps it, whether it is an alarm.

A kind is declared here and nowhere else; what is not declared cannot be written. Fields stand on the wire in the order they have here.
How a fact becomes a line, and lines a chain, is chain.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, TypeVar, cast, dataclass_transform

from contract import codec
from contract.bounds import At, Count, Id, Items, Length, Pattern, Range, Revision

Detail = Annotated[str, Length(0, 2000, cut=True)]
"""In words, for a person; written cut to its length."""
ScopeName = Annotated[str, Pattern(r"[a-z]{4,9}/[a-z0-9][a-z0-9_-]{0,47}", "a scope as yard/y07")]
Word = Annotated[str, Length(1, 100)]
"""Of a device, an input, a mode of storage: a name in the unit's own configuration or code."""


class Keep(IntEnum):
    """How much a fact matters when the full journal must drop some: the least first, the oldest of those first."""

    LEAST = 0
    """Of devices and notices."""
    ACCESS = 1
    REST = 2
    MOST = 3
    """Patrol, commands, duress and alarms: never while anything else is left."""


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


class Fact:
    """Something that happened at a unit. Not yet numbered or dated."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of a kind beside its fields."""

    kind: str
    type: type[Fact]
    keep: Keep
    alarm: bool
    """It also goes ahead of the queue, on `up/<unit>/alarm`."""


F = TypeVar("F", bound=type[Fact])
KINDS: Final[dict[str, Declared]] = {}
"""By the name of the kind."""
_OF_TYPE: Final[dict[type[Fact], Declared]] = {}


@dataclass_transform(frozen_default=True)
def kind(name: str, keep: Keep = Keep.REST, *, alarm: bool = False) -> Callable[[F], F]:
    """Declare the class below as this kind of fact. An alarm is always kept the longest."""

    def declare(cls: F) -> F:
        made = cast(F, dataclass(frozen=True, slots=True)(cls))
        KINDS[name] = _OF_TYPE[made] = Declared(name, made, Keep.MOST if alarm else keep, alarm)
        return made

    return declare


def declared(fact: Fact) -> Declared:
    """What is declared of this fact's kind."""
    return _OF_TYPE[type(fact)]


def kind_of(fact: Fact) -> str:
    """Its kind's name, as it stands on the wire."""
    return _OF_TYPE[type(fact)].kind


def names_of(*types: type[Fact]) -> frozenset[str]:
    """The kinds' names, as they stand on the wire."""
    return frozenset(_OF_TYPE[each].kind for each in types)


def data_of(fact: Fact) -> dict[str, Any]:
    """What the fact carries, as JSON values."""
    return codec.write(fact)


def fact_of(name: str, data: Mapping[str, Any]) -> Fact | None:
    """The fact of this kind that `data` stands for; None for a kind this version does not know.

    Raises codec.FieldError where the data is not what the kind declares.
    """
    known = KINDS.get(name)
    return None if known is None else codec.read(known.type, data)


def keep_of(name: str) -> Keep:
    """How much a fact of this kind matters; the rest where this version does not know the kind."""
    known = KINDS.get(name)
    return Keep.REST if known is None else known.keep


# --- who came in, and who did not


@kind("access.granted", Keep.ACCESS)
class AccessGranted(Fact):
    """`by`: the holder; none by exit button and by command, which `command` names."""

    door: Id
    by: Id | None
    via: Via
    command: Id | None = None


@kind("access.denied", Keep.ACCESS)
class AccessDenied(Fact):
    """`by`: the holder where the card is known."""

    door: Id
    by: Id | None
    via: Via
    reason: Denial


@kind("access.late", Keep.ACCESS)
class AccessLate(Fact):
    """Cards and keys of one reader that were too old to count; at most one fact a minute and reader. `detail`: how old they may be."""

    device: Word
    count: Count
    detail: Detail


@kind("access.duress", alarm=True)
class AccessDuress(Fact):
    """Somebody was made to open: as `access.granted`, and shown nowhere at the door."""

    door: Id
    by: Id | None
    via: Via


# --- doors


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


@kind("door.held")
class DoorHeld(Fact):
    """Open for longer than it may be."""

    door: Id
    detail: Detail | None = None


@kind("door.no_entry")
class DoorNoEntry(Fact):
    """`by` (a holder, or who sent the command) was let in, and nobody came."""

    door: Id
    by: Annotated[str, Length(1, 100)] | None
    detail: Detail | None = None


@kind("door.fire_release", alarm=True)
class DoorFireRelease(Fact):
    """Released by fire, and latched so until reset."""

    door: Id
    detail: Detail | None = None


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


# --- patrols


@kind("patrol.checkin", Keep.MOST)
class PatrolCheckin(Fact):
    """`round`: none without a round. `stop`: the door where it was."""

    round: Id | None
    stop: Id
    by: Id


@kind("patrol.not_saved", Keep.MOST)
class PatrolNotSaved(Fact):
    """The person was told that the check-in of `checkin` was not saved; where it is in the journal after all, it does not count."""

    stop: Id
    by: Id
    checkin: At


@kind("patrol.untold", Keep.MOST)
class PatrolUntold(Fact):
    """The agent ended before it was sure what the person was told of the check-in of `checkin`, that it is saved or not; it counts."""

    stop: Id
    by: Id
    checkin: At


# --- desired state


@kind("notice.received", Keep.LEAST)
class NoticeReceived(Fact):
    """On the unit's disk."""

    scope: ScopeName
    id: Id
    rev: Revision


@kind("notice.shown", Keep.LEAST)
class NoticeShown(Fact):
    """A display said that all of it is drawn, and it stood long enough to be read."""

    scope: ScopeName
    id: Id
    rev: Revision


@kind("notice.ended", Keep.LEAST)
class NoticeEnded(Fact):
    """Past its `until`, or withdrawn."""

    scope: ScopeName
    id: Id
    rev: Revision


@kind("roster.applied")
class RosterApplied(Fact):
    """All its parts are there, and it is in force."""

    scope: ScopeName
    id: Id
    rev: Revision


@kind("settings.applied")
class SettingsApplied(Fact):
    """`id` is empty."""

    scope: ScopeName
    id: Annotated[str, Length(0, 48)]
    rev: Revision


@kind("keys.applied")
class KeysApplied(Fact):
    """`id` is empty."""

    scope: ScopeName
    id: Annotated[str, Length(0, 48)]
    rev: Revision


@kind("secrets.applied")
class SecretsApplied(Fact):
    """Opened, durable and in force. `id` is empty."""

    scope: ScopeName
    id: Annotated[str, Length(0, 48)]
    rev: Revision


@kind("state.refused")
class StateRefused(Fact):
    """`reason`: `full` (more than a unit takes), `sealed` (secrets that this unit cannot open; what was in force stays) or `internal` (it was in
    hand at a crash of ours, and is left aside for good).

    `count`, where several are told as one.
    """

    state: Word
    scope: ScopeName
    id: Annotated[str, Length(0, 48)]
    rev: Count
    reason: Word
    count: Count | None = None


# --- commands


@kind("command.accepted", Keep.MOST)
class CommandAccepted(Fact):
    """Durable, and about to be done."""

    id: Id
    action: Word | None = None
    actor: Annotated[str, Length(1, 100)] | None = None
    door: Id | None = None


@kind("command.done", Keep.MOST)
class CommandDone(Fact):
    """An unlock: the lock was read back."""

    id: Id
    action: Word | None = None
    actor: Annotated[str, Length(1, 100)] | None = None
    door: Id | None = None
    detail: Detail | None = None


@kind("command.refused", Keep.MOST)
class CommandRefused(Fact):
    """Not done, and it will not be."""

    id: Id
    reason: Word
    action: Word | None = None
    actor: Annotated[str, Length(1, 100)] | None = None
    door: Id | None = None
    detail: Detail | None = None


@kind("command.unknown", Keep.MOST)
class CommandUnknown(Fact):
    """A restart cut it off, and whether it moved the lock cannot be known any more."""

    id: Id
    action: Word | None = None
    actor: Annotated[str, Length(1, 100)] | None = None
    door: Id | None = None
    detail: Detail | None = None


@kind("refusals")
class Refusals(Fact):
    """What was only counted since the last fact of this kind, by reason."""

    counts: Annotated[Mapping[Word, Count], Items(0, 100)]


# --- devices and inputs


@kind("device.lost", Keep.LEAST)
class DeviceLost(Fact):
    """`since`: its beginning. `untold`: earlier comings and goings not told one by one (a loss is told at most once a minute)."""

    device: Word
    reason: Word
    detail: Detail
    since: At
    untold: Count | None = None


@kind("device.found", Keep.LEAST)
class DeviceFound(Fact):
    """Back from a loss that was told."""

    device: Word
    detail: Detail
    untold: Count | None = None


@kind("device.tamper", alarm=True)
class DeviceTamper(Fact):
    """`detail`: `tamper` (its case) or `power`, with `value` (begun or ended); or `line: KIND` with `count`, an attack on its line that was refused.

    `since`: its beginning, where that is told late.
    """

    device: Word
    detail: Detail
    value: bool | None = None
    count: Count | None = None
    untold: Count | None = None
    since: At | None = None


@kind("lock.fault", alarm=True)
class LockFault(Fact):
    """The lock does not read as it should. `untold`: earlier ones of the last minute."""

    door: Id
    detail: Detail
    untold: Count | None = None


@kind("input.changed")
class InputChanged(Fact):
    """A contact of a door, or of the unit; `value` is true where it is active. `detail`: `stuck`, of an exit button that is pressed for too long."""

    input: Word
    value: bool
    door: Id | None = None
    detail: Detail | None = None


# --- the unit itself


@kind("agent.started")
class AgentStarted(Fact):
    """`detail`: `door only`, after three crashes."""

    session: Annotated[str, Length(1, 64)]
    version: Annotated[str, Length(1, 64)]
    detail: Detail | None = None


@kind("agent.stopping")
class AgentStopping(Fact):
    """A clean stop, and why."""

    detail: Detail


@kind("journal.recovered")
class JournalRecovered(Fact):
    """What of the journal or the cache was damaged and mended."""

    detail: Detail


@kind("journal.dropped")
class JournalDropped(Fact):
    """`count`: facts not confirmed that a full journal dropped, each leaving a gap."""

    count: Count


@kind("storage.failed")
class StorageFailed(Fact):
    """`mode`: `full`, `read_only`, `failed`, `hung`; `latch`: the fire latch is in memory only. `since`, where its beginning is told late."""

    mode: Word
    detail: Detail
    since: At | None = None


@kind("storage.mended")
class StorageMended(Fact):
    """`dropped`: facts that memory could not hold; `untold`: earlier troubles not told one by one."""

    mode: Word | None = None
    since: At | None = None
    dropped: Count | None = None
    untold: Count | None = None


@kind("clock.changed")
class ClockChanged(Fact):
    """`trust`: how far it is trusted from now on; `step_s`: by how much it was set, in seconds."""

    trust: Word
    step_s: Annotated[float, Range(-1e12, 1e12)]


ALARMS: Final = frozenset(name for name, declared in KINDS.items() if declared.alarm)
"""Kinds that also go ahead of the queue."""
