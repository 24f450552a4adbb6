"""What the store tells of losses, so that a fact can say so: a journal that is missing, one that is full and drops."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import reading, room
from tests.agent.store.harness import fact, holder, part, record, running
from tests.waiting import eventually


def opened(folder: Path) -> events.StoreOpened:
    with running(folder) as (_, posted):
        return posted.one(events.StoreOpened)


def test_a_first_start_misses_nothing_and_neither_does_the_next(tmp_path: Path) -> None:
    assert opened(tmp_path / "state").recovered == ()
    assert opened(tmp_path / "state").recovered == ()


@pytest.mark.claim("F14")
def test_a_journal_that_is_gone_is_told_once(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, part(1, [holder(1)])))
        store.order(record(1))
        posted.recorded(1)
        eventually(lambda: posted.of(events.HoldersReplaced)[-1].by_key)
    for path in tmp_path.glob("journal.db*"):
        path.unlink()
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).recovered == ("journal missing",)
        assert posted.of(events.HoldersReplaced)[0].by_key, "residents are not kept out by it"
    assert opened(tmp_path).recovered == ()


@pytest.mark.claim("F10")
def test_a_full_journal_tells_how_many_unconfirmed_facts_it_dropped(tmp_path: Path) -> None:
    with running(tmp_path, journal_mb=1) as (store, posted):
        for token in range(1, 41):
            store.order(record(token, *(fact("device.lost", device="panel", detail="x" * 100) for n in range(200))))
        posted.recorded(40, 20)
        eventually(lambda: posted.of(events.FactsDropped), 10)
        eventually(lambda: not store._work._journal._chores if store._work else True, 10)
        told = sum(event.facts for event in posted.of(events.FactsDropped))
        assert told > 0
    assert reading.summary(tmp_path).dropped == told


def test_what_was_dropped_is_told_where_making_room_is_broken_off() -> None:
    told: list[int] = []
    chores = {"room": room.telling(iter([0, 500, 500, 500]), told.append)}
    for _ in range(3):
        next(chores["room"])
    assert told == []
    chores.clear()  # as when storage fails, or the store ends
    assert told == [1000]
