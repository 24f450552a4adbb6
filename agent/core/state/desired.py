"""Desired state beside notices and rosters, and what of it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeVar

from agent.core.time import LEFT_OUT
from contract.frozen import frozen
from contract.messages import Keys, Secrets, StateMessage

M = TypeVar("M", bound=StateMessage)


@frozen
class NotTaken:
    """A piece of desired state that is refused: its revision, why, and until when it would have been in force."""

    rev: int
    reason: str
    until_utc: float | None = None


@frozen
class RefusedState:
    """Desired state that is not taken. `entries`: by (kind, scope, id); `newest` and `suppressed`: what the next fact tells."""

    entries: Mapping[tuple[str, str, str], NotTaken] = field(default_factory=dict)
    newest: tuple[str, str, str, int, str] | None = None
    suppressed: int = 0
    reported_at: float | None = None


@frozen
class Opening:
    """Secrets that a shell is opening."""

    message: Secrets
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)


@frozen
class SealedState:
    """Secrets by their revisions, and card keys by their ids. What is inside is known to a shell only."""

    enrolled: frozenset[str] = frozenset()
    """Card keys of the enrolment."""
    opened: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Card keys of all secrets that are kept, or being saved, by revision."""
    opening: Mapping[tuple[int, int], Opening] = field(default_factory=dict)
    """By the message's token (0: it is kept already) and revision."""
    rev: int = 0
    """The newest in force."""
    allowed: frozenset[str] | None = None
    """Card keys that rosters may be hashed with to come in force, as the store was told last; `asked`: it has not answered yet."""
    asked: int | None = None
    used: tuple[tuple[int, str], ...] = ()
    """(revision, id) of the card keys in use; revision 0 is the enrolment."""


@frozen
class DesiredState:
    """Desired state beside notices and rosters: revisions seen, messages in force, messages being saved."""

    revs: Mapping[str, int] = field(default_factory=dict)
    """Newest revision seen by "kind scope id"."""
    kept: Mapping[tuple[str, str, str], StateMessage] = field(default_factory=dict)
    """By (kind, scope, id): settings, and every other kind that has no place of its own."""
    keys_rev: int = 0
    keys: Keys | None = None
    """Those in force; None: those of the enrolment, which are not known here."""
    anew_rev: int = 0
    """Notices are taken that were judged by the keys of this revision or newer ones: it took a key for notices away."""
    saving: Mapping[int, object] = field(default_factory=dict)
    """By message token: what the store is saving."""
    refused: RefusedState = RefusedState()
    sealed: SealedState = SealedState()

    def of(self, kind: type[M]) -> tuple[M, ...]:
        """Those of one kind that are kept."""
        return tuple(each for each in self.kept.values() if isinstance(each, kind))
