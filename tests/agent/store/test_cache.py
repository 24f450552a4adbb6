"""Notices, settings and rosters through the store, and their coming back after a restart."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core import effects, events
from contract.messages import Kind, Settings
from contract.scopes import Scope
from tests.agent.store.harness import UTC, YARD, holder, notice, part, running
from tests.waiting import eventually


def saved(posted, token):
    return eventually(lambda: [e for e in posted.of(events.StateSaved) if e.token == token])[0]


def test_notices_and_settings_come_back_and_older_ones_never_win(tmp_path: Path) -> None:
    other = Scope("grid", "g21")
    with running(tmp_path) as (store, posted):
        for token, each in enumerate((notice("n1", 2), notice("n2", 5), notice("n2", 4)), 1):
            store.order(effects.SaveState(token, each))
        store.order(effects.SaveState(4, Settings(YARD, 2, UTC, language="en")))
        store.order(effects.SaveState(5, Settings(YARD, 1, UTC, language="zh-CN")))
        store.order(effects.SaveState(6, Settings(other, 1, UTC, "Asia/Shanghai")))
        assert saved(posted, 1) == events.StateSaved(1, "notice", "yard/y07", "n1", 2)
        assert saved(posted, 6) == events.StateSaved(6, "settings", "grid/g21", "", 1)
        store.order(effects.DropNotices((("yard/y07", "n1"),)))
    with running(tmp_path) as (store, posted):
        kept = posted.one(events.StateLoaded).messages
        assert [(n.ident, n.rev) for n in kept if n.KIND == Kind.NOTICE] == [("n2", 5)]
        assert tuple(each for each in kept if each.KIND == Kind.SETTINGS) == (
            Settings(other, 1, UTC, "Asia/Shanghai"),
            Settings(YARD, 2, UTC, language="en"),
        )
        revs = posted.one(events.StoreOpened).revs
        assert revs == {
            "notice yard/y07 n1": 2,
            "notice yard/y07 n2": 5,
            "settings yard/y07 ": 2,
            "settings grid/g21 ": 1,
        }


def test_a_roster_is_in_force_when_all_its_parts_are_there(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, part(3, [holder(2)], 2, 2)))
        saved(posted, 1)
        assert posted.one(events.HoldersReplaced).by_key == {}
    with running(tmp_path) as (store, posted):  # the part survives the restart
        store.order(effects.SaveState(1, part(3, [holder(1)], 1, 2)))
        assert saved(posted, 1) == events.StateSaved(1, "roster", "yard/y07", "r1", 3)
        now = posted.one(events.HoldersReplaced)
        assert now.applied == ("yard/y07", "r1", 3)
        assert now.applied_revisions == (("roster", "yard/y07", "r1", 3),)
        assert [h.id for held in now.by_key.values() for h in held] == ["h-00001", "h-00002"]
    with running(tmp_path) as (_, posted):
        again = posted.all[0]  # first of all
        assert isinstance(again, events.HoldersReplaced)
        assert (again.by_key, again.applied_revisions, again.applied) == (now.by_key, now.applied_revisions, None)
        assert posted.one(events.StoreOpened).revs == {"roster yard/y07 r1": 3}


def test_parts_of_other_revisions(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):

        def give(token: int, each) -> list[events.HoldersReplaced]:
            before = len(posted.of(events.HoldersReplaced))
            store.order(effects.SaveState(token, each))
            saved(posted, token)
            return posted.of(events.HoldersReplaced)[before:]

        assert give(1, part(5, [holder(1)], 1, 2)) == []
        assert give(2, part(4, [holder(9)], 1, 1)) == []  # older than what is under way
        assert give(3, part(6, [holder(2)], 2, 2)) == []  # newer: replaces the incomplete one
        assert give(4, part(5, [holder(1)], 2, 2)) == []  # so this does not complete it
        assert give(5, part(6, [holder(3)], 1, 3)) == []  # another cut of the same revision replaces it too
        assert give(6, part(6, [holder(4)], 2, 3)) == []
        (now,) = give(7, part(6, [holder(5)], 3, 3))
        assert [h.id for held in now.by_key.values() for h in held] == ["h-00003", "h-00004", "h-00005"]
        assert give(8, part(6, [holder(3)], 1, 3)) == []  # what is in force comes again with each connection
        assert give(9, part(5, [holder(1)], 1, 1)) == []  # an older one never comes back
        assert give(10, part(7, [holder(5)], 1, 2)) == []
        (emptied,) = give(11, part(8, [], 1, 1))  # withdrawn
        assert emptied.by_key == {}
        assert emptied.applied_revisions == (("roster", "yard/y07", "r1", 8),)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.HoldersReplaced).by_key == {}


def test_rosters_are_merged_and_rights_stay_apart(tmp_path: Path) -> None:
    grid = Scope("grid", "g21")
    with running(tmp_path, scopes=["yard/y07", "grid/g21"]) as (store, posted):
        store.order(effects.SaveState(1, part(1, [holder(1), replace(holder(2), key=None)])))
        store.order(effects.SaveState(2, part(1, [holder(1, unlock_s=15.0)], scope=grid, roster="elders")))
        saved(posted, 2)
        now = posted.of(events.HoldersReplaced)[-1]
        assert now.by_key == {holder(1).key: (holder(1, unlock_s=15.0), holder(1))}
        assert {each[1:3] for each in now.applied_revisions} == {("yard/y07", "r1"), ("grid/g21", "elders")}
    with running(tmp_path, scopes=["yard/y07"]) as (_, posted):  # moved out of the grid: its cards do not open here
        first = posted.all[0]
        assert first.by_key == {holder(1).key: (holder(1),)}
        assert first.applied_revisions == (("roster", "yard/y07", "r1", 1),)


@pytest.mark.claim("D6")
@pytest.mark.parametrize("ahead_s", [0.0, 400 * 86_400.0], ids=["a clock that goes on", "a clock that was set back"])
def test_a_cache_in_somebody_elses_hand_is_read_from_a_copy_at_once(tmp_path: Path, ahead_s: float) -> None:
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, part(1, [holder(1)])))
        eventually(lambda: posted.of(events.HoldersReplaced)[-1].by_key)
    later = time.time() + ahead_s
    os.utime(tmp_path / "cache.db", (later, later))
    with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with running(tmp_path, opened=False) as (_, posted):
            assert set(posted.one(events.HoldersReplaced).by_key) == {holder(1).key}
            assert time.monotonic() - began < 0.5
