"""Files that are not what we wrote: every shape is set aside or mended, what can be read goes on, and the door's cards keep working."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import folder as store_folder
from agent.store import reading
from contract import chain
from tests.agent.store.harness import (
    CONFIRMED,
    FACTS,
    HOLDERS,
    KEYS,
    batch,
    drained,
    holder,
    part,
    record,
    running,
    seqs,
)
from tests.waiting import eventually


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2048 * 1024)


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        conn = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            conn.execute(statement)
        conn.close()

    return change


def poke(offset: int, data: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return change


def replaced(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def linked(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")


def to_good_file(path: Path) -> None:
    real = path.parent.parent / "moved.db"
    path.rename(real)
    path.symlink_to(real)


SHAPES: dict[str, tuple[Callable[[Path], None], bool]] = {
    "half": (half, True),
    "header only": (lambda path: os.truncate(path, 100), True),
    "no whole header": (lambda path: os.truncate(path, 50), True),
    "empty": (lambda path: os.truncate(path, 0), True),
    "random bytes": (lambda path: path.write_bytes(random.Random(1).randbytes(50_000)), True),
    "zeros": (lambda path: path.write_bytes(bytes(50_000)), True),
    "newer schema": (sql("PRAGMA user_version = 99"), True),
    "newer file format": (poke(18, b"\x03\x03"), True),
    "another program's": (sql("PRAGMA application_id = 7"), True),
    "no tables": (sql("DROP TABLE IF EXISTS position", "DROP TABLE IF EXISTS messages"), True),
    "a folder": (replaced(lambda path: path.mkdir()), True),
    "a full folder": (replaced(lambda path: (path / "inner").mkdir(parents=True)), True),
    "a dangling link": (replaced(linked), True),
    "a link to the file": (to_good_file, True),
    "a pipe": (replaced(os.mkfifo), True),
    "no rights": (lambda path: path.chmod(0), False),
    "rights for all": (lambda path: path.chmod(0o666), False),
    "a wal of random bytes": (lambda path: Path(f"{path}-wal").write_bytes(random.Random(2).randbytes(9000)), False),
    "an empty wal": (lambda path: Path(f"{path}-wal").write_bytes(b""), False),
    "a stale unfinished new file": (lambda path: Path(f"{path}-new").write_bytes(b"half"), False),
}


@pytest.mark.claim("F9")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal.db", "cache.db"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_handled(tmp_path: Path, good: Path, name: str, shape: str) -> None:
    state = tmp_path / "state"
    shutil.copytree(good, state)
    change, damaged = SHAPES[shape]
    change(state / name)
    what = name.removesuffix(".db")
    with running(state) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ((what,) if damaged else ())
        assert isinstance(posted.all[0], events.HoldersReplaced)
        if name == "journal.db" or not damaged or shape == "newer schema":
            assert len(posted.all[0].by_key) == HOLDERS + 20
            assert len(posted.one(events.StateLoaded).messages) == 20
        if not damaged:
            assert (opened.next_seq, opened.confirmed, opened.boot) == (FACTS + 1, CONFIRMED, 2)
        store.order(record(1))
        assert posted.recorded(1).first == opened.next_seq
        store.order(effects.SaveState(2, part(9, [holder(1)])))
        eventually(lambda: any(e.rev == 9 for e in posted.of(events.StateSaved)))
        drained(store, posted)
        assert bool(posted.of(events.CacheReset)) == (damaged and name == "cache.db")
        path = state / name
        assert path.is_file()
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o777 == 0o600
        cases = list((state / "quarantine").glob("*"))
        assert len(cases) == (1 if damaged else 0)
    if shape == "a link to the file":
        assert (tmp_path / "moved.db").stat().st_size > 10_000  # what a link points at is not ours to touch
    with running(state) as (_, posted):
        again = posted.one(events.StoreOpened)
        assert (again.recovered, again.epoch, again.next_seq) == ((), opened.epoch, opened.next_seq + 1)


@pytest.mark.claim("F9")
def test_what_can_be_read_of_a_journal_goes_on(tmp_path: Path, good: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(good, state)
    before = {entry.first: chain.parse_line(entry.line) for entry in reading.facts(state)}
    old = reading.summary(state)
    sql("DELETE FROM position")(state / "journal.db")
    with running(state) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert (opened.recovered, opened.boot, opened.keys) == (("journal",), old.boot + 1, KEYS)
        assert opened.epoch != old.epoch
        assert opened.revs["roster yard/y07 r1"] == 1
        assert opened.epoch_utc == 1_795_000_000.0
        lines = [chain.parse_line(line) for got in drained(store, posted) for line in got.lines]
        assert len(lines) == FACTS  # where the confirmed position is lost everything goes on, and counts once by `was`
        for line in lines:
            epoch, seq = line.data["was"]
            assert epoch == old.epoch
            rest = {key: value for key, value in line.data.items() if key != "was"}
            one = before[seq]
            assert (line.at_utc, line.boot, line.mono, line.kind, rest) == (
                one.at_utc,
                one.boot,
                one.mono,
                one.kind,
                one.data,
            )


@pytest.mark.claim("F8")
def test_damage_met_while_running_begins_a_new_epoch(tmp_path: Path, good: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(good, state)
    conn = sqlite3.connect(state / "journal.db", isolation_level=None)
    conn.execute("UPDATE facts SET line = replace(CAST(line AS TEXT), 'h-0042', 'h-0043') WHERE seq = 1043")
    conn.close()  # found by the chain only, when it is to be sent
    with running(state) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ()
        store.order(record(1))
        posted.recorded(1)
        store.order(effects.LoadBatch(1001))
        differs = posted.one(events.HistoryDiffers)
        assert "damaged" in differs.detail
        assert differs.next_seq == FACTS + 1 - CONFIRMED - 1 + 1
        store.order(record(2))
        assert posted.recorded(2).first == differs.next_seq
        lines = [chain.parse_line(line) for got in drained(store, posted) for line in got.lines]
        was = [line.data["was"][1] for line in lines[:-1]]
        assert was == [n for n in range(CONFIRMED + 1, FACTS + 2) if n != 1043]
        assert all(line.boot == 2 for line in lines[-1:])
    with running(state) as (_, posted):
        assert posted.one(events.StoreOpened).epoch == differs.epoch
        assert posted.one(events.StoreOpened).boot == 3


@pytest.mark.claim("F8")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE revs SET rev = rev + 1",
        "UPDATE revs SET name = CAST(x'726f73ff' AS TEXT) WHERE rowid = 1",
        "UPDATE keys SET body = x'00'",
        "INSERT INTO seen (id, exp, action, door, actor, pending) VALUES (x'ff', 'never', '', '', '', 0)",
    ],
)
def test_damage_beside_the_facts_is_met_at_the_start_too(tmp_path: Path, good: Path, damage: str) -> None:
    """The file holds together, only what a start reads of it does not."""
    state = tmp_path / "state"
    shutil.copytree(good, state)
    conn = sqlite3.connect(state / "journal.db", isolation_level=None)
    conn.execute("PRAGMA ignore_check_constraints = ON")
    conn.execute(damage)
    conn.close()
    with running(state) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ("journal",)
        assert not posted.of(events.HistoryDiffers)
        store.order(record(1))
        assert posted.recorded(1).first == opened.next_seq
        kept = [chain.parse_line(line) for got in drained(store, posted) for line in got.lines]
        assert len([line for line in kept if "was" in line.data]) == FACTS - CONFIRMED
    with running(state) as (_, posted):
        assert posted.one(events.StoreOpened).recovered == ()
        assert posted.one(events.StoreOpened).boot > opened.boot


@pytest.mark.claim("F8")
def test_a_cache_damaged_while_running_keeps_its_holders(tmp_path: Path, good: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(good, state)
    conn = sqlite3.connect(state / "cache.db", isolation_level=None)
    conn.execute("UPDATE rosters SET rev = 7 WHERE id = 'staff'")
    conn.close()
    with running(state) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ("cache",)
        posted.one(events.CacheReset)
        assert len(posted.all[0].by_key) == HOLDERS
        assert {each[2] for each in posted.all[0].applied_revisions} == {"r1"}
        # the broker's copy comes again
        store.order(effects.SaveState(1, part(1, [holder(n) for n in range(HOLDERS, HOLDERS + 20)], roster="staff")))
        eventually(lambda: len(posted.of(events.HoldersReplaced)[-1].by_key) == HOLDERS + 20)


def test_quarantine_is_bounded(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / "journal.db").write_bytes(bytes([number]) * 1000)
        (tmp_path / "journal.db-wal").write_bytes(b"wal")
        case = store_folder.set_aside(tmp_path / "journal.db")
        assert {path.name for path in case.iterdir()} == {"journal.db", "journal.db-wal"}
        store_folder.trim_quarantine(tmp_path)
    cases = sorted((tmp_path / "quarantine").iterdir())
    assert [(case / "journal.db").read_bytes()[0] for case in cases] == [3, 4]
    with (cases[-1] / "journal.db").open("r+b") as big:
        big.truncate(store_folder.KEEP_BYTES)
    store_folder.trim_quarantine(tmp_path)
    assert list((tmp_path / "quarantine").iterdir()) == [cases[0]]


@pytest.mark.claim("F6")
def test_a_new_file_that_was_ready_is_put_in_place(tmp_path: Path, good: Path) -> None:
    """Killed between setting the damaged file aside and putting the new one in place."""
    state = tmp_path / "state"
    shutil.copytree(good, state)
    (state / "journal.db").rename(state / "journal.db-next")
    with running(state) as (store, posted):
        assert posted.one(events.StoreOpened).next_seq == FACTS + 1
        assert seqs([batch(store, posted, 1)])[0] == 1
