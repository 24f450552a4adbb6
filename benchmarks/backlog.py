"""Facts a unit gathered while it was offline: put into its journal by its own store, in the unit's absence."""

from __future__ import annotations

import queue
import time
from pathlib import Path

from agent.core.effects import AppendFacts, DatedFact
from agent.core.events import Event
from agent.core.events.store import Recorded, StoreFailed, StoreOpened
from agent.store import Store
from contract.facts import AccessGranted, Via

AT_ONCE = 20
"""Facts in one record."""


def fill(state: Path, site: str, unit: str, count: int) -> int:
    """Journal `count` facts of a day at a door. Returns the last number."""
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    store = Store(state, site, unit, heard.put, retention_days=90, journal_mb=256)
    store.start()
    try:
        _await(heard, StoreOpened)
        facts = [_fact(n, count) for n in range(count)]
        records = [facts[n : n + AT_ONCE] for n in range(0, count, AT_ONCE)]
        last, under_way = 0, 0
        for token, part in enumerate(records, 1):
            store.order(AppendFacts(token, tuple(part)))
            under_way += 1
            while under_way >= 50 or (token == len(records) and under_way):
                event = _await(heard, Recorded)
                assert isinstance(event, Recorded)
                last = event.first + len(event.lines) - 1
                under_way -= 1
        return last
    finally:
        store.stop(10.0)


def _fact(n: int, count: int) -> DatedFact:
    """As the core makes them: a resident comes home. The times lie in the last 72 hours."""
    age = 72 * 3600.0 * (1 - n / count)
    return DatedFact(AccessGranted("main", f"r-{n % 5000}", Via.CARD), time.time() - age, "synced", time.monotonic())


def _await(heard: queue.SimpleQueue[Event], kind: type[Event]) -> Event:
    while True:
        event = heard.get(timeout=30.0)
        match event:
            case StoreFailed(_, detail):
                raise RuntimeError(f"the journal cannot be filled: {detail}")
            case _ if isinstance(event, kind):
                return event
