"""The thread of the fire latch: what it writes on a disk that is slow, hangs or is full, in what order, and how it ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import limits
from agent.core.effects import SaveLatch
from agent.core.events import LatchSaved
from agent.store import Store, latch
from agent.store.folder import Ballast
from tests.agent.store.harness import Posted, record, running
from tests.faulty.disk import FaultyDisk
from tests.faulty.filesystem import SLOW_S
from tests.faulty.state import State
from tests.waiting import eventually

on_a_faulty_disk = pytest.mark.needs("fusermount3")

MAIN = frozenset({"main"})
NONE: frozenset[str] = frozenset()
SOON_S = 0.3


@contextmanager
def faulty(tmp_path: Path) -> Iterator[tuple[FaultyDisk, Store, Posted]]:
    with FaultyDisk(tmp_path / "state") as disk:
        latch.begin(disk.folder)
        with running(disk.folder) as (store, posted):
            yield disk, store, posted
            disk.be(State.WELL)


@on_a_faulty_disk
@pytest.mark.slow
@pytest.mark.claim("D1", "F13")
def test_the_latch_waits_for_no_commit(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    with faulty(tmp_path) as (disk, store, _):
        disk.be(State.SLOW)
        store.order(record(1))
        time.sleep(SOON_S)
        began = time.monotonic()
        store.order(SaveLatch(MAIN))
        eventually(lambda: latch.read(disk.below) == MAIN, SOON_S)
        assert store.unsaved(), "the commit goes on"
        eventually(lambda: not store.latch_unsaved(), 2 * SLOW_S + SOON_S)
        took = time.monotonic() - began
        record_property("figure", f"both files synced {took:.1f} s after the order, on a disk of {SLOW_S:.0f} s a sync")


@on_a_faulty_disk
@pytest.mark.slow
@pytest.mark.claim("D1")
@pytest.mark.parametrize(
    "more",
    [
        pytest.param((NONE,), id="reset", marks=pytest.mark.soak),
        pytest.param((NONE, MAIN), id="fire", marks=pytest.mark.soak),
        pytest.param((MAIN | {"back"}, NONE, MAIN), id="two"),
    ],
)
def test_the_newest_of_what_comes_within_one_slow_write_is_what_stays(
    tmp_path: Path, more: tuple[frozenset[str], ...]
) -> None:
    with faulty(tmp_path) as (disk, store, _):
        disk.be(State.SLOW)
        store.order(SaveLatch(MAIN))
        for doors in more:
            time.sleep(SOON_S)
            store.order(SaveLatch(doors))
        seen = [MAIN]
        deadline = time.monotonic() + 5 * SLOW_S
        while store.latch_unsaved():
            assert time.monotonic() < deadline
            found = latch.read(disk.below)
            if found is not None and found != seen[-1]:
                seen.append(found)
            time.sleep(0.01)
        assert seen == ([MAIN] if more[-1] == MAIN else [MAIN, more[-1]]), "what was replaced was never written"
        assert latch.read(disk.below) == more[-1]


@on_a_faulty_disk
@pytest.mark.claim("D1", "F12")
def test_a_latch_that_hangs_is_told_as_unsaved_and_as_saved_when_it_is(tmp_path: Path) -> None:
    with faulty(tmp_path) as (disk, store, posted):
        disk.be(State.HANGING)
        ordered = time.monotonic()
        store.order(SaveLatch(MAIN))
        store.look(ordered + limits.STORE_HUNG_S - 0.1)
        assert not posted.of(LatchSaved)
        for later in (0.1, 1.0, 60.0):
            store.look(ordered + limits.STORE_HUNG_S + later)
        assert posted.of(LatchSaved) == [LatchSaved(saved=False, detail="the disk does not answer")]
        disk.be(State.WELL)
        eventually(lambda: posted.of(LatchSaved)[1:] == [LatchSaved(saved=True)])
        assert latch.read(disk.below) == MAIN
        store.look(ordered + 120.0)
        assert len(posted.of(LatchSaved)) == 2


@on_a_faulty_disk
@pytest.mark.slow
@pytest.mark.claim("D1", "F12")
def test_a_stop_waits_for_a_latch_that_hangs_no_longer_than_its_limit(tmp_path: Path) -> None:
    with faulty(tmp_path) as (disk, store, _):
        disk.be(State.HANGING)
        store.order(SaveLatch(MAIN))
        began = time.monotonic()
        assert not store.stop(limits.STOP_DISK_S)
        assert time.monotonic() - began <= 2 * limits.STOP_DISK_S + SOON_S
        assert store.latch_unsaved()


@on_a_faulty_disk
@pytest.mark.slow
@pytest.mark.claim("D1", "F13")
def test_a_stop_on_a_slow_disk_keeps_the_newest_latch(tmp_path: Path) -> None:
    with faulty(tmp_path) as (disk, store, _):
        disk.keep()
        disk.be(State.SLOW)
        store.order(SaveLatch(MAIN))
        store.stop(limits.STOP_DISK_S)  # what else it does may take longer
        assert not store.latch_unsaved()
        disk.cut()
        assert latch.read(disk.below) == MAIN


@on_a_faulty_disk
@pytest.mark.claim("D1", "F11")
@pytest.mark.parametrize("state", [State.READ_ONLY, State.FAILING])
def test_a_disk_that_takes_none_is_tried_again_also_at_the_stop(tmp_path: Path, state: State) -> None:
    with faulty(tmp_path) as (disk, store, posted):
        disk.be(state)
        store.order(SaveLatch(MAIN))
        assert not posted.one(LatchSaved).saved
        disk.be(State.WELL)
        eventually(lambda: latch.read(disk.below) == MAIN)
        eventually(lambda: posted.of(LatchSaved)[-1].saved)
        disk.be(state)
        store.order(SaveLatch(NONE))
        eventually(lambda: not posted.of(LatchSaved)[-1].saved)
        disk.be(State.WELL)
        assert store.stop(limits.STOP_DISK_S)
        assert latch.read(disk.below) == NONE


@pytest.mark.claim("D1")
def test_what_the_start_has_not_read_yet_is_not_written_over(tmp_path: Path) -> None:
    latch.write(tmp_path, {"back"})
    read = threading.Event()
    with running(tmp_path, latch_read=lambda: read.wait(10)) as (store, _):
        store.order(SaveLatch(MAIN))
        time.sleep(SOON_S)
        assert latch.read(tmp_path) == {"back"}
        store.order(SaveLatch(MAIN | {"back"}))
        read.set()
        eventually(lambda: not store.latch_unsaved())
        assert latch.read(tmp_path) == MAIN | {"back"}


def test_a_stop_waits_for_no_start_when_no_latch_does(tmp_path: Path) -> None:
    with running(tmp_path, latch_read=lambda: time.sleep(60)) as (store, _):
        began = time.monotonic()
        assert store.stop(limits.STOP_DISK_S)
        assert time.monotonic() - began < 1.0


def test_a_ballast_given_back_while_another_thread_makes_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast, sound = Ballast(tmp_path, 4096), os.posix_fallocate

    def given_back(fd: int, offset: int, size: int) -> None:
        sound(fd, offset, size)
        other = threading.Thread(target=ballast.give_back)
        other.start()
        other.join(5)

    monkeypatch.setattr(os, "posix_fallocate", given_back)
    assert not ballast.make()
    assert not ballast.held()
    monkeypatch.undo()
    assert ballast.make()
    assert ballast.give_back()
    assert not ballast.give_back(), "there is no room to give a second time"
