"""Confirms of what is committed: sent when nothing waits to be entered, or when they have waited long enough.

A burst of a whole street's receipts is in the books sooner so; a unit that sends on and on gets one confirm for several batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

LATE_S = 0.25
"""No confirm waits for longer. Units send again what was not confirmed for 30 s."""
AT_ONCE = 16
"""Signed and sent between two looks at what came: two milliseconds of work."""


@dataclass(frozen=True, slots=True)
class Answer:
    """To a batch: the facts of `epoch` up to `seq`, where the chain's hash is `head`, are in the books. What else a confirm says is looked up when it is sent."""

    unit: str
    epoch: str
    seq: int
    head: str
    batch: str


class Answers:
    """For the one thread of `serve`."""

    def __init__(self) -> None:
        self._owed: dict[tuple[str, str], tuple[float, Answer]] = {}
        """By unit and epoch: since when, and the newest; who waits longest comes first."""

    def __bool__(self) -> bool:
        return bool(self._owed)

    def add(self, answers: Iterable[Answer]) -> None:
        """To be sent. One takes the place of an earlier one, which it says as well, and keeps its turn."""
        now = time.monotonic()
        for answer in answers:
            mark = answer.unit, answer.epoch
            since, _ = self._owed.get(mark, (now, answer))
            self._owed[mark] = since, answer

    def forget(self) -> None:
        """Nobody is there to hear them. Units ask again over the next connection."""
        self._owed.clear()

    def send(self, say: Callable[[Answer], None], busy: Callable[[], bool]) -> None:
        """Those that are due, and while nothing else is to be done the rest; `busy` is asked now and then."""
        while self._owed and not (self._waited_s() < LATE_S and busy()):
            for mark in list(islice(self._owed, AT_ONCE)):
                say(self._owed.pop(mark)[1])

    def _waited_s(self) -> float:
        """The longest of any."""
        return time.monotonic() - next(iter(self._owed.values()))[0]
