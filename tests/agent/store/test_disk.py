"""Disks that are full, read-only or fail: nothing told is lost, nothing refused is written, and all goes on when the disk does."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.core import effects, events
from agent.store import latch, reading
from agent.store.copying import copied
from agent.store.journal import Journal
from agent.store.waiting import RING
from contract import chain
from tests.agent.store.disks import Fixed, failing_disk, small_disk
from tests.agent.store.harness import drained, fact, holder, notice, part, record, running, seqs
from tests.waiting import eventually


def told_in_order(posted) -> list[int]:
    """The numbers given, in the order they were told; each must be the next."""
    numbers = [n for one in posted.of(events.Recorded) for n in range(one.first, one.first + len(one.lines))]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return numbers


def until_failing(store, posted, token: int) -> int:
    """Facts until the disk takes no more: the room that was kept is used up first."""
    end = time.monotonic() + 30
    while not posted.of(events.StoreFailed):
        assert time.monotonic() < end
        token += 1
        store.order(record(token, *(fact() for _ in range(20))))
        eventually(
            lambda token=token: (
                posted.of(events.StoreFailed) or [e for e in posted.of(events.Recorded) if e.token == token]
            )
        )
    return token


@pytest.mark.claim("F10")
@pytest.mark.slow
def test_a_full_disk(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with small_disk(tmp_path) as disk, running(disk.folder, ballast_bytes=1 << 20) as (store, posted):
        store.order(effects.SaveState(1, part(1, [holder(1)])))
        store.order(record(1))
        posted.recorded(1)
        if not disk.limited:
            eventually((disk.folder / "ballast").exists)
        disk.fill()
        token = until_failing(store, posted, 1)
        assert posted.one(events.StoreFailed).mode in disk.modes("full")
        assert not (disk.folder / "ballast").exists() or disk.limited
        told_before = len(told_in_order(posted))
        # an hour of cards: the ring keeps the newest 10,000, check-ins first
        for n in range(RING + 2000):
            token += 1
            store.order(record(token, fact("patrol.checkin" if n % 100 == 0 else "access.granted")))
        # what people wait for is refused in time
        asked = time.monotonic()
        store.order(record(900_001, fact("patrol.checkin"), durable_by_mono=asked + 0.2))
        refused = eventually(lambda: [e for e in posted.of(events.RecordRefused) if e.token == 900_001])
        assert refused == [events.RecordRefused(900_001, "late", 1)]
        late = time.monotonic() - asked - 0.2
        assert late < 0.5
        # a roster still comes into force, a latch is still saved, the journal can still be read
        store.order(effects.SaveState(900_002, part(2, [holder(2)])))
        eventually(lambda: set(posted.of(events.HoldersReplaced)[-1].by_key) == {holder(2).key})
        if not disk.limited:
            assert seqs(drained(store, posted))[-1] == told_before
        assert len(posted.of(events.StoreFailed)) == 1
        disk.free()
        mended = posted.one(events.StoreMended, 10)
        eventually(lambda: [e for e in posted.of(events.Recorded) if e.token == token])
        numbers = told_in_order(posted)
        assert mended.dropped >= 2000
        assert mended.dropped <= 2000 + RING // 50
        assert len(numbers) + mended.dropped == told_before + RING + 2000 + 20
        assert 900_001 not in {e.token for e in posted.of(events.Recorded)}
        kept = drained(store, posted)
        assert seqs(kept) == numbers
        lines = [chain.parse_line(line) for got in kept for line in got.lines]
        assert sum(line.kind == "patrol.checkin" for line in lines) == 120
        if not disk.limited:
            store.order(effects.Purge(1.0))
            eventually((disk.folder / "ballast").exists)
        eventually(lambda: set(reading.holders(disk.folder)) == {holder(2).key}, 10)
        record_property(
            "figure", f"ring {RING}, dropped and told {mended.dropped}, refusal {1000 * late:.0f} ms after its time"
        )


@pytest.mark.claim("F10")
@pytest.mark.slow
def test_a_latch_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk, running(disk.folder, ballast_bytes=1 << 20) as (store, _):
        if not disk.limited:
            eventually((disk.folder / "ballast").exists)
        disk.fill()
        store.order(effects.SaveLatch(frozenset({"main"})))
        if disk.limited:
            disk.free()
        eventually(lambda: latch.read(disk.folder) == {"main"})  # the room that was kept is what it is kept for
        disk.fill()
        store.order(effects.SaveLatch(frozenset()))
        eventually(lambda: latch.read(disk.folder) == frozenset())


@pytest.mark.claim("F11")
@pytest.mark.slow
def test_read_only_for_a_while(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    disk = Fixed(tmp_path / "state")
    with running(disk.folder) as (store, posted):
        for token in range(1, 101):
            store.order(record(token))
        posted.recorded(100)
        store.order(effects.SaveState(1, notice("n1", 1)))
        posted.one(events.StateSaved)
        disk.read_only()
        for token in range(101, 301):
            store.order(record(token))
        store.order(effects.SaveState(2, notice("n1", 2)))
        assert posted.one(events.StoreFailed).mode in {"read_only", "failed" if disk.limited else "read_only"}
        before = time.monotonic()
        store.order(record(900_001, durable_by_mono=before + 0.1))
        eventually(lambda: [e for e in posted.of(events.RecordRefused) if e.token == 900_001])
        disk.writable()
        back = time.monotonic()
        posted.one(events.StoreMended, 10)
        took = time.monotonic() - back
        posted.recorded(300)
        assert told_in_order(posted) == list(range(1, 301))
        assert seqs(drained(store, posted)) == list(range(1, 301))
        eventually(lambda: [n.rev for n in reading.messages(disk.folder)] == [2], 10)
        record_property("figure", f"writing again {took:.1f} s after the disk is")


@pytest.mark.claim("F11")
@pytest.mark.slow
def test_started_on_a_read_only_disk_after_a_power_cut(tmp_path: Path) -> None:
    """The WAL of the last run is still there and cannot be folded in: residents' cards work all the same."""
    with small_disk(tmp_path) as disk:
        source = tmp_path / "source"
        with running(source) as (store, posted):
            store.order(effects.SaveState(1, part(1, [holder(7)])))
            store.order(effects.SaveState(2, notice("n1", 1)))
            store.order(record(1))
            posted.recorded(1)
            eventually(lambda: len(posted.of(events.StateSaved)) == 2)
            for file in source.glob("*.db*"):
                if not file.name.endswith("-shm"):
                    (disk.folder / file.name).write_bytes(file.read_bytes())
        disk.read_only()
        with running(disk.folder) as (store, posted):
            assert set(posted.all[0].by_key) == {holder(7).key}
            assert [n.ident for n in posted.one(events.StateLoaded).messages] == ["n1"]
            assert posted.one(events.StoreFailed).mode in disk.modes("read_only")
            assert not posted.of(events.StoreOpened)
            store.order(record(5))
            disk.writable()
            opened = posted.one(events.StoreOpened, 10)
            assert (opened.boot, opened.next_seq) == (2, 2)
            posted.one(events.StoreMended)
            assert posted.recorded(5).first == 2


@pytest.mark.claim("F12")
@pytest.mark.slow
def test_syncs_that_fail(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    """After a failed sync the file is opened anew, and what was in doubt is neither lost nor there twice."""
    with failing_disk(tmp_path) as disk, running(disk.folder) as (store, posted):
        token = 0
        spells = 3
        for _ in range(spells):
            for _ in range(50):
                token += 1
                store.order(record(token))
                posted.recorded(token)
            posted.clear()
            disk.fill()
            token = until_failing(store, posted, token)
            assert posted.one(events.StoreFailed).mode in {"failed", "full"}
            for _ in range(50):
                token += 1
                store.order(record(token))
            disk.free()
            posted.one(events.StoreMended, 15)
            posted.recorded(token)
        assert not posted.of(events.HistoryDiffers)
        tokens = [chain.parse_line(line).data for got in drained(store, posted) for line in got.lines]
        record_property("figure", f"{spells} spells of failing syncs, {len(tokens)} facts, none lost, none twice")
        singles = [data["by"] for data in tokens if data["by"] != "h-0001"]
        assert len(singles) == len(set(singles))


@pytest.mark.claim("F5")
@pytest.mark.slow
def test_a_disk_that_loses_what_it_had_taken(tmp_path: Path) -> None:
    """After a failure the file is found older than what was committed: its numbers are never used again."""
    state = tmp_path / "state"
    disk = Fixed(state)
    with running(state) as (store, posted):
        for token in range(1, 51):
            store.order(record(token))
        opened = posted.one(events.StoreOpened)
        posted.recorded(50)
        older = tmp_path / "older"
        with copied(state / "journal.db") as copy:
            shutil.copytree(copy.parent, older)
        for token in range(51, 101):
            store.order(record(token))
        posted.recorded(100)
        disk.read_only()
        store.order(record(101))
        posted.one(events.StoreFailed)
        eventually(lambda: not held_open(state / "journal.db"))
        disk.writable()
        for name in ("journal.db", "journal.db-wal"):
            (older / name).replace(state / name)
        differs = posted.one(events.HistoryDiffers, 10)
        assert differs.epoch != opened.epoch
        assert "lost" in differs.detail
        assert posted.recorded(101).first == 51
        posted.one(events.StoreMended)
        lines = [chain.parse_line(line) for got in drained(store, posted) for line in got.lines]
        assert [line.data.get("was") for line in lines] == [[opened.epoch, n] for n in range(1, 51)] + [None]


def held_open(path: Path) -> bool:
    found = []
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(fd.readlink())
    return path in found


@pytest.mark.slow
@pytest.mark.claim("D10")
@pytest.mark.claim("F13")
def test_what_came_too_late_behind_a_slow_commit_is_refused_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Journal.commit

    def slow(self: Journal, *some: Any) -> None:
        time.sleep(0.5)
        sound(self, *some)

    with running(tmp_path) as (store, posted):
        monkeypatch.setattr(Journal, "commit", slow)
        store.order(record(1))
        time.sleep(0.1)
        store.order(record(2, fact("patrol.checkin"), durable_by_mono=time.monotonic() + 0.2))
        store.order(record(3))
        posted.recorded(3)
        assert [refused.token for refused in posted.of(events.RecordRefused)] == [2]
        assert [one.token for one in posted.of(events.Recorded)] == [1, 3]
