"""A state folder as the version before the declared contract left it (dumps made by that version's own store): it starts, and nothing is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.effects import KeptMode
from agent.core.marks import CheckedIn
from agent.core.time import KnownTime
from agent.store import latch, reading
from contract.hours import Hours, Span
from contract.messages import Category, Holder, Keys, Kind, Notice, Per, Poll, Role, Settings, Sign, WorkingKey
from contract.scopes import Scope
from tests.agent.store.harness import SITE, UTC, YARD, drained, notice, record, running, seqs
from tests.waiting import eventually

PLACE = Path(__file__).parent / "folder_before"
SITEWIDE = Scope("site", SITE)
WEEK = Hours(((Span(480, 1080),),) * 5 + ((), ()), frozenset({"2026-10-01"}))
KEYS = Keys(
    SITEWIDE,
    3,
    UTC,
    (
        WorkingKey("command-1", "ab" * 32, frozenset({Kind.COMMAND})),
        WorkingKey("notice-1", "cd" * 32, frozenset({Kind.NOTICE, Kind.ROSTER})),
    ),
)
PEOPLE = (
    Holder("h-1", Role.RESIDENT, "01" * 16, room="3-201", hours=WEEK),
    Holder("h-2", Role.PATROL, "02" * 16, until_utc=UTC + 31_536_000, flags=frozenset({"fire_reset"})),
    Holder("h-3", Role.STAFF, "03" * 16, "04" * 16, doors=frozenset({"main"}), unlock_s=12.0, hours=WEEK),
)
MESSAGES = {
    notice("n1", 2, until_utc=UTC + 2_592_000),
    Notice(
        SITEWIDE, "n2", 1, UTC, Category.POLICY, "政策", "老旧小区改造", priority=3, ask=Poll(("是", "否"), Per.ROOM)
    ),
    Notice(YARD, "n3", 4, UTC, Category.EMERGENCY, "x" * 200, "旧", withdrawn=True, until_utc=UTC + 86_400),
    Settings(SITEWIDE, 1, UTC, language="zh-CN", timezone="Asia/Shanghai"),
    Settings(YARD, 2, UTC, sign=Sign(worker="李芳", phone="010-5550100")),
}
SCOPES = [str(YARD), str(SITEWIDE)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir()
    for name in ("journal", "cache"):
        with closing(sqlite3.connect(made / f"{name}.db")) as conn:
            conn.executescript((PLACE / f"{name}.sql").read_text(encoding="utf-8"))
    for name in latch.NAMES:
        block = bytes.fromhex((PLACE / f"{name}.hex").read_text())
        (made / name).write_bytes(block.ljust(latch.BLOCK, b"\0"))
    return made


def test_everything_that_was_kept_is_there_after_the_first_start_and_after_the_second(folder: Path) -> None:
    assert latch.begin(folder).doors == {"main"}
    for _ in range(2):
        with running(folder, scopes=SCOPES) as (_, posted):
            opened, index = posted.one(events.StoreOpened), posted.of(events.HoldersReplaced)[0]
            assert (opened.recovered, posted.of(events.CacheReset)) == ((), [])
            assert opened.keys == KEYS
            assert opened.seen == {"c-1": UTC + 60, "c-2": UTC + 60}
            assert [(each.id, each.action, each.door, each.actor) for each in opened.pending] == [
                ("c-1", "open", "main", "clerk")
            ]
            assert opened.modes == (KeptMode("main", "lockdown", UTC + 86_400),)
            assert opened.unreported_checkins == (CheckedIn("main", "h-2", UTC + 44),)
            assert opened.known == KnownTime(UTC, UTC + 5)
            assert set(posted.one(events.StateLoaded).messages) == MESSAGES
            assert {key: held for key, (held,) in index.by_key.items()} == {each.key: each for each in PEOPLE}
            assert index.applied_revisions == (("roster", str(YARD), "r1", 4),)
            assert {name: rev for name, rev in opened.revs.items() if not name.startswith("roster")} == {
                **{f"{m.KIND} {m.scope} {m.ident}": m.rev for m in MESSAGES}
            }
    assert latch.read(folder) == {"main"}


def test_its_facts_go_home_in_one_chain_with_those_of_today(folder: Path) -> None:
    with running(folder, scopes=SCOPES) as (store, posted):
        store.order(record(1))
        posted.recorded(1)
        assert seqs(drained(store, posted, 26)) == list(range(26, 46))
    assert [entry.confirmed for entry in reading.facts(folder)] == [True] * 25 + [False] * 20


def test_it_is_read_before_the_first_start_and_left_as_it_was(folder: Path) -> None:
    def bytes_of() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".db"}

    before = bytes_of()
    assert set(reading.messages(folder)) == MESSAGES
    assert set(reading.holders(folder)) == {each.key for each in PEOPLE}
    assert reading.summary(folder).waiting == 19
    assert reading.secrets(folder) == ()
    assert bytes_of() == before


def test_a_row_that_was_damaged_before_takes_no_other_with_it(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as conn:
        conn.execute("UPDATE notices SET rev = rev + 1 WHERE id = 'n2'")  # without its checksum
    with running(folder, scopes=SCOPES) as (_, posted):
        assert {m.ident for m in posted.one(events.StateLoaded).messages} == {"n1", "n3", ""}
        assert len(posted.of(events.HoldersReplaced)[0].by_key) == 3
        eventually(lambda: posted.of(events.CacheReset))


def test_on_a_disk_that_takes_nothing_it_is_read_all_the_same(folder: Path) -> None:
    held = sqlite3.connect(folder / "cache.db", isolation_level=None)
    held.execute("PRAGMA locking_mode = EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    try:
        with running(folder, scopes=SCOPES, opened=False) as (store, posted):
            assert len(posted.one(events.HoldersReplaced).by_key) == 3
            assert set(posted.one(events.StateLoaded).messages) == MESSAGES
            store.order(effects.LoadBatch(1))
    finally:
        held.close()
