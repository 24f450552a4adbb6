"""Things that are no files of ours under the names of our files: nothing hangs, and what the unit has to keep is kept."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.crashes import Crashes, write_crash_file
from agent.devicekeys import remember, secure_readers
from agent.statusfile import save
from agent.store import latch
from agent.store.folder import FolderLock
from tests.agent.statuses import STATUS
from tests.agent.store.harness import record, running
from tests.rights import no_right_to
from tests.waiting import eventually

KINDS = ("fifo", "socket", "folder", "full folder", "link to a device", "dangling link", "device")
DATABASES = [f"{name}{end}" for name in ("journal.db", "cache.db") for end in ("-wal", "-journal", "-new", "-next")]
OTHERS = ["fire-latch", "fire-latch-copy", "lock", "ballast", "probe", "quarantine"]
OURS = ["crashes.json", "crashes.json.new", "fault.txt", "secure-readers", "secure-readers.new", "status.json"]


def put(path: Path, kind: str) -> None:
    """Something odd in place of what is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"/proc/self/fd/{(fd := os.open(path.parent, os.O_RDONLY))}/{path.name}")
            os.close(fd)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "dangling link":
        path.symlink_to("/nowhere/at/all")
    elif kind == "device":
        try:
            os.mknod(path, 0o020600, os.makedev(1, 3))
        except PermissionError:
            no_right_to("make a device node")
    else:
        path.mkdir()
        if kind == "full folder":
            (path / "something").write_text("x")


@pytest.mark.claim("F14")
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*OTHERS, *DATABASES, "journal.db", "cache.db"])
def test_the_store_opens_and_keeps_what_comes(tmp_path: Path, name: str, kind: str) -> None:
    with running(tmp_path) as (store, posted):
        store.order(record(1))
        posted.recorded(1)
        store.order(effects.SaveLatch(frozenset({"main"})))
        eventually(lambda: latch.read(tmp_path) == {"main"})
    put(tmp_path / name, kind)
    assert latch.begin(tmp_path).doors == {"main"}
    with running(tmp_path) as (store, posted):
        assert not posted.of(events.StoreFailed)
        store.order(record(2))
        first = posted.recorded(2).first
        assert first == (1 if name == "journal.db" else 2), "only the journal's own file takes facts with it"
        store.order(effects.SaveLatch(frozenset({"main", "back"})))
        eventually(lambda: latch.read(tmp_path) == {"main", "back"})
        assert not posted.of(events.LatchSaved)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).next_seq == first + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*OURS, "lock"])
def test_what_lies_beside_the_store_is_read_and_written(tmp_path: Path, name: str, kind: str) -> None:
    put(tmp_path / name, kind)
    done = threading.Event()

    def use() -> None:
        with_lock = FolderLock(tmp_path)
        crashes = Crashes(tmp_path, lambda: 500.0)
        crashes.load()
        crashes.watch_signals()
        crashes.add(["a name"])
        remember(tmp_path, "reader")
        save(tmp_path / "status.json", STATUS)
        with_lock.release()
        done.set()

    threading.Thread(target=use, daemon=True).start()
    assert done.wait(3.0), "it hangs"
    again = Crashes(tmp_path, lambda: 500.0)
    again.load()
    assert "a name" in again.aside
    assert secure_readers(tmp_path) == {"reader"}
    assert b"storage" in (tmp_path / "status.json").read_bytes()
    assert write_crash_file(tmp_path, "steps", 500.0) is not None
