"""The journal through the store: numbers, chain, groups, commands seen, confirms, epochs, retention."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.effects import CheckedIn, KeptMode, SeenCommand
from agent.core.events.store import PendingCommand
from agent.core.time import KnownTime
from agent.store import FolderInUseError, Store, database, migrations, reading, room
from agent.store.journal import open_journal
from agent.store.journal_keeper import KEEP_SEEN_S
from agent.store.opening import Terms, open_or_found
from agent.store.schema import JOURNAL_STEPS, journal_kind, seal
from contract import chain
from contract.facts import Via
from contract.messages import Keys, Kind, WorkingKey
from contract.scopes import Scope
from tests.agent.store.harness import (
    SITE,
    UNIT,
    UTC,
    as_before_signed_time,
    batch,
    check,
    drained,
    fact,
    holder,
    notice,
    part,
    record,
    running,
    seqs,
    written,
)
from tests.waiting import eventually

DAY = 86_400.0


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


def test_a_pending_open_comes_with_what_the_facts_say_of_it(tmp_path: Path) -> None:
    def granted(token: int, name: str) -> effects.AppendFacts:
        return record(token, fact(by=None, via=Via.REMOTE, command=name))

    with running(tmp_path) as (store, posted):
        for token, name in enumerate(("c-1", "c-2", "c-3"), 1):
            store.order(record(token, seen=SeenCommand(name, UTC + 30, "open", "main", "op7", pending=True)))
        store.order(granted(4, "c-1"))
        store.order(
            record(5, fact("door.opened", door="cellar"), fact("agent.started"), fact("door.opened", door="main"))
        )
        store.order(granted(6, "c-2"))
        store.order(record(7, fact("door.opened", door="main")))
        posted.recorded(7)
    with running(tmp_path) as (_, posted):
        pending = posted.one(events.StoreOpened).pending
    assert [(p.id, p.granted, p.opened) for p in pending] == [
        ("c-1", True, False),
        ("c-2", True, True),
        ("c-3", False, False),
    ]


@pytest.mark.claim("D10")
def test_seen_commands_survive_and_pending_ones_are_found(tmp_path: Path) -> None:
    seen = SeenCommand("c-1", UTC + 30, "open", "main", "op7", pending=True)
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact("command.accepted", id="c-1"), seen=seen))
        store.order(
            record(
                2,
                fact("command.refused", id="c-2"),
                seen=SeenCommand("c-2", UTC + 9, "open", None, "op7", pending=False),
            )
        )
        posted.recorded(2)
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.seen == {"c-1": UTC + 30, "c-2": UTC + 9}
        assert opened.pending == (PendingCommand("c-1", "open", "main", "op7"),)
        store.order(record(1, fact("command.done", id="c-1"), finish=("c-1",)))
        posted.recorded(1)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).pending == ()
        store.order(effects.Purge(UTC + 10 + KEEP_SEEN_S))
        eventually(lambda: reading.summary(tmp_path).boot == 3)
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert set(opened.seen) == {"c-1"}  # the other is refused by its expiry alone
        assert opened.known is None


@pytest.mark.claim("D10")
def test_a_check_in_stays_marked_until_a_record_says_that_it_was_told(tmp_path: Path) -> None:
    first, second = CheckedIn("main", "wang", UTC), CheckedIn("main", "zhao", UTC + 1)
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact("patrol.checkin"), checkin=first))
        store.order(record(2, fact("patrol.checkin"), checkin=second, reported_checkins=(first,)))
        posted.recorded(2)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).unreported_checkins == (second,)
        store.order(record(1, reported_checkins=(second,)))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).unreported_checkins == ()


@pytest.mark.claim("F26")
def test_of_refused_commands_the_newest_are_kept_and_they_do_not_count_for_the_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.journal.REFUSED", 3)
    with running(tmp_path) as (store, posted):
        for n in range(8):
            seen = SeenCommand(f"r{n}", UTC + 30, "refused", "main", "op7", pending=False)
            store.order(record(n + 1, seen=seen))
        store.order(record(9, seen=SeenCommand("o", UTC + 30, "open", "main", "op7", pending=False)))
        posted.recorded(9)
        store.order(effects.Purge(UTC))
        eventually(lambda: not store.unsaved())
        store.order(record(10))
        posted.recorded(10)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert set(opened.seen) == {"r5", "r6", "r7", "o"}
        assert opened.opens == (("main", UTC + 30),)


def test_with_other_keys_no_revision_of_a_notice_is_known_any_more(tmp_path: Path) -> None:
    root = Scope("site", SITE)
    keys = Keys(root, 2, UTC, (WorkingKey("k", "ab" * 32, frozenset({Kind.COMMAND})),))
    with running(tmp_path) as (store, posted):
        for token, (name, rev) in enumerate((("old", 2**53 - 1), ("news", 2**53 - 1)), start=1):
            store.order(effects.SaveState(token, notice(name, rev)))
        posted.one(events.StateSaved)
        store.order(effects.ForgetNotices())
        store.order(effects.SaveState(3, keys))
        store.order(effects.SaveState(4, notice("news", 1)))
        eventually(lambda: [each.id for each in posted.all if isinstance(each, events.StateSaved)][-1:] == ["news"])
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert {name: rev for name, rev in opened.revs.items() if name.startswith("notice")} == {
            f"notice {notice('news', 1).scope} news": 1
        }
        assert [(each.ident, each.rev) for each in posted.one(events.StateLoaded).messages] == [("news", 1)]


def test_revisions_and_keys_live_with_the_journal(tmp_path: Path) -> None:
    root = Scope("site", SITE)
    keys = Keys(root, 4, UTC, (WorkingKey("k-now", "ab" * 32, frozenset({Kind.COMMAND, Kind.CONFIRM})),))
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(7, notice("n1", 3)))
        store.order(effects.SaveState(8, keys))
        eventually(lambda: {e.token for e in posted.of(events.StateSaved)} == {7, 8})
        store.order(effects.SaveState(9, Keys(root, 3, UTC, ())))
        eventually(lambda: {e.token for e in posted.of(events.StateSaved)} == {7, 8, 9})
    for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.revs == {"notice yard/y07 n1": 3}
        assert opened.keys == keys


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
