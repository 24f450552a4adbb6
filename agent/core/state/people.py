"""Who may pass, who tapped and typed lately, and what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import UsedVisitor
from agent.core.marks import CheckedIn
from agent.core.state.rounds import StopTap
from contract.frozen import frozen
from contract.messages import Holder, Role


@frozen
class ScreenAnswer:
    """What the screen tells a person about what they just did; texts by catalogue key at drawing."""

    key: str
    fields: Mapping[str, str]
    tone: str
    until: float
    at: float = 0.0
    door: str | None = None
    """At which door they did it, where that is known."""


@frozen
class TypedKeys:
    """How many keys were typed at a reader so far; `until`: forgotten then. `card`: the holders whose card was shown, and whose PIN is waited for.

    `keys`: of records of earlier versions.
    """

    keys: str = field(default="", repr=False, metadata={"secret": True})
    until: float = 0.0
    count: int = 0
    starred: bool = False
    card: frozenset[str] = frozenset()


@frozen
class Present:
    """Who passed last at a reader, by card or PIN or as a patrol: they stand there until then (monotonic). `flags`: of their entries in all rosters."""

    holder: str
    role: Role
    room: str | None
    flags: frozenset[str]
    until: float


@frozen
class Tries:
    """Wrong codes at a reader: `wrong` in a row since the last lock-out, `rounds` of lock-outs since the last right one, `until` this one ends (monotonic).

    `spent`: those that led to the last one, and that no right one ended yet. `told`: a fact says that somebody tried meanwhile. `forgiven`: earlier ones, as of `forgiven_at` (monotonic), that a right one ended; time forgets them.
    """

    wrong: int = 0
    spent: int = 0
    rounds: int = 0
    until: float | None = None
    told: bool = False
    forgiven: float = 0.0
    forgiven_at: float = 0.0


@frozen
class VisitorUse:
    """A visitor's code whose use is on its way to the disk. `give_up`: when that is waited for no longer (monotonic)."""

    reader: str
    code: UsedVisitor
    give_up: float
    given_up: bool = False


@frozen
class Late:
    """Cards and keys of one reader that were too old to count, since the last fact about them."""

    count: int = 0
    age_s: float = 0.0
    """Of the oldest."""
    due: float | None = None
    """When the next fact is to be written."""
    reported_at: float | None = None


@frozen
class CheckIn:
    """A check-in of a holder at a door: `at` monotonic, `utc` of the tap; `token` of its record until that is durable. `stop`: what it is for."""

    at: float
    utc: float
    token: int | None
    stop: StopTap | None = None
    timed: bool = False


@frozen
class Access:
    by_key: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)
    applied_revisions: tuple[tuple[str, str, str, int], ...] = ()
    loaded: bool = False
    card_keys: frozenset[str] | None = None
    """Ids of the card keys that the rosters in force are hashed with; None: not read yet."""
    last: Mapping[str, tuple[tuple[str, ...], float]] = field(default_factory=dict)
    """By reader: the last card's hashes and when it was last seen."""
    checkins: Mapping[tuple[str, str], CheckIn] = field(default_factory=dict)
    """By (holder, door), of the last minute."""
    by_pin: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)
    """By the keyed hash of a PIN, and of a PIN for duress."""
    tries: Mapping[str, Tries] = field(default_factory=dict)
    """By reader, where there are any."""
    visitor_day: str | None = None
    """The local day whose visitors' codes the keypads know."""
    visits: Mapping[int, VisitorUse] = field(default_factory=dict)
    """By the token of their record."""
    visited: frozenset[UsedVisitor] = frozenset()
    owed: frozenset[UsedVisitor] = frozenset()
    """Of these the use was written down when nobody waited any more: they let in once."""
    present: Mapping[str, Present] = field(default_factory=dict)
    """By reader."""
    reported_checkins: tuple[CheckedIn, ...] = ()
    """Check-ins of which the person was told, until a record takes that along."""
