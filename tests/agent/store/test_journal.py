"""The journal through the store: numbers, chain, groups, commands seen, confirms, epochs, retention."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.effects import KeptMode, SeenCommand
from agent.core.time import KnownTime
from agent.store import FolderInUseError, Store, database, migrations
from agent.store.schema import JOURNAL_STEPS, journal_kind, seal
from contract import chain
from tests.agent.store.harness import (
    SITE,
    UNIT,
    UTC,
    as_before_signed_time,
    batch,
    check,
    drained,
    fact,
    record,
    running,
    seqs,
)
from tests.waiting import eventually


def test_facts_are_numbered_chained_and_read_back_as_told(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        store.order(record(1, fact("access.granted"), fact("door.opened", door="main")))
        store.order(record(2))
        one, two = posted.recorded(1), posted.recorded(2)
        assert (one.first, two.first) == (1, 3)
        assert (one.prev, two.prev) == (opened.head, one.head)
        got = batch(store, posted, 1)
        check(got)
        assert got.lines == one.lines + two.lines
        assert (got.prev, got.head) == (opened.head, two.head)
        line = chain.parse_line(one.lines[0])
        assert isinstance(line, chain.FactLine)
        assert (line.seq, line.boot, line.kind, line.at_utc, line.data) == (
            1,
            1,
            "access.granted",
            UTC,
            {"door": "main", "by": "h-0001", "via": "card"},
        )


def test_chain_starts_as_the_contract_says(tmp_path: Path) -> None:
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.head == chain.chain_start(SITE, UNIT, opened.epoch).hex()


def test_numbers_and_boots_go_on_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact(utc=UTC + 5)))
        store.order(record(2, fact(utc=UTC + 99_999, clock="unknown")))
        head = posted.recorded(2).head
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.boot, opened.next_seq, opened.head, opened.known) == (2, 3, head, None)
        store.order(record(3))
        assert posted.recorded(3).first == 3
        assert chain.parse_line(posted.recorded(3).lines[0]).boot == 2


def test_the_newest_word_on_the_time_is_kept_also_a_lower_one_and_over_damage(tmp_path: Path) -> None:
    high, low = KnownTime(UTC + 9e8, UTC + 9e8), KnownTime(UTC, UTC + 60.0, UTC)
    with running(tmp_path) as (store, posted):
        store.order(record(1, known=high))
        store.order(record(2, fact(utc=UTC + 9e8), known=low))
        store.order(record(3, fact(utc=UTC + 9e8)))
        posted.recorded(3)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).known == low
    conn = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    conn.execute("INSERT INTO modes VALUES ('main', 'lockdown', 1.0, 0)")  # damage beside it
    conn.close()
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.recovered, opened.known) == (("journal",), low)


@pytest.mark.parametrize(
    ("clocks", "kept"),
    [
        (("synced", "holdover", "floor", "unknown"), 1),
        (("synced", "synced"), 1),
        (("floor", "unknown"), None),
    ],
)
def test_of_an_older_journal_only_facts_dated_by_a_set_clock_say_what_time_it_is(
    tmp_path: Path, clocks: tuple[str, ...], kept: int | None
) -> None:
    with running(tmp_path) as (store, posted):
        for number, clock in enumerate(clocks):
            ahead = 9e8 if clock in {"floor", "unknown"} else number
            store.order(record(1 + number, fact(utc=UTC + ahead, clock=clock)))
        posted.recorded(len(clocks))
    as_before_signed_time(tmp_path / "journal.db", floor=UTC + 9e8)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ()
        assert opened.known == (None if kept is None else KnownTime(UTC + kept, UTC + kept))


def test_what_waits_is_committed_together(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with running(tmp_path, opened=False) as (store, posted):
        for token in range(1, 501):
            store.order(record(token))
        last = posted.recorded(500)
        assert last.first == 500
        assert store.counts.facts == 500
        assert store.counts.commits <= 10
        record_property("figure", f"500 facts in {store.counts.commits} commits")
        before = store.counts.commits
        for token in range(501, 506):
            store.order(record(token))
            posted.recorded(token)
        assert store.counts.commits == before + 5  # a lone fact never waits for company


def test_confirm_moves_the_position_and_old_news_change_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        epoch = posted.one(events.StoreOpened).epoch
        for token in range(1, 6):
            store.order(record(token))
        heads = {token: posted.recorded(token).head for token in range(1, 6)}
        for seq, reported_checkins in ((3, 3), (2, 2), (5, 5), (5, 5)):
            before = len(posted.of(events.FactsConfirmed))
            store.order(effects.ConfirmFacts(epoch, seq, heads[seq]))
            eventually(lambda before=before: len(posted.of(events.FactsConfirmed)) > before)
            assert posted.one(events.FactsConfirmed).seq == reported_checkins
        assert not posted.of(events.HistoryDiffers)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).confirmed == 5


@pytest.mark.parametrize("lie", ["head", "seq", "epoch"])
@pytest.mark.claim("F5")
def test_a_history_not_ours_begins_a_new_epoch(tmp_path: Path, lie: str) -> None:
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        for token in range(1, 6):
            store.order(record(token))
        heads = {token: posted.recorded(token).head for token in range(1, 6)}
        store.order(effects.ConfirmFacts(opened.epoch, 2, heads[2]))
        wrong = {
            "head": effects.ConfirmFacts(opened.epoch, 4, heads[5]),
            "seq": effects.ConfirmFacts(opened.epoch, 6, heads[5]),
            "epoch": effects.ConfirmFacts("another", 2, heads[2]),
        }[lie]
        store.order(wrong)
        differs = posted.one(events.HistoryDiffers)
        assert differs.epoch != opened.epoch
        assert differs.next_seq == 4  # the three unconfirmed facts went on
        got = batch(store, posted, 1)
        check(got)
        assert got.prev == chain.chain_start(SITE, UNIT, differs.epoch, opened.epoch, heads[5]).hex()
        assert got.head == differs.head
        assert [chain.parse_line(line).data["was"] for line in got.lines] == [[opened.epoch, seq] for seq in (3, 4, 5)]
        store.order(wrong)  # the same word once more, and a late one on the epoch we left: no further epoch
        store.order(effects.ConfirmFacts(opened.epoch, 5, heads[5]))
        store.order(record(9))
        assert posted.recorded(9).first == 4
        eventually(lambda: len(posted.of(events.FactsConfirmed)) == 3)
        assert len(posted.of(events.HistoryDiffers)) == 1
    with running(tmp_path) as (_, posted):
        again = posted.one(events.StoreOpened)
        assert (again.epoch, again.next_seq, again.confirmed) == (differs.epoch, 5, 0)


def test_a_batch_keeps_to_the_contracts_bounds(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, *(fact("refusals") for _ in range(1100))))
        store.order(record(2, *(fact("storage.failed", detail="满" * 300) for _ in range(200))))
        posted.recorded(2)
        got = drained(store, posted)
        assert seqs(got) == list(range(1, 1301))
        for each in got:
            assert len(each.lines) <= chain.MAX_BATCH_FACTS
            assert sum(map(len, each.lines)) + len(each.lines) <= chain.MAX_BATCH_BYTES
        assert len(got[0].lines) == 500
        assert batch(store, posted, 1301).lines == ()


def test_an_endless_fact_is_cut_so_that_those_after_it_can_go(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact("refusals", counts={f"reason{n}": n for n in range(10_000)})))
        store.order(record(2))
        posted.recorded(2)
        assert [len(line) < 1000 for line in batch(store, posted, 1).lines] == [True, True]


def test_the_last_mode_of_each_door_is_kept_also_over_damage(tmp_path: Path) -> None:
    def modes(*some: tuple[str, str]) -> tuple[KeptMode, ...]:
        return tuple(KeptMode(door, mode, UTC + 60) for door, mode in some)

    with running(tmp_path) as (store, posted):
        store.order(record(1, modes=modes(("main", "hold_open"), ("back", "lockdown"), ("yard", "lockdown"))))
        store.order(record(2, modes=modes(("main", "lockdown"), ("back", "normal"))))
        posted.recorded(2)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).modes == modes(("main", "lockdown"), ("yard", "lockdown"))
    conn = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    conn.execute("UPDATE modes SET until = until + 1 WHERE door = 'yard'")
    conn.close()
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.recovered, opened.modes) == (("journal",), modes(("main", "lockdown")))


@pytest.mark.claim("F53")
def test_a_new_form_stands_in_the_file_itself_at_once(tmp_path: Path) -> None:
    """Who would install an older version reads it there (SQLite's header, offset 60), also while the agent holds the file."""
    path = tmp_path / "journal.db"
    with running(tmp_path):
        pass
    conn = sqlite3.connect(path)
    conn.execute("DROP TABLE meters")
    conn.execute(f"PRAGMA user_version = {len(JOURNAL_STEPS) - 1}")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (JOURNAL_STEPS[-1].__name__,))
    conn.commit()
    conn.close()
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).recovered == ()
        assert int.from_bytes(path.read_bytes()[60:64], "big") == len(JOURNAL_STEPS)


@pytest.mark.claim("F53")
def test_an_older_schema_is_migrated_with_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    kind = journal_kind(64)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA page_size = 1024")
    conn.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    conn.execute("PRAGMA journal_mode = WAL")
    db = database.Database(conn)
    migrations.apply(db, "journal", JOURNAL_STEPS[:1])
    conn.execute("PRAGMA user_version = 1")
    start = chain.chain_start(SITE, UNIT, "e0")
    line = chain.line(1, UTC, "synced", 7, 1.0, "door.opened", {"door": "main"})
    head = chain.next_hash(start, line)
    conn.execute("INSERT INTO epochs VALUES (1, 'e0', ?, '', '', ?)", (UTC, seal("e0", UTC, "", "")))
    conn.execute("INSERT INTO position VALUES (1, 0, ?, 0, ?, ?)", (start, start, seal(0, start, 0, start)))
    conn.execute("INSERT INTO life VALUES (1, 7, 1, NULL, ?)", (seal(7, 1, None),))
    conn.execute("INSERT INTO facts VALUES (1, NULL, ?, 2, ?, ?)", (int(UTC), line, head))
    conn.close()
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.epoch, opened.boot, opened.next_seq, opened.head, opened.recovered) == (
            "e0",
            8,
            2,
            head.hex(),
            (),
        )
        assert batch(store, posted, 1).lines == (line,)
        store.order(record(1, seen=SeenCommand("c", UTC, "open", None, "a", pending=False)))
        posted.recorded(1)
    after = sqlite3.connect(path)
    assert after.execute("PRAGMA user_version").fetchone()[0] == kind.version
    assert [row[0] for row in after.execute("SELECT name FROM _sqlite_migrations ORDER BY id")] == [
        "m001_facts_and_epochs",
        "m002_seen_commands",
        "m003_revisions_and_keys",
        "m004_modes",
        "m005_signed_time",
        "m006_untold_check_ins",
        "m007_secrets",
        "m008_wrong_codes",
        "m009_used_visitor_codes",
        "m010_rounds",
        "m011_watched_households",
        "m012_water_meters",
    ]
    after.close()


def test_two_stores_cannot_share_a_folder(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        with pytest.raises(FolderInUseError, match="another agent"):
            Store(tmp_path, SITE, UNIT, print, retention_days=1, journal_mb=1)
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).next_seq == 2


def test_a_stop_writes_what_waits(tmp_path: Path) -> None:
    with running(tmp_path) as (store, _):
        for token in range(300):
            store.order(record(token))
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).next_seq == 301


def test_a_record_nobody_waits_for_any_more_is_refused_and_not_written(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1, durable_by_mono=time.monotonic() - 0.1))
        store.order(record(2, durable_by_mono=time.monotonic() + 5))
        assert posted.recorded(2).first == 1
        assert [e.token for e in posted.of(events.RecordRefused)] == [1]
