"""The fire latch file: what was latched is read back, and damage never latches a door that was not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agent.core import effects
from agent.store import latch
from tests.agent.store.harness import running
from tests.waiting import eventually

BOTH = frozenset({"main", "back"})


@pytest.mark.claim("D1")
def test_what_was_latched_is_read_back_and_a_reset_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert latch.read(folder) == frozenset()
    latch.write(folder, BOTH)
    assert latch.read(folder) == BOTH
    latch.write(folder, {"back"})
    assert latch.read(folder) == {"back"}
    latch.write(folder, ())
    assert latch.read(folder) == frozenset()
    assert list(folder.iterdir()) == []


@pytest.mark.claim("D1")
@pytest.mark.parametrize("name", latch.NAMES)
def test_damage_to_one_file_changes_nothing(tmp_path: Path, name: str) -> None:
    latch.write(tmp_path, BOTH)
    path = tmp_path / name
    for shape in (b"", b"\xff" * 4000, b"main 00000000\nback 00000000\n", path.read_bytes()[:-1]):
        path.write_bytes(shape)
        assert latch.read(tmp_path) == BOTH
    path.unlink()
    path.mkdir()
    assert latch.read(tmp_path) == BOTH
    with pytest.raises(OSError, match="directory"):
        latch.write(tmp_path, {"main"})
    assert latch.read(tmp_path) >= {"main"}  # the other file took it


@pytest.mark.claim("D1")
def test_flipped_bits_never_latch_another_door(tmp_path: Path, seed: int) -> None:
    latch.write(tmp_path, BOTH)
    good = (tmp_path / latch.NAMES[0]).read_bytes()
    rng = random.Random(seed)
    for _ in range(100):
        for name in latch.NAMES:
            bad = bytearray(good)
            for _ in range(rng.randint(1, 8)):
                bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            (tmp_path / name).write_bytes(bad)
        assert latch.read(tmp_path) <= BOTH


def test_a_crash_between_the_files_keeps_what_is_latched(tmp_path: Path) -> None:
    latch.write(tmp_path, {"main"})
    (tmp_path / latch.NAMES[1]).rename(tmp_path / "kept")
    latch.write(tmp_path, BOTH)
    (tmp_path / "kept").replace(tmp_path / latch.NAMES[1])
    assert latch.read(tmp_path) == BOTH


@pytest.mark.claim("D1")
def test_the_store_saves_the_latch_ahead_of_facts(tmp_path: Path) -> None:
    with running(tmp_path) as (store, _):
        store.order(effects.SaveLatch(BOTH))
        eventually(lambda: latch.read(tmp_path) == BOTH)
        store.order(effects.SaveLatch(frozenset({"main"})))
        store.order(effects.SaveLatch(frozenset()))
        eventually(lambda: latch.read(tmp_path) == frozenset())
    with running(tmp_path) as (store, _):
        store.order(effects.SaveLatch(BOTH))
    assert latch.read(tmp_path) == BOTH
