"""The screens, and the notices they take turns with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import Page
from agent.core.plan import DisplayPlan
from contract.frozen import frozen
from contract.messages import Notice


@frozen
class Stay:
    """How long something could be read: `had_s` up to its last interruption, and since when it can be read now (monotonic)."""

    had_s: float = 0.0
    since: float | None = None


@frozen
class Screen:
    """One display: the page ordered last, and where it is in the turn of notices."""

    plan: DisplayPlan
    token: int = 0
    page: Page | None = None
    showing: tuple[str, str] | None = None
    """(scope, id) of the notice in turn; None: clock and sign."""
    pages: tuple[Page, ...] = ()
    index: int = 0
    last: tuple[str, str] | None = None
    last_urgent: tuple[str, str] | None = None
    last_calm: tuple[str, str] | None = None
    """The last emergency and the last other notice: each kind goes on where it was."""
    flip_at: float | None = None
    """When the next page of clock and sign, or of what is told, is due; None where it is one page."""
    turn_at: float | None = None
    stay: Stay = Stay()
    """Of the notice's page; between notices, of clock and sign."""
    idle: int = 0
    """Which page of clock and sign is in turn."""
    idle_stay: Stay = Stay()
    lost: bool = False
    begun: frozenset[tuple[str, str, int]] = frozenset()
    """Notices (scope, id, rev) put forward here since the display was found, whether or not it said that it drew them."""


@frozen
class NoticeBoard:
    """Notices by (scope, id); what is saved and what was shown."""

    notices: Mapping[tuple[str, str], Notice] = field(default_factory=dict)
    shown: frozenset[tuple[str, str, int]] = frozenset()
