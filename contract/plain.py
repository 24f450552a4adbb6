"""The centre's presence, a unit's status, replies to commands. Declared here for both ends; what signs a reply is in replies.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Annotated

from contract import codec
from contract.bounds import At, Count, Hex64, Id, Items, Length, Moment, SealedCard, Signature, WireName
from contract.frozen import frozen
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps

Word = Annotated[str, Length(0, 100)]
"""One of a set that later versions may add to."""
Name = Annotated[str, Length(0, 200)]
Session = Annotated[str, Length(1, 64)]
"""New at each start of a unit, or of the centre."""


@frozen
class Presence:
    """Whether the centre is there, and since when (new at each of its connections)."""

    online: bool
    since_utc: Annotated[Moment, WireName("since")] = 0.0
    session: Session | None = None
    """For the centre itself, which tells by it who was at the broker last. Units pass it over."""


def build_presence(online: bool, since_utc: float, session: str | None = None) -> bytes:
    return dumps(codec.write(Presence(online, since_utc, session)))


def parse_presence(data: bytes) -> Presence | Refusal:
    return parsed(Presence, data)


# --- status


class UnitState(StrEnum):
    """What the broker says of a unit."""

    ONLINE = "online"
    OFFLINE = "offline"


@frozen
class LinkStatus:
    """How the unit sees its own link: `off`, `connecting`, `up`, `down`; `why` in plain words. On the broker it is always `up`."""

    state: Word
    since: At
    why: Annotated[str, Length(0, 200)] | None


@frozen
class DoorStatus:
    """A door as the unit sees it. `lock`: `ok`, `lost` or `fault`; `open` and `unlocked` are None where nobody can say."""

    mode: Word
    open: bool | None
    unlocked: bool | None
    lock: Word
    held: bool


@frozen
class DeviceStatus:
    """`state`: `ok` or `lost`, with the reason and since when. `tamper`: what of it is tampered with now (`tamper`, `power`)."""

    state: Word
    reason: Word | None = None
    since: At | None = None
    tamper: Annotated[tuple[Word, ...], Items(0, 10)] = ()
    note: Word | None = None
    """What it cannot do and settings ask for."""
    panel: Word | None = None
    """Of a display with designed pages: its size, how it hangs in degrees clockwise, and the letters of its files: `800x480 0 normal`."""
    door: Id | None = None
    """Of a reader of cards: its door."""


@frozen
class Status:
    """A unit's birth and health, retained: on change (at most one a second), and every five minutes.

    At most 8 KiB. Where it would be longer, what is well is left out of `inputs` and `devices`, and then `inputs`, `devices`, `doors`
    and `scopes`, in this order and as far as needed, become the number of their entries.
    """

    state: UnitState
    session: Session
    link: LinkStatus | None
    door_only: At | None
    """Until when the unit runs the door alone, after three crashes."""
    boot: Count | None
    version: Word | None
    unit: Id | None
    name: Name | None
    scopes: Annotated[tuple[Word, ...], Items(0, 1000)] | Count | None
    clock: Word | None
    stale: bool
    """It lacks some of its desired state, by the newest confirm's digest."""
    storage: Word | None
    """`opening`, `ok`, `full`, `read_only`, `failed`, `hung` (a call to the disk has not come back for 10 s), or `latch` (all is well but the fire latch, which is in memory only)."""
    taken_over: bool
    """Another client took its place at the broker lately."""
    doors: Annotated[Mapping[Word, DoorStatus], Items(0, 1000)] | Count | None
    devices: Annotated[Mapping[Word, DeviceStatus], Items(0, 1000)] | Count | None
    inputs: Annotated[Mapping[Word, bool], Items(0, 1000)] | Count | None
    backlog: Count | None
    """Facts that are not confirmed, those that are still in memory too."""
    oldest: Count | None
    """The first of them."""
    digest: Hex64 | None
    """Over what is in force."""
    counts: Annotated[Mapping[Word, Count], Items(0, 100)] | None
    """How many of each kind that is."""
    refused: Count | None
    """How many pieces of desired state it was sent and did not take."""
    centre_since: Moment | None
    """Since when the centre is online, in its own words."""
    at: At | None
    login: Name | None = None
    """The user name by which the unit is at the broker."""
    checkpoint: Hex64 | None = None
    """The digest of the centre's newest checkpoint that a confirm named since the start."""


@frozen
class UnitPresence:
    """Whether a unit is there: the beginning of every status. With `offline` there is no more: the broker publishes it, retained, when the unit is lost
    (its will), and the unit itself at a clean stop.
    """

    state: UnitState
    session: Session
    """A death counts only for the session it names. Compare sessions, not times."""


def build_will(session: str) -> bytes:
    """The death of this session."""
    return dumps(codec.write(UnitPresence(UnitState.OFFLINE, session)))


def parse_unit_presence(data: bytes) -> UnitPresence | Refusal:
    """What every status begins with, whatever else is in it."""
    return parsed(UnitPresence, data)


def parse_status(data: bytes) -> Status | Refusal:
    """The whole of a birth or health."""
    return parsed(Status, data)


# --- replies


class ReplyState(StrEnum):
    """A step in the course of a command."""

    ACCEPTED = "accepted"
    DONE = "done"
    """The relay was read back."""
    OPENED = "opened"
    """The contact saw it."""
    NO_ENTRY = "no_entry"
    UNKNOWN = "unknown"
    """A restart came between, and nobody can say any more."""
    REFUSED = "refused"


@frozen
class Reply:
    """One step in the course of a command."""

    id: Id
    """The command's."""
    state: ReplyState
    at_utc: Annotated[At, WireName("at")]
    reason: Annotated[str, Length(1, 32)] | None = None
    """Only with `refused`."""
    door: Id | None = None
    detail: Annotated[str, Length(0, 500)] | None = None
    """In words; with `malformed`, the field."""
    sealed: SealedCard | None = field(default=None, repr=False)
    """Only with `done` of `read_card`: the card, sealed to the command's `seal_to`."""
    sig: Signature = b""

    def faults(self) -> Iterator[str]:
        if not self.sig:
            yield "sig: missing"


def parse_reply(data: bytes) -> Reply | Refusal:
    """Takes a reply apart; checks nothing but its form."""
    return parsed(Reply, data)
