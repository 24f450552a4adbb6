"""The fire latch file: what was latched is read back from a disk that is full, cut in mid-write or damaged, and damage never latches a door that was not."""

from __future__ import annotations

import os
import random
import socket
import threading
import zlib
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import latch
from tests.agent.store.disks import small_disk
from tests.agent.store.harness import running
from tests.rights import no_right_to
from tests.waiting import eventually

BOTH = frozenset({"main", "back"})
NONE: frozenset[str] = frozenset()


@pytest.mark.claim("D1")
def test_what_was_latched_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert latch.read(folder) == NONE
    assert latch.begin(folder) == latch.LatchState(NONE, sure=True)
    for doors in (BOTH, {"back"}, NONE):
        latch.write(folder, doors)
        assert latch.read(folder) == doors
        assert latch.begin(folder) == latch.LatchState(frozenset(doors), sure=True)
    assert sorted(path.name for path in folder.iterdir()) == sorted(latch.NAMES)
    assert all((folder / name).stat().st_mode & 0o777 == 0o600 for name in latch.NAMES)


def test_a_start_with_nothing_new_writes_nothing(tmp_path: Path) -> None:
    latch.begin(tmp_path)
    before = [(tmp_path / name).stat().st_mtime_ns for name in latch.NAMES]
    latch.begin(tmp_path)
    assert [(tmp_path / name).stat().st_mtime_ns for name in latch.NAMES] == before


@pytest.mark.claim("D1")
@pytest.mark.parametrize("name", latch.NAMES)
def test_damage_to_one_file_changes_nothing(tmp_path: Path, name: str) -> None:
    latch.write(tmp_path, BOTH)
    path = tmp_path / name
    for shape in (b"", b"\xff" * 4000, b"main 00000000\nback 00000000\n", path.read_bytes()[:40], bytes(latch.BLOCK)):
        path.write_bytes(shape)
        assert latch.read(tmp_path) == BOTH
    path.unlink()
    path.mkdir()
    assert latch.read(tmp_path) == BOTH
    latch.write(tmp_path, {"main"})
    assert latch.read(tmp_path) == {"main"}
    assert path.is_file(), "the folder gave way"


@pytest.mark.claim("D1")
def test_damage_to_both_is_not_taken_for_no_latch(tmp_path: Path) -> None:
    latch.write(tmp_path, BOTH)
    for name in latch.NAMES:
        (tmp_path / name).write_bytes(b"\xff" * latch.BLOCK)
    assert latch.read(tmp_path) is None
    assert latch.begin(tmp_path) == latch.LatchState(NONE, sure=False)
    assert latch.read(tmp_path) is None, "what cannot be known is not overwritten by a guess"


@pytest.mark.claim("D1")
def test_flipped_bits_never_latch_another_door(tmp_path: Path, seed: int) -> None:
    latch.write(tmp_path, BOTH)
    good = (tmp_path / latch.NAMES[0]).read_bytes()
    rng = random.Random(seed)
    used = good.index(b"main") + 40
    for _ in range(300):
        for name in latch.NAMES:
            bad = bytearray(good)
            for _ in range(rng.randint(1, 8)):
                bad[rng.randrange(used)] ^= 1 << rng.randrange(8)
            (tmp_path / name).write_bytes(bad)
        assert latch.read(tmp_path) in (None, BOTH)


@pytest.mark.claim("D1")
@pytest.mark.parametrize("cut", [0, 1, 17, 20, 30, 60, latch.BLOCK - 1, latch.BLOCK])
@pytest.mark.parametrize("name", latch.NAMES)
def test_a_cut_in_mid_write_leaves_the_old_or_the_new(tmp_path: Path, name: str, cut: int) -> None:
    """The first file is synced before the second is touched: at the cut one of them is whole."""
    latch.write(tmp_path, {"main"})
    old = (tmp_path / name).read_bytes()
    latch.write(tmp_path, BOTH)
    new = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(new[:cut] + old[cut:])
    if name == latch.NAMES[0]:  # the second was not begun
        (tmp_path / latch.NAMES[1]).write_bytes(old)
    assert latch.read(tmp_path) in ({"main"}, BOTH)
    assert latch.read(tmp_path) == ({"main"} if name == latch.NAMES[0] and new[:cut] + old[cut:] != new else BOTH)


@pytest.mark.claim("D1")
@pytest.mark.claim("F10")
def test_a_full_disk_whose_ballast_somebody_else_took_has_room_for_the_latch(tmp_path: Path) -> None:
    with small_disk(tmp_path, "2m") as disk:
        latch.begin(disk.folder)
        if disk.limited:
            no_right_to("mount a small disk")
        with running(disk.folder, ballast_bytes=4096) as (store, posted):
            (disk.folder / "ballast").unlink(missing_ok=True)
            disk.fill()
            store.order(effects.SaveLatch(BOTH))
            eventually(lambda: latch.read(disk.folder) == BOTH)
            assert not posted.of(events.LatchSaved)
            disk.free()


@pytest.mark.claim("D1")
@pytest.mark.claim("F11")
def test_a_read_only_disk_is_told_and_what_it_says_is_not_all(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        latch.write(disk.folder, {"main"})
        if disk.limited:
            no_right_to("mount a small disk")
        disk.read_only()
        assert latch.begin(disk.folder) == latch.LatchState(frozenset({"main"}), sure=False)
        with running(disk.folder, opened=False) as (store, posted):
            store.order(effects.SaveLatch(BOTH))
            assert not posted.one(events.LatchSaved).saved
            disk.writable()
            eventually(lambda: posted.of(events.LatchSaved)[-1].saved)
            assert latch.read(disk.folder) == BOTH


@pytest.mark.parametrize("odd", ["fifo", "socket", "link"])
def test_what_is_no_file_neither_hangs_nor_misleads(tmp_path: Path, odd: str) -> None:
    for name in latch.NAMES:
        if odd == "fifo":
            os.mkfifo(tmp_path / name)
        elif odd == "link":
            (tmp_path / name).symlink_to("/dev/zero")
        else:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(tmp_path / name))
    assert latch.begin(tmp_path) == latch.LatchState(NONE, sure=False)
    latch.write(tmp_path, {"main"})
    assert latch.begin(tmp_path) == latch.LatchState(frozenset({"main"}), sure=True)


@pytest.mark.claim("D1")
def test_a_latch_of_an_older_version_holds(tmp_path: Path) -> None:
    line = f"main {zlib.crc32(b'main'):08x}\n".encode()
    for name in latch.NAMES:
        (tmp_path / name).write_bytes(line)
    assert latch.begin(tmp_path) == latch.LatchState(frozenset({"main"}), sure=True)
    assert (tmp_path / latch.NAMES[0]).stat().st_size == latch.BLOCK
    latch.write(tmp_path, ())
    assert latch.read(tmp_path) == NONE


@pytest.mark.claim("D1")
def test_the_store_saves_the_latch_ahead_of_facts(tmp_path: Path) -> None:
    with running(tmp_path) as (store, _):
        store.order(effects.SaveLatch(BOTH))
        eventually(lambda: latch.read(tmp_path) == BOTH)
        store.order(effects.SaveLatch(frozenset({"main"})))
        store.order(effects.SaveLatch(NONE))
        eventually(lambda: latch.read(tmp_path) == NONE)
    with running(tmp_path) as (store, _):
        store.order(effects.SaveLatch(BOTH))
    assert latch.read(tmp_path) == BOTH


@pytest.mark.claim("D1")
def test_a_start_that_hung_while_it_made_the_files_ready_does_not_undo_what_was_saved_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, answers = threading.Event(), threading.Event()
    sound = latch._put

    def hangs(path: Path, block: bytes) -> None:
        if not reached.is_set():
            reached.set()
            answers.wait(10)
        sound(path, block)

    monkeypatch.setattr(latch, "_put", hangs)
    starting = threading.Thread(target=latch.begin, args=(tmp_path,))
    starting.start()
    assert reached.wait(5)
    saving = threading.Thread(target=latch.write, args=(tmp_path, {"main"}))
    saving.start()
    saving.join(0.3)
    answers.set()
    starting.join(5)
    saving.join(5)
    assert latch.read(tmp_path) == {"main"}
