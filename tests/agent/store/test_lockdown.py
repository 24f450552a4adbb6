"""The lockdown files: written as the fire latch's are, on a thread of their own, and read before all else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.core.effects import KeptMode, SaveLatch, SaveLockdown
from agent.store import latch, lockdown
from agent.store.lockdown import NAMES, LockdownState
from tests.agent.store.harness import record, running
from tests.faulty.disk import FaultyDisk
from tests.faulty.state import State
from tests.waiting import eventually

MAIN = KeptMode("main", "lockdown", 1_795_500_600.125)
YARD = KeptMode("yard", "lockdown", 1_795_500_000.0)


@pytest.mark.parametrize("doors", [(), (MAIN,), (MAIN, YARD)])
def test_round_trip(tmp_path: Path, doors: tuple[KeptMode, ...]) -> None:
    assert lockdown.read(tmp_path) == LockdownState((), known=True)
    lockdown.write(tmp_path, (YARD,))
    lockdown.write(tmp_path, doors)
    assert lockdown.read(tmp_path) == LockdownState(doors, known=True)
    assert latch.begin(tmp_path) == latch.LatchState(frozenset(), sure=True), "the fire latch has files of its own"


@pytest.mark.parametrize("damage", [b"", b"\xff" * 4096, None])
@pytest.mark.parametrize("name", NAMES)
def test_damage_to_one_file_changes_nothing_and_to_both_is_told(
    tmp_path: Path, name: str, damage: bytes | None
) -> None:
    lockdown.write(tmp_path, (MAIN,))
    for number, each in enumerate((name, *(other for other in NAMES if other != name))):
        path = tmp_path / each
        if damage is None:
            path.unlink()
            os.mkfifo(path)
        else:
            path.write_bytes(damage)
        assert lockdown.read(tmp_path) == LockdownState((MAIN,) if number == 0 else (), known=number == 0)
    lockdown.write(tmp_path, (YARD,))
    assert lockdown.read(tmp_path) == LockdownState((YARD,), known=True)


@pytest.mark.parametrize("line", ["main", "main soon", "main nan", "main inf", "main 1 2"])
def test_a_line_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    latch.write_both(tmp_path, [line], NAMES)
    assert lockdown.read(tmp_path) == LockdownState((), known=False)


def test_the_store_writes_the_newest(tmp_path: Path) -> None:
    with running(tmp_path) as (store, _):
        for order in (SaveLockdown((MAIN,)), SaveLockdown((MAIN, YARD)), SaveLockdown((YARD,))):
            store.order(order)
        store.order(SaveLatch(frozenset({"main"})))
        eventually(lambda: lockdown.read(tmp_path).doors == (YARD,))
        eventually(lambda: latch.read(tmp_path) == {"main"})


@pytest.mark.slow
@pytest.mark.needs("fusermount3")
def test_neither_a_commit_nor_the_fire_latch_is_waited_for(tmp_path: Path) -> None:
    with FaultyDisk(tmp_path / "state") as disk:
        latch.begin(disk.folder)
        lockdown.write(disk.folder, ())
        with running(disk.folder) as (store, _):
            disk.be(State.SLOW)
            store.order(record(1))
            store.order(SaveLatch(frozenset({"main"})))
            store.order(SaveLockdown((MAIN,)))
            eventually(lambda: lockdown.read(disk.below).doors == (MAIN,), 0.5)
            assert store.unsaved()
            disk.be(State.WELL)
