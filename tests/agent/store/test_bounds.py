"""What the store keeps of desired state is bounded: holders, parts of rosters, revisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import cache, journal
from agent.store.cache import open_cache
from agent.store.journal import open_journal
from tests.agent.store.harness import SITE, UNIT, holder, notice, part, record, running
from tests.waiting import eventually


def test_more_holders_than_a_unit_may_have_are_refused_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_HOLDERS", 50)
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, part(1, [holder(n) for n in range(30)])))
        store.order(effects.SaveState(2, part(1, [holder(n) for n in range(30)], 1, 2, roster="more")))
        store.order(effects.SaveState(3, part(1, [], 2, 2, roster="more")))
        refused = posted.one(events.StateNotKept)
        assert (refused.token, refused.kind, refused.id, refused.rev) == (3, "roster", "more", 1)
        store.order(effects.SaveState(4, part(2, [holder(n) for n in range(50)])))
        applied = [("yard/y07", "r1", 1), ("yard/y07", "r1", 2)]
        eventually(lambda: [e.applied for e in posted.of(events.HoldersReplaced) if e.applied] == applied)
    kept = open_cache(tmp_path / "cache.db")
    assert kept.db.conn.execute("SELECT DISTINCT id FROM parts").fetchall() == [("r1",)]
    kept.close()


def test_parts_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PARTS_BYTES", 10_000)
    with running(tmp_path) as (store, posted):
        for number in range(1, 40):
            store.order(effects.SaveState(number, part(1, [holder(n) for n in range(10)], number, 1000)))
        assert posted.one(events.StateNotKept)
        kept = posted.of(events.StateSaved)
        eventually(lambda: len(posted.of(events.StateSaved)) + len(posted.of(events.StateNotKept)) == 39)
    assert kept


def test_revisions_of_notices_are_remembered_for_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "REVS", 10)
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, part(7, [holder(1)])))
        for number in range(60):
            store.order(effects.SaveState(100 + number, notice(f"n{number}", 3)))
            store.order(effects.DropNotices((("yard/y07", f"n{number}"),)))
            store.order(record(500 + number))
            posted.recorded(500 + number)
    kept = open_journal(tmp_path / "journal.db", SITE, UNIT, 64).revs()
    assert 10 <= len(kept) <= 25
    assert kept["roster yard/y07 r1"] == 7
    assert kept["notice yard/y07 n59"] == 3
    assert "notice yard/y07 n0" not in kept
