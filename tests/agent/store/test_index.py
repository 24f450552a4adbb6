"""The index of 20,000 holders: how long from parts to force, and how long another thread has to wait meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core import effects, events
from contract.hours import Hours, Span
from tests.agent.store.harness import holder, part, running
from tests.waiting import eventually

HOLDERS, A_PART = 20_000, 300
WORKDAYS = Hours(week=((Span(360, 1320),),) * 7)


@contextmanager
def stalls() -> Iterator[list[float]]:
    """Another thread that wakes every millisecond, as the door's does, and notes how late it was."""
    late: list[float] = []
    ended = threading.Event()

    def tick() -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            ended.wait(0.001)
            late.append(time.perf_counter() - begun - 0.001)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as the agent sets it
    thread = threading.Thread(target=tick, name="tick")
    thread.start()
    try:
        yield late
    finally:
        ended.set()
        thread.join()
        sys.setswitchinterval(switch)


@pytest.mark.slow
def test_twenty_thousand_holders(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    people = [
        holder(n, room=str(n // 3), hours=WORKDAYS if n % 10 == 0 else None, doors=frozenset({"main"}))
        for n in range(HOLDERS)
    ]
    cuts = [people[i : i + A_PART] for i in range(0, HOLDERS, A_PART)]
    parts = [part(1, cut, number, len(cuts)) for number, cut in enumerate(cuts, 1)]
    with running(tmp_path) as (store, posted), stalls() as late:
        begun = time.perf_counter()
        for token, each in enumerate(parts, 1):
            store.order(effects.SaveState(token, each))
        eventually(lambda: posted.of(events.HoldersReplaced)[1:], 30)
        applied_s = time.perf_counter() - begun
        in_force = posted.of(events.HoldersReplaced)[-1]
    assert len(in_force.by_key) == HOLDERS
    worst_applying = max(late)
    with stalls() as late, running(tmp_path, opened=False) as (_, posted):
        begun = time.perf_counter()
        first = posted.one(events.HoldersReplaced, 30)
        loaded_s = time.perf_counter() - begun
        opened = posted.all[:1] == [first]
        posted.one(events.StateLoaded)
    assert opened  # ahead of the journal
    assert first.by_key == in_force.by_key
    # generous: other work may run beside this one; the figures say what it really takes
    assert applied_s < 5
    assert loaded_s < 3
    record_property(
        "figure",
        f"20,000 holders: parts to force {applied_s:.2f} s, from disk at start {loaded_s:.2f} s; "
        f"worst wait of another thread {1000 * worst_applying:.1f} and {1000 * max(late):.1f} ms",
    )
    key = people[777].key
    begun = time.perf_counter()
    for _ in range(100_000):
        first.by_key.get(key)
    assert (time.perf_counter() - begun) / 100_000 < 5e-6
