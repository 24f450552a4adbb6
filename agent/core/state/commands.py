"""Remote commands: seen, waiting, under way, and the answers that wait for the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import SendReply
from contract.commands import Command
from contract.frozen import frozen


@frozen
class WaitingCommand:
    """A command whose acceptance is being committed."""

    command: Command
    message: int
    exp_mono: float
    give_up: float


@frozen
class CommandProgress:
    """An open that was ordered: `stage` is ordered, sent or done."""

    id: str
    action: str
    actor: str
    door: str
    order: int
    stage: str
    until: float


@frozen
class ResetProgress:
    """A `fire_reset` that was ordered (`again`: by the run before): `waits` are the doors not read back at their level yet."""

    id: str
    actor: str
    door: str | None
    waits: frozenset[str]
    until: float
    missed: Mapping[str, str] = field(default_factory=dict)
    """Doors that will not come any more, and why."""
    again: bool = False


@frozen
class CutOff:
    """An open that a restart cut off, while the lock has not been read yet."""

    id: str
    actor: str
    door: str
    granted: bool
    exp: float
    until: float


@frozen
class Erasing:
    """An erasure that the store was asked for, by command `id`; given up then (monotonic)."""

    id: str
    actor: str
    door: str | None
    holder: str
    give_up: float


@frozen
class CardWait:
    """A reader that waits for a card to be enrolled, by command `id`, since and until then (monotonic). `tone_at`: when it sounds again."""

    id: str
    actor: str
    reader: str
    door: str
    since: float
    until: float
    tone_at: float


@frozen
class Commands:
    seen: Mapping[str, float] = field(default_factory=dict)
    waiting: Mapping[int, WaitingCommand] = field(default_factory=dict)
    """By the token of the record of acceptance."""
    in_progress: tuple[CommandProgress, ...] = ()
    resets: tuple[ResetProgress, ...] = ()
    cut_off: tuple[CutOff, ...] = ()
    erasing: Mapping[int, Erasing] = field(default_factory=dict)
    """By the token of EraseHolder."""
    card_wait: CardWait | None = None
    waited: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """By reader: from when until when it waited for cards, lately (monotonic)."""
    opens: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By door: when opens were accepted in the last minute."""
    opens_before: tuple[tuple[str, float], ...] = ()
    """(door, `exp`) of opens accepted before this start."""
    started: float | None = None
    """When the agent started, monotonic: a command signed well before that is none of this run's."""
    spent_utc: float = 0.0
    """Commands signed before this may have been refused before this start, in a flood that wrote down no ids."""
    spends_utc: float = 0.0
    """The same for the next start, as last written down."""
    replies: tuple[SendReply, ...] = ()
    """Replies that wait for the link."""
    restart_token: int | None = None
    restart_at: float | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    """Counts by reason since the last `refusals` fact."""
    refusals_at: float | None = None
    """Before this, no further `refusals` fact."""
    refused_here: int = 0
    """Refused commands with a fact of their own since `refused_from`."""
    refused_from: float | None = None
