"""Messages with facts in the order of their coming, in groups that are each taken in one transaction; a backlog's are checked before their turn, by a second process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from centre.checker import Checked, Checker
from centre.link import Arrived
from centre.opening import Expected
from contract.topics import parse_up

MANY, MANY_BYTES = 16, 128 * 1024
"""A group of fewer messages and bytes is checked where it is taken: handing over takes a millisecond."""
LIMIT_S = 10.0
"""A second process that has not answered for so long never will: what waits for it is checked here."""
DEPTH = 3
"""Groups that wait: one is taken, one being checked, one ready for the one or the other."""


@dataclass(frozen=True, slots=True)
class _Group:
    events: list[Arrived]
    offered: list[Arrived]
    """Those that are checked elsewhere."""
    answer: Future[Checked] | None
    since_mono: float


class Backlog:
    """`expect`: how a unit's batches are to be checked, by its name; None for one that is not. Used by one thread."""

    def __init__(self, checker: Checker, expect: Callable[[str], Expected | None]) -> None:
        self._checker = checker
        self._expect = expect
        self._groups: deque[_Group] = deque()

    @property
    def full(self) -> bool:
        return len(self._groups) >= DEPTH

    @property
    def ready(self) -> bool:
        """Whether `first` has a group."""
        if not self._groups:
            return False
        group = self._groups[0]
        if group.answer is not None and not group.answer.done() and time.monotonic() - group.since_mono >= LIMIT_S:
            self._checker.failed()
        return group.answer is None or group.answer.done()

    def add(self, events: Sequence[Arrived]) -> None:
        """What came next."""
        offered: list[Arrived] = []
        jobs: list[tuple[bytes, Expected]] = []
        if len(events) >= MANY or sum(len(event.message.payload) for event in events) >= MANY_BYTES:
            for event in events:
                up = parse_up(event.message.topic)
                expected = self._expect(up.unit) if up is not None and up.leaf == "facts" else None
                if expected is not None:
                    offered.append(event)
                    jobs.append((event.message.payload, expected))
        answer = self._checker.offer(jobs) if jobs else None
        self._groups.append(_Group(list(events), offered, answer, time.monotonic()))

    def first(self) -> list[Arrived]:
        """The group whose turn it is, until it is `done`. Only where one is ready."""
        group = self._groups[0]
        if group.answer is not None:
            self._note(group)
            self._groups[0] = replace(group, offered=[], answer=None)
        return group.events

    def done(self) -> None:
        """The first group was taken."""
        self._groups.popleft()

    def _note(self, group: _Group) -> None:
        assert group.answer is not None
        if group.answer.cancelled() or group.answer.exception() is not None:
            self._checker.failed()
            return
        for event, checked in zip(group.offered, group.answer.result(), strict=True):
            event.message.checked = checked

    def tend(self) -> None:
        """From time to time: ends what is not needed any more."""
        if not self._groups:
            self._checker.tend()

    def close(self) -> None:
        self._checker.close()
