"""What is being asked at the readers: whether a report shall be sent, how well one was dealt with, what somebody votes for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from contract.frozen import frozen

NoticeKey = tuple[str, str]
"""(scope, id)"""


@frozen
class ReportDraft:
    """A code that somebody typed, repeated to them; sent by `#` until then (monotonic)."""

    code: str
    words: str
    by: str
    room: str | None
    until: float


@frozen
class PutQuestion:
    """What the notice asks was put to one person at a reader, until then (monotonic)."""

    notice: NoticeKey
    rev: int
    by: str
    room: str | None
    until: float
    again: bool = False
    """They answered it, and may change that."""


@frozen
class Sending:
    """A record that somebody waits for. `what`: report or answer; `until`: given up then (monotonic)."""

    what: str
    door: str
    until: float
    fields: Mapping[str, str] = field(default_factory=dict)
    report: tuple[str, str, str] | None = None
    """(holder, code, door) of a report."""
    answer: tuple[NoticeKey, str] | None = None
    """Of an answer that is one of a holder or a room: the notice, and whose."""


@frozen
class Asking:
    """By reader, the one used last at the end."""

    drafts: Mapping[str, ReportDraft] = field(default_factory=dict)
    questions: Mapping[str, PutQuestion] = field(default_factory=dict)
    aimed: Mapping[str, NoticeKey | None] = field(default_factory=dict)
    """By reader: the notice that was on a screen when the entry began."""
    expected: Mapping[str, int] = field(default_factory=dict)
    """By reader: up to which digit one alone is an answer, as its port was told last."""
    sending: Mapping[int, Sending] = field(default_factory=dict)
    """By the record's token."""
    sent: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    """Reports of the last minute by (holder, code, door), monotonic."""
    answered: Mapping[NoticeKey, frozenset[str]] = field(default_factory=dict)
    """Who answered what is in force, as far as this run knows: nobody is asked twice."""
    open_answers: Mapping[str, float] = field(default_factory=dict)
    """By reader: when a question open to anyone was answered there last (monotonic)."""

    @property
    def draft(self) -> ReportDraft | None:
        """The one that was typed last."""
        return [*self.drafts.values()][-1] if self.drafts else None

    @property
    def question(self) -> PutQuestion | None:
        """The one that was put last."""
        return [*self.questions.values()][-1] if self.questions else None
