"""What the journal keeps for rounds: check-ins and told stops over restarts, damage and new epochs; withdrawn rounds leave the cache."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.marks import PatrolVisit, RoundMarks, ToldStop
from agent.store import patrol
from contract import facts
from contract.messages import StateMessage
from contract.rounds import Round, RoundStop
from tests.agent.store.harness import UTC, YARD, fact, record, running
from tests.waiting import eventually

FIRST, SECOND = PatrolVisit("main", "wang", UTC, timed=True), PatrolVisit("main", "zhao", UTC + 1, timed=False)
TOLD = tuple(ToldStop("yard/y07 r1", f"2026-11-{n} main 9000") for n in (23, 24))


def left(folder: Path) -> tuple[tuple[PatrolVisit, ...], tuple[ToldStop, ...]]:
    with running(folder) as (_, posted):
        opened = posted.one(events.StoreOpened)
        return opened.visits, opened.told_stops


def fill(folder: Path) -> None:
    with running(folder) as (store, posted):
        store.order(record(1, fact("patrol.checkin"), rounds=RoundMarks(visit=FIRST)))
        store.order(record(2, fact("patrol.checkin"), rounds=RoundMarks(visit=SECOND)))
        store.order(record(3, rounds=RoundMarks(told=TOLD)))
        posted.recorded(3)


@pytest.mark.claim("D10")
def test_check_ins_and_told_stops_are_there_after_a_restart(tmp_path: Path) -> None:
    fill(tmp_path)
    assert left(tmp_path) == ((FIRST, SECOND), TOLD)
    with running(tmp_path) as (store, posted):
        store.order(record(1, rounds=RoundMarks(not_visit=FIRST)))
        posted.recorded(1)
    assert left(tmp_path) == ((SECOND,), TOLD)


def test_a_damaged_journal_hands_them_on_and_a_wrong_row_is_damage(tmp_path: Path) -> None:
    fill(tmp_path)
    conn = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    conn.execute("UPDATE visits SET utc = utc + 1 WHERE by = 'zhao'")
    conn.execute("UPDATE told_stops SET key = 'other' WHERE key LIKE '2026-11-24%'")
    conn.close()
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ("journal",)
        assert (opened.visits, opened.told_stops) == ((FIRST,), TOLD[:1])


def test_they_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrol, "VISITS", 3)
    monkeypatch.setattr(patrol, "TOLD", 2)
    with running(tmp_path) as (store, posted):
        for n in range(6):
            marks = RoundMarks(PatrolVisit("main", "wang", UTC + n, timed=True), None, (ToldStop("r", f"{n}"),))
            store.order(record(n + 1, rounds=marks))
        posted.recorded(6)
    visits, told = left(tmp_path)
    assert [each.utc - UTC for each in visits] == [3, 4, 5]
    assert [each.key for each in told] == ["4", "5"]


def test_a_withdrawn_round_leaves_the_cache_and_its_revision_stays(tmp_path: Path) -> None:
    its = Round(YARD, "r1", 3, UTC, "巡查", stops=(RoundStop("b12-u2", "main", 540, 600),))
    gone = Round(YARD, "r1", 4, UTC, withdrawn=True)
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(1, its))
        eventually(lambda: posted.of(events.StateSaved))
    with running(tmp_path) as (store, posted):
        assert its in posted.one(events.StateLoaded).messages
        store.order(effects.SaveState(1, gone))
        store.order(effects.DropNotices(((str(YARD), "r1"),), "round"))
        eventually(lambda: posted.of(events.StateSaved))
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        nothing: tuple[StateMessage, ...] = ()
        assert posted.one(events.StateLoaded).messages == nothing
        assert posted.one(events.StoreOpened).revs["round yard/y07 r1"] == 4


def test_a_patrols_facts_are_kept_the_longest() -> None:
    for each in (facts.PatrolMissed, facts.PatrolCompleted, facts.PatrolCheckin):
        assert facts.declared(object.__new__(each)).keep is facts.Keep.MOST
