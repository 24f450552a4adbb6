"""The last few hundred steps of the core, kept in memory for the crash file and `doorward replay`."""

from __future__ import annotations

from collections import deque

from agent import limits
from agent.core.effects import AppendFacts, Effect, SendBatch
from agent.core.events import Event
from agent.core.events.link import MessageReceived
from agent.core.events.store import BatchLoaded, Recorded
from agent.core.state import State
from agent.core.time import Now
from contract.frozen import frozen
from contract.messages import RosterPart, Secrets

_FACT_BYTES = 200
_HOLDER_BYTES = 500
"""Of a part of a roster: the holders in it are not those of the index, which the store reads from its cache."""


@frozen
class RingStep:
    """One step as it happened; `before` is the state it started from (states are values: keeping one costs a reference)."""

    before: State
    event: Event
    now: Now
    effects: tuple[Effect, ...]


class Ring:
    """Bounded by steps and by the journal lines and holders they carry."""

    def __init__(self) -> None:
        self._steps: deque[tuple[RingStep, int]] = deque()
        self._bytes = 0

    def add(self, step: RingStep) -> None:
        weight = _weight(step.event) + sum(_weight(effect) for effect in step.effects)
        self._steps.append((step, weight))
        self._bytes += weight
        while len(self._steps) > limits.RING_STEPS or (self._bytes > limits.RING_BYTES and len(self._steps) > 1):
            self._bytes -= self._steps.popleft()[1]

    def forget(self) -> None:
        """What is in it names people that are to be erased."""
        self._steps.clear()
        self._bytes = 0

    def steps(self) -> tuple[RingStep, ...]:
        """Oldest first."""
        return tuple(step for step, _ in self._steps)


def _weight(item: Event | Effect) -> int:
    if isinstance(item, BatchLoaded | Recorded | SendBatch):
        return sum(map(len, item.lines))
    if isinstance(item, MessageReceived) and isinstance(item.message, RosterPart):
        return _HOLDER_BYTES * len(item.message.holders)
    if isinstance(item, MessageReceived) and isinstance(item.message, Secrets):
        return len(item.message.sealed)
    return _FACT_BYTES * len(item.facts) if isinstance(item, AppendFacts) else 0
