"""Folders with a life behind them, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.core import effects, events
from tests.agent.store.harness import CONFIRMED, FACTS, HOLDERS, KEYS, fact, holder, notice, part, record, running
from tests.waiting import eventually


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was cleanly closed."""
    base = tmp_path_factory.mktemp("good") / "state"
    with running(base) as (store, posted):
        for token in range(1, FACTS // 100 + 1):
            store.order(record(token, *(fact(by=f"h-{token:02d}{n:02d}") for n in range(100))))
        posted.recorded(FACTS // 100)
        head = posted.recorded(CONFIRMED // 100).head
        store.order(effects.ConfirmFacts(posted.one(events.StoreOpened).epoch, CONFIRMED, head))
        store.order(effects.SaveState(1, KEYS))
        store.order(effects.SaveState(2, part(1, [holder(n) for n in range(HOLDERS // 2)], 1, 2)))
        store.order(effects.SaveState(3, part(1, [holder(n) for n in range(HOLDERS // 2, HOLDERS)], 2, 2)))
        store.order(effects.SaveState(4, part(1, [holder(n) for n in range(HOLDERS, HOLDERS + 20)], roster="staff")))
        for n in range(20):
            store.order(effects.SaveState(10 + n, notice(f"n{n}", 1)))
        eventually(lambda: len(posted.of(events.StateSaved)) == 24)
    return base


@pytest.fixture(scope="session")
def cut(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, cut off while running: the last facts and notices are in the WALs only."""
    running_one, base = tmp_path_factory.mktemp("cut") / "running", tmp_path_factory.mktemp("cut") / "state"
    shutil.copytree(good, running_one)
    with running(running_one) as (store, posted):
        for token in range(1, 41):
            store.order(record(token, fact("patrol.checkin")))
            posted.recorded(token)
        store.order(effects.SaveState(1, notice("late", 1)))
        posted.one(events.StateSaved)
        shutil.copytree(running_one, base)
    return base
