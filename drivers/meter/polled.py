"""A device that is only read: when it is asked next, when it counts as lost and as found again. No bytes, no line; what its answers mean is the subclass's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from contract.frozen import frozen
from drivers.reports import DeviceFoundReport, DeviceLostReport, Fact

FAILS_TO_LOSE = 3
"""In a row: one answer that noise broke loses nothing."""


@frozen
class PolledQuestion:
    """`think_s`: how long the device and its adapter may take before they answer."""

    frame: bytes
    answer_bytes: int
    think_s: float


class Polled(ABC):
    """`retries_s`: from a failed question to the next, the last again and again. `due`: when it wants to be asked."""

    def __init__(self, name: str, every_s: float, retries_s: Sequence[float]) -> None:
        self.name = name
        self.due = 0.0
        self.facts: list[Fact] = []
        self.found = False
        self._every_s = every_s
        self._retries_s = retries_s
        self._fails = 0
        self._lost = ""

    @abstractmethod
    def question(self) -> PolledQuestion:
        """What to ask now. Reads only."""

    @abstractmethod
    def heard(self, data: bytes, now: float) -> bool:
        """All that came since the question: whether the answer is in it, and has been taken."""

    def start(self, now: float) -> None:
        """The line was opened: nothing is known of it."""
        self.found, self._fails, self.due = False, 0, now

    def lose(self, reason: str, detail: str) -> None:
        """Told once for each reason."""
        self.found = False
        if self._lost != reason:
            self._lost = reason
            self.facts.append(DeviceLostReport(self.name, reason, detail))

    def failed(self, now: float, detail: str) -> None:
        """No answer came in time."""
        self.due = now + self._retries_s[min(self._fails, len(self._retries_s) - 1)]
        self._fails += 1
        if self._fails >= FAILS_TO_LOSE:
            self.lose("silent", detail)

    def wrong(self, now: float, detail: str) -> None:
        """It answers, and what it says is of no use."""
        self.due = now + self._retries_s[-1]
        self._fails += 1
        self.lose("wrong", detail)

    def answered(self, now: float, detail: str) -> None:
        """As it should."""
        self.due = now + self._every_s
        self._fails, self._lost = 0, ""
        if not self.found:
            self.found = True
            self.facts.append(DeviceFoundReport(self.name, detail))
