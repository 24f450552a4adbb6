"""What became of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from contract.bounds import Count, Id, Items, Length
from contract.facts.declaration import Detail, Fact, Keep, Word, kind


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
