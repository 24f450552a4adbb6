"""Desired state that came: received, shown, in force, refused."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import Count, Id, Length, Revision
from contract.facts.declaration import Fact, Keep, ScopeName, Word, kind


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


@kind("state.applied")
class StateApplied(Fact):
    """Durable and in force: state of a kind that has no fact of its own. `state` says which."""

    state: Word
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
