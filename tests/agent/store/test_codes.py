"""Wrong codes and used visitors' codes over restarts and cuts: in the journal's own file, through the store and the core."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.effects import KeptTries, UsedVisitor
from agent.core.time import Trust
from agent.store import reading
from contract.messages import Holder
from tests.agent.core.bench import Bench, facts_of, of, pin
from tests.agent.store.harness import Posted, record, running

MAY = Holder("may", key="key-may", pin=pin("4711"), room="302")
DAY = "2026-11-24"


def cut(path: Path, to: Path) -> Path:
    """The folder as a cut of the power leaves it, with the store still running: what was committed, in file and WAL."""
    to.mkdir()
    for file in path.iterdir():
        if file.is_file() and "ballast" not in file.name:
            (to / file.name).write_bytes(file.read_bytes())
    return to


def test_they_are_kept_as_they_were_said_last(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, tries=KeptTries("card", 1, 0, None)))
        store.order(record(2, tries=KeptTries("card", 0, 1, 1_795_000_030.0)))
        store.order(record(3, tries=KeptTries("inner", 0, 2, math.inf)))
        store.order(record(4, visitor=UsedVisitor("main", DAY, 3)))
        store.order(record(5, visitor=UsedVisitor("main", DAY, 3)))
        posted.recorded(5)
    with running(tmp_path) as (store, posted):
        opened = posted.one(ev.StoreOpened)
        assert opened.tries == (KeptTries("card", 0, 1, 1_795_000_030.0), KeptTries("inner", 0, 2, math.inf))
        assert opened.visitors == (UsedVisitor("main", DAY, 3),)
        store.order(record(1, tries=KeptTries("card", 0, 0, None)))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        assert [each.reader for each in posted.one(ev.StoreOpened).tries] == ["inner"]


def test_a_damaged_journal_takes_them_over(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, tries=KeptTries("card", 0, 4, math.inf)))
        store.order(record(2, visitor=UsedVisitor("main", DAY, 3)))
        posted.recorded(2)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as conn:
        conn.execute("INSERT INTO modes VALUES ('main', 'lockdown', 1.0, 0)")  # damage beside them
        conn.execute("INSERT INTO visited VALUES ('main', '2026-11-24', 4, 7)")
    with running(tmp_path) as (_, posted):
        opened = posted.one(ev.StoreOpened)
        assert opened.recovered == ("journal",)
        assert opened.tries == (KeptTries("card", 0, 4, math.inf),)
        assert opened.visitors == (UsedVisitor("main", DAY, 3),)


def test_used_codes_are_forgotten_a_month_after_their_day(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        for day in ("2026-10-23", "2026-10-25", DAY):
            store.order(record(1, visitor=UsedVisitor("main", day, 0)))
        posted.recorded(1)
        store.order(fx.Purge(1_795_500_000.0))
        store.order(fx.LoadBatch(1))
        posted.one(ev.BatchLoaded)
    with running(tmp_path) as (_, posted):
        assert [each.day for each in posted.one(ev.StoreOpened).visitors] == ["2026-10-25", DAY]


@pytest.mark.slow
@pytest.mark.claim("D8")
def test_a_cut_after_each_wrong_try_gives_no_further_tries(tmp_path: Path) -> None:
    """The real store; the power goes as soon as the try is on the disk, and each start is a new one with no clock."""
    folder, judged = tmp_path / "0", 0
    for start in range(12):
        with running(folder) as (store, posted):
            unit = Bench(trust=Trust.UNKNOWN).start(MAY)
            unit.do(replace(posted.one(ev.StoreOpened), keys=None))
            unit.forget()
            found = unit.do(ev.PinEntered("card", ("00",), unit.mono + 1.0), after=1.0)
            judged += facts_of(found)["access.denied"]["reason"] == "pin"
            _written(store, posted, found)
            folder = cut(folder, tmp_path / str(start + 1))
    assert judged == 5
    told = [entry for entry in reading.facts(folder) if b'"kind":"access.locked_out"' in entry.line]
    assert len(told) == 1, "the alarm is on the disk with the fifth, and no cut makes another one"


@pytest.mark.slow
@pytest.mark.claim("D8")
def test_the_whole_space_with_the_real_store(tmp_path: Path) -> None:
    """An hour of ten thousand PINs with a restart between any two windows: five tries in each."""
    judged, number, passed = [], 0, False
    for _ in range(6):
        with running(tmp_path) as (store, posted):
            unit = Bench(trust=Trust.UNKNOWN).start(MAY)
            unit.do(posted.one(ev.StoreOpened))
            here = unit.state.access.tries.get("card")
            if here is not None and here.until is not None:
                unit.stopped(here.until - unit.mono)
            count = 0
            for _ in range(300):
                number += 1
                found = unit.do(ev.PinEntered("card", (pin(f"{number:04d}"),), unit.mono + 0.01), after=0.01)
                count += any(
                    "access.denied" in facts_of((each,)) and each.tries is not None
                    for each in of(fx.AppendFacts, found)
                )
                passed |= bool(of(fx.PulseLock, found))
            _written(store, posted, tuple(effect for _, effect in unit.effects))
            judged.append(count)
    assert judged == [5] * 6
    assert not passed


@pytest.mark.claim("D10")
def test_used_and_cut_off_before_the_relay_moved_is_used(tmp_path: Path) -> None:
    with running(tmp_path / "a") as (store, posted):
        unit = Bench().start()
        unit.do(posted.one(ev.StoreOpened))
        found = unit.do(ev.VisitorEntered("card", 3, DAY), after=1.0)
        assert not of(fx.PulseLock, found)
        _written(store, posted, found)
        after = cut(tmp_path / "a", tmp_path / "b")
    with running(after) as (_, posted):
        unit = Bench().start()
        unit.do(posted.one(ev.StoreOpened))
        found = unit.do(ev.VisitorEntered("card", 3, DAY), after=1.0)
        assert facts_of(found)["access.denied"]["reason"] == "used"
        assert not of(fx.PulseLock, found)


def _written(store: object, posted: Posted, found: tuple[fx.Effect, ...]) -> None:
    """All that the core asked to be written is."""
    for each in of(fx.AppendFacts, found):
        store.order(replace(each, durable_by_mono=None))  # type: ignore[attr-defined]
    for each in of(fx.AppendFacts, found)[-1:]:
        posted.recorded(each.token)
