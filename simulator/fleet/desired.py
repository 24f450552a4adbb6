"""What a unit of the fleet has of the desired state: which pieces, in which revision. What comes signed is checked as a unit checks it.

A message that many units get is checked once for all that have the same keys: they are one process, and it is the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from contract.digest import digest
from contract.envelope import KeyRing, key_ring, verify
from contract.kinds import Message
from contract.messages import Keys, Kind, Notice, RosterPart, StateMessage, WorkingKey
from contract.parse import parse
from contract.refusal import Refusal
from contract.rounds import Round
from contract.software import Software
from contract.topics import Down

KEPT = 8192
"""Checked messages that are remembered: those of 2,000 units' scopes, several times over."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """The keys a unit believes."""

    site: str
    root: bytes
    working: tuple[WorkingKey, ...]


@lru_cache(maxsize=64)
def _ring(trusted: Trusted) -> KeyRing:
    return key_ring(trusted.root, trusted.working)


def checked(trusted: Trusted, down: Down, token: bytes) -> Message | Refusal:
    """The message that came on the topic `down`, or why it is none."""
    payload = verify(token, down.kind, _ring(trusted))
    return payload if isinstance(payload, Refusal) else parse(down.kind, trusted.site, down, payload)


checked_once = lru_cache(maxsize=KEPT)(checked)
"""The same for what many get."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A revision in force, or a tombstone."""

    rev: int
    until_utc: float | None = None
    over: bool = False


@dataclass(slots=True)
class Desired:
    """One unit's."""

    _pieces: dict[tuple[str, str, str], _Piece] = field(default_factory=dict)
    _parts: dict[tuple[str, str], tuple[int, set[int]]] = field(default_factory=dict)
    """By roster: the revision that is coming, and its parts that are here."""

    def take(self, message: StateMessage) -> bool:
        """Whether this is new and in force now: no revision replaces a newer one, and a roster is whole or nothing."""
        name = (message.KIND.value, str(message.scope), message.ident)
        have = self._pieces.get(name)
        if have is not None and message.rev <= have.rev:
            return False
        if isinstance(message, RosterPart) and not self._whole(message):
            return False
        until = message.until_utc if isinstance(message, Notice) else None
        over = isinstance(message, Notice | Round | Software) and message.withdrawn
        self._pieces[name] = _Piece(message.rev, until, over)
        return True

    def _whole(self, part: RosterPart) -> bool:
        name = (str(part.scope), part.id)
        rev, got = self._parts.get(name, (0, set()))
        if part.rev > rev:
            rev, got = part.rev, set()
        if part.rev == rev:
            got.add(part.part)
        self._parts[name] = (rev, got)
        return part.rev == rev and len(got) == part.parts

    def forget_notices(self) -> None:
        """As `keys` that take a key of notices away ask for."""
        self._pieces = {name: piece for name, piece in self._pieces.items() if name[0] != Kind.NOTICE.value}

    def entries(self, now: float) -> Iterator[tuple[str, str, str, int]]:
        """(kind, scope, id, rev) of what is in force."""
        for name, piece in self._pieces.items():
            if not piece.over and (piece.until_utc is None or piece.until_utc > now):
                yield (*name, piece.rev)

    def digest(self, now: float) -> str:
        """Over what is in force."""
        return _digest(tuple(self.entries(now)))


@lru_cache(maxsize=KEPT)
def _digest(entries: tuple[tuple[str, str, str, int], ...]) -> str:
    return digest(entries)


def takes_notice_key(before: Trusted, message: Keys) -> bool:
    """Whether a key that was good for notices is not any more."""
    now = {key.kid for key in message.keys if Kind.NOTICE in key.kinds}
    return any(Kind.NOTICE in key.kinds and key.kid not in now for key in before.working)
