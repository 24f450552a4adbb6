"""Who may pass, who tapped and typed lately, and what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import CheckedIn
from contract.frozen import frozen
from contract.messages import Holder


@frozen
class ScreenAnswer:
    """What the screen tells a person about what they just did; texts by catalogue key at drawing."""

    key: str
    fields: Mapping[str, str]
    tone: str
    until: float
    at: float = 0.0


@frozen
class TypedKeys:
    """Digits typed at a reader so far; `until`: forgotten then."""

    keys: str = field(default="", repr=False, metadata={"secret": True})
    until: float = 0.0


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
    """A check-in of a holder at a door: `at` monotonic, `utc` of the tap; `token` of its record until that is durable."""

    at: float
    utc: float
    token: int | None


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
    reported_checkins: tuple[CheckedIn, ...] = ()
    """Check-ins of which the person was told, until a record takes that along."""
