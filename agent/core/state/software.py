"""The unit's own software: what is being fetched, what is fetched, what was ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.events.software import UpdateOutcome
from agent.core.time import LEFT_OUT
from contract.frozen import frozen

Piece = tuple[str, int]
"""Scope and revision of a `software`."""


@frozen
class HeardMessage:
    """A signed message as it came in this run."""

    rev: int
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)


@frozen
class SoftwareState:
    read: bool = False
    """How the last update stands is known."""
    read_at: float | None = None
    """When to look again."""
    outcome: UpdateOutcome | None = None
    told: str = ""
    """The outcome that was told of last."""
    telling: tuple[int, str] | None = None
    """Its record's token and its id, until that is durable."""
    busy: bool = False
    ordered: bool = False
    forms: frozenset[str] = frozenset()
    heard: Mapping[str, HeardMessage] = field(default_factory=dict)
    """By scope, each newest `software`; under `keys` the newest of those."""
    target: Piece | None = None
    """What all below is about."""
    over: bool = False
    """It is refused, or tried and given up."""
    fetching: bool = False
    fetched: bool = False
    due: float | None = None
    """When to fetch, or to give up fetching."""
    failures: int = 0
    roomless: bool = False
    """It was told that there is no room for it; it is tried again all the same."""
    wrong: int = 0
    """How often what came was not what was signed."""
