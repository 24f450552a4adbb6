"""Reading for the command line, beside a running store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import reading, room
from agent.store.journal import open_journal
from contract import chain
from contract.messages import Kind
from tests.agent.store.harness import SITE, UNIT, UTC, fact, holder, notice, part, record, running
from tests.waiting import eventually


def test_facts_holders_notices_and_summary_beside_a_running_store(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, *(fact(utc=UTC + n) for n in range(700))))
        store.order(effects.SaveState(2, notice("n1", 1)))
        store.order(effects.SaveState(3, part(4, [holder(1), holder(2)])))
        lines = posted.recorded(1).lines
        eventually(lambda: len(posted.of(events.StateSaved)) == 2)
        entries = list(reading.facts(tmp_path))
        assert [entry.line for entry in entries] == list(lines)
        assert [entry.first for entry in reading.facts(tmp_path, after=698)] == [699, 700]
        assert [entry.first for entry in reading.facts(tmp_path, since_utc=UTC + 698)] == [699, 700]
        assert set(reading.holders(tmp_path)) == {holder(1).key, holder(2).key}
        assert reading.messages(tmp_path, Kind.NOTICE) == (notice("n1", 1),)
        assert reading.messages(tmp_path, Kind.SETTINGS) == ()
        told = reading.summary(tmp_path)
        assert (told.boot, told.last, told.confirmed, told.waiting, told.dropped) == (1, 700, 0, 700, 0)
        assert (told.rosters, told.holders, told.notices, told.oldest_utc) == ({"yard/y07/r1": 4}, 2, 1, UTC)
        store.order(record(9))  # the reader was in nobody's way
        posted.recorded(9)
    assert reading.summary(tmp_path).last == 701  # and after the agent has ended


def test_gaps_show_as_the_contracts_lines(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, *(fact() for _ in range(10))))
        posted.recorded(1)
    journal = open_journal(tmp_path / "journal.db", SITE, UNIT, 64)
    room.drop(journal, [4, 5, 6])
    journal.close()
    gap = next(entry for entry in reading.facts(tmp_path) if entry.first != entry.last)
    assert (gap.first, gap.last) == (4, 6)
    assert isinstance(chain.parse_line(gap.line), chain.Gap)
    assert reading.summary(tmp_path).dropped == 3


def test_following_shows_what_comes_into_a_new_epoch_too(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    ended = threading.Event()

    def follow() -> None:
        seen.extend((e.epoch, e.first) for e in reading.follow(tmp_path, every_s=0.01, ended=ended.is_set))

    reader = threading.Thread(target=follow, name="follow")
    reader.start()
    try:
        with running(tmp_path) as (store, posted):
            epoch = posted.one(events.StoreOpened).epoch
            store.order(record(1, fact(), fact()))
            eventually(lambda: seen == [(epoch, 1), (epoch, 2)])
            store.order(record(2))
            eventually(lambda: seen[2:] == [(epoch, 3)])
            store.order(effects.ConfirmFacts(epoch, 3, "00" * 32))
            fresh = posted.one(events.HistoryDiffers).epoch
            eventually(lambda: seen[3:] == [(fresh, 1), (fresh, 2), (fresh, 3)])
    finally:
        ended.set()
        reader.join(5)


def test_nothing_to_read_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(reading.StoreUnreadableError, match="has the agent run"):
        list(reading.facts(tmp_path))
    (tmp_path / "journal.db").write_bytes(b"\x00" * 4096)
    for read in (lambda: list(reading.facts(tmp_path)), lambda: reading.summary(tmp_path)):
        with pytest.raises(reading.StoreUnreadableError, match="cannot be read"):
            read()
