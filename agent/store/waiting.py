"""What waits for the store's thread. Orders come in here from the main loop, without ever blocking it, and facts stay bounded.

Facts go first, then the rest in order. The fire latch is no part of it (latch_keeper.py).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.core.effects import AppendFacts
from contract.facts import declared
from contract.frozen import frozen

Other = TypeVar("Other")

RING = 10_000
"""Facts held in memory while the disk takes nothing (fault row 10); about 5 MB."""

_DROP_AT_ONCE = RING // 100


@frozen
class Dropped:
    """Tokens of records the memory could not hold (the latest of them), and how many facts they had in all."""

    tokens: tuple[int, ...]
    facts: int


@dataclass(slots=True)
class StoreCounts:
    """Since the start: transactions with facts, and facts in them."""

    commits: int = 0
    facts: int = 0


class OrderLanes(Generic[Other]):
    """Two lanes behind one lock. `Other`: the orders that are no facts."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._records: deque[AppendFacts] = deque()
        self._facts = 0
        self._others: deque[Other] = deque()
        self._dropped: deque[int] = deque(maxlen=RING)
        self._dropped_facts = 0
        self._closed = False
        self._deadline_came = False
        self._in_hand = 0
        self._rests = True
        self._beat_at = time.monotonic()

    # --- the main loop's side

    def put_record(self, record: AppendFacts) -> None:
        with self._changed:
            self._records.append(record)
            self._facts += len(record.facts)
            if self._facts > RING:
                self._drop()
            self._deadline_came |= record.durable_by_mono is not None
            self._changed.notify()

    def put(self, other: Other) -> None:
        with self._changed:
            self._others.append(other)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def silent_s(self, mono: float) -> float:
        """For how long the store's thread has been in one call to the disk; 0 while it waits for orders."""
        return 0.0 if self._rests else mono - self._beat_at

    def unsaved(self) -> int:
        """Facts that are not on disk: waiting, or in the store's hands."""
        with self._changed:
            return self._facts + self._in_hand

    # --- the store's side

    def beat(self) -> None:
        """The store's thread lives: another call to the disk has come back."""
        self._rests = False
        self._beat_at = time.monotonic()

    def settled(self, facts: int) -> None:
        """So many of the facts taken are on disk, or given up."""
        with self._changed:
            self._in_hand = max(0, self._in_hand - facts)

    def wait(self, limit_s: float | None, *, facts: bool) -> bool:
        """Until something waits (facts only where `facts`), a deadline came in, the lanes are closed, or the limit has passed.

        False when closed.
        """

        def due() -> bool:
            waits = bool(self._others) or (facts and bool(self._records))
            return waits or self._closed or self._deadline_came

        with self._changed:
            self._rests = True
            self._changed.wait_for(due, limit_s)
            self.beat()
            self._deadline_came = False
            return not self._closed

    def take_records(self, most: int) -> list[AppendFacts]:
        """Records in order, up to about `most` facts."""
        taken: list[AppendFacts] = []
        with self._changed:
            count = 0
            while self._records and count < most:
                record = self._records.popleft()
                count += len(record.facts)
                taken.append(record)
            self._facts -= count
            self._in_hand += count
        return taken

    def put_back(self, records: list[AppendFacts]) -> None:
        with self._changed:
            self._records.extendleft(reversed(records))
            self._in_hand = max(0, self._in_hand - sum(len(record.facts) for record in records))
            self._facts += sum(len(record.facts) for record in records)
            if self._facts > RING:
                self._drop()

    def take_overdue(self, mono: float) -> list[AppendFacts]:
        """Records whose `durable_by_mono` has passed; they are not waiting any more."""
        with self._changed:
            overdue = [record for record in self._records if _overdue(record, mono)]
            if overdue:
                self._records = deque(record for record in self._records if not _overdue(record, mono))
                self._facts -= sum(len(record.facts) for record in overdue)
        return overdue

    def next_deadline(self) -> float | None:
        with self._changed:
            return min((r.durable_by_mono for r in self._records if r.durable_by_mono is not None), default=None)

    def take_others(self, most: int) -> list[Other]:
        with self._changed:
            return [self._others.popleft() for _ in range(min(most, len(self._others)))]

    def take_dropped(self) -> Dropped:
        with self._changed:
            dropped = Dropped(tuple(self._dropped), self._dropped_facts)
            self._dropped.clear()
            self._dropped_facts = 0
        return dropped

    def idle(self) -> bool:
        """Neither facts nor other orders wait."""
        with self._changed:
            return not self._records and not self._others

    def _drop(self) -> None:
        """The oldest of the least important, a hundredth of the ring at once, so that a flood costs one scan in a hundred facts."""
        surplus = self._facts - RING + _DROP_AT_ONCE
        going: set[int] = set()
        for record in sorted(self._records, key=_importance):  # stable: the oldest of equals come first
            if surplus <= 0:
                break
            going.add(id(record))
            surplus -= max(1, len(record.facts))
        gone = [record for record in self._records if id(record) in going]
        self._records = deque(record for record in self._records if id(record) not in going)
        lost = sum(len(record.facts) for record in gone)
        self._facts -= lost
        self._dropped_facts += lost
        self._dropped.extend(record.token for record in gone)


def _importance(record: AppendFacts) -> int:
    return max((declared(dated.fact).keep for dated in record.facts), default=0)


def _overdue(record: AppendFacts, mono: float) -> bool:
    return record.durable_by_mono is not None and record.durable_by_mono <= mono
