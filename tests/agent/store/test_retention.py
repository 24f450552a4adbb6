"""What leaves the journal, when, and at what cost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.time import KnownTime
from agent.store import reading, room
from agent.store.journal import open_journal
from agent.store.opening import Terms, open_or_found
from tests.agent.store.harness import (
    SITE,
    UNIT,
    UTC,
    batch,
    check,
    drained,
    fact,
    holder,
    part,
    record,
    running,
    written,
)
from tests.waiting import eventually

DAY = 86_400.0


def test_retention_drops_confirmed_facts_only_and_in_slices(tmp_path: Path) -> None:
    with running(tmp_path, retention_days=10) as (store, posted):
        epoch = posted.one(events.StoreOpened).epoch
        old = UTC - 11 * DAY
        store.order(record(1, *(fact("refusals", utc=old) for _ in range(1200))))
        store.order(record(2, fact(utc=1.0, clock="unknown"), fact(utc=UTC)))
        store.order(
            record(3, *(fact("refusals", utc=old) for _ in range(3)))
        )  # dated before by a clock that was set back
        posted.recorded(3)
        confirmed = drained(store, posted)
        head = next(each for each in confirmed if each.last >= 1000)
        store.order(effects.ConfirmFacts(epoch, head.last, head.head))
        posted.one(events.FactsConfirmed)
        store.order(effects.Purge(UTC))
        eventually(lambda: next(reading.facts(tmp_path)).first == head.last + 1)
        store.order(effects.ConfirmFacts(epoch, 1205, confirmed[-1].head))
        store.order(effects.Purge(UTC))
        eventually(lambda: [e.first for e in reading.facts(tmp_path)] == [1201, 1202, 1203, 1204, 1205])
        got = batch(store, posted, 1201)
        check(got)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).next_seq == 1206
        check(batch(store, posted, 1201))
        # a centre that lost more than we hold is told by a gap, from the hash it knows itself
        store.order(effects.ConfirmFacts(epoch, 1000, confirmed[1].head))
        eventually(lambda: posted.of(events.FactsConfirmed))
        gone = batch(store, posted, 1001)
        check(gone)
        assert (gone.prev, gone.last) == (confirmed[1].head, 1200)


def test_what_was_purged_or_revoked_is_nowhere_in_the_files(tmp_path: Path) -> None:
    old = UTC - 400 * DAY
    with running(tmp_path) as (store, posted):
        store.order(record(1, *(fact(utc=old, by="holder-of-old") for _ in range(50)), fact(by="holder-of-today")))
        store.order(effects.SaveState(1, part(1, [holder(0xDEAD)])))
        posted.one(events.StateSaved)
        store.order(effects.SaveState(2, part(2, [holder(0xBEEF)])))
        head = posted.recorded(1).head
        store.order(effects.ConfirmFacts(posted.one(events.StoreOpened).epoch, 51, head))
        store.order(effects.Purge(UTC))

        def found(text: bytes) -> bool:
            return any(text in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())

        eventually(lambda: not found(b"holder-of-old") and not found(b"%032x" % 0xDEAD))
        assert found(b"holder-of-today")
        assert found(b"%032x" % 0xBEEF)


def test_a_quiet_day_costs_one_small_write(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1))
        posted.recorded(1)
        eventually((tmp_path / "ballast").exists)
        store.order(effects.Purge(UTC + 1))
        eventually(lambda: (tmp_path / "journal.db-wal").stat().st_size == 0)
        before = written("self", "wchar")
        for number in range(4):  # as often as the core writes down what is known of the time
            utc = UTC + number * DAY / 4
            store.order(effects.AppendFacts(2 + number, (), known=KnownTime(utc, utc)))
            posted.recorded(2 + number)
        store.order(effects.Purge(UTC + DAY))
        store.order(effects.LoadBatch(2))  # after it, in order
        eventually(lambda: posted.of(events.BatchLoaded))
        eventually(lambda: (tmp_path / "journal.db-wal").stat().st_size == 0)
        cost = written("self", "wchar") - before
    record_property("figure", f"{cost} bytes written on a day without facts")
    assert cost <= 32 * 1024


def test_all_purged_numbers_still_go_on(tmp_path: Path) -> None:
    with running(tmp_path, retention_days=1) as (store, posted):
        store.order(record(1, fact(utc=UTC - 5 * DAY), fact(utc=UTC - 5 * DAY)))
        head = posted.recorded(1).head
        store.order(effects.ConfirmFacts(posted.one(events.StoreOpened).epoch, 2, head))
        store.order(effects.Purge(UTC))
        eventually(lambda: not list(reading.facts(tmp_path)))
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.next_seq, opened.head, opened.confirmed) == (3, head, 2)
        store.order(record(1))
        assert posted.recorded(1).first == 3


def test_purge_slices_are_short(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with running(tmp_path) as (store, posted):
        for token in range(1, 11):
            store.order(record(token, *(fact(utc=UTC - 400 * DAY) for _ in range(2000))))
            head = posted.recorded(token).head
        store.order(effects.ConfirmFacts(posted.one(events.StoreOpened).epoch, 20_000, head))
        posted.one(events.FactsConfirmed)
    journal = open_journal(tmp_path / "journal.db", SITE, UNIT, 64)
    times = []
    slices = room.purge(journal, UTC, 180)
    begun = time.perf_counter()
    for count in slices:
        times.append(time.perf_counter() - begun)
        assert count <= room.SLICE
        begun = time.perf_counter()
    journal.close()
    assert len(times) == 40
    record_property(
        "figure",
        f"purge slices of 500 facts: median {sorted(times)[20] * 1000:.1f} ms, worst {max(times) * 1000:.1f} ms",
    )


@pytest.mark.claim("F14")
@pytest.mark.soak
def test_a_million_facts(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    journal = open_or_found(tmp_path / "journal.db", Terms(SITE, UNIT, 400, 180), UTC)
    journal.begin_run()
    for token in range(500):
        journal.commit(journal.draft([record(token, *(fact(utc=UTC - 400 * DAY) for _ in range(2000)))]))
    journal.confirm(journal.epoch, 1_000_000, journal.head.hex())
    journal.close()  # not cleanly: the whole file is checked at the next opening
    size = (tmp_path / "journal.db").stat().st_size
    begun = time.perf_counter()
    journal = open_journal(tmp_path / "journal.db", SITE, UNIT, 400)
    opened_s = time.perf_counter() - begun
    journal.confirm(journal.epoch, 1_000_000, journal.head.hex())
    times = []
    begun = time.perf_counter()
    for _ in room.purge(journal, UTC, 180):
        times.append(time.perf_counter() - begun)
        begun = time.perf_counter()
    assert (len(times), journal.base) == (2000, 1_000_000)
    journal.close()
    times.sort()
    record_property(
        "figure",
        f"1,000,000 facts, {size >> 20} MiB: opened with check in {opened_s:.1f} s; purge slices median {1000 * times[1000]:.1f} ms, "
        f"p99 {1000 * times[1980]:.1f} ms, worst {1000 * times[-1]:.1f} ms",
    )
    assert times[1980] < 0.05
