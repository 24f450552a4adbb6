"""How the files are opened: durable, exclusive, and nothing of theirs mapped into the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.core import events
from agent.store import database
from agent.store.faults import DamagedError, StorageMode, mode_of
from agent.store.schema import CACHE_KIND, journal_kind, seal, unseal
from tests.agent.store.harness import record, running

ROOT = Path(__file__).resolve().parents[3]
OPENED = """
import sys
from pathlib import Path
from agent.core import events
from tests.agent.store.harness import running
with running(Path(sys.argv[1])) as (store, posted):
    posted.one(events.StoreOpened)
    store.stop(5.0)
print("sqlite_utils" in sys.modules)
"""
NO_LIBRARY = """
import sys
from pathlib import Path
from agent.core import events
from tests.agent.store.harness import running
sys.modules["sqlite_utils"] = None
with running(Path(sys.argv[1]), opened=False) as (store, posted):
    print(posted.one(events.StoreFailed).mode)
"""


def child(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.claim("D10")
@pytest.mark.parametrize("kind", [journal_kind(64), CACHE_KIND], ids=lambda kind: kind.name)
def test_every_connection_is_durable(tmp_path: Path, kind: database.DatabaseKind) -> None:
    path = tmp_path / "file.db"
    database.create(path, kind, lambda db: None)
    db = database.connect(path, kind)
    one = {
        name: db.conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "locking_mode")
    }
    assert one == {"journal_mode": "wal", "synchronous": 2, "locking_mode": "exclusive"}
    assert db.conn.execute("PRAGMA secure_delete").fetchone()[0] == 1
    assert db.conn.execute("PRAGMA page_size").fetchone()[0] == kind.page
    assert db.conn.execute("PRAGMA max_page_count").fetchone()[0] == kind.cap // kind.page
    db.conn.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_mapped_while_running(tmp_path: Path) -> None:
    """A mapping of a disk that fails under it ends the process."""
    with running(tmp_path / "state") as (store, posted):
        store.order(record(1))
        posted.recorded(1)
        assert "state/" not in Path("/proc/self/maps").read_text().replace(str(Path(__file__).parent), "")
        assert not list((tmp_path / "state").glob("*-shm"))


def test_what_makes_the_tables_is_loaded_where_they_are_made_and_no_more(tmp_path: Path) -> None:
    """It weighs 5 MB for as long as the process lives."""
    assert child(OPENED, tmp_path) == "True"
    assert child(OPENED, tmp_path) == "False"


def test_a_disk_that_does_not_give_it_has_failed(tmp_path: Path) -> None:
    """As any other thing the disk does not do: no fault of ours, so no restart, and the door goes on."""
    assert child(NO_LIBRARY, tmp_path) == "failed"


@pytest.mark.claim("F6")
def test_an_interrupted_creation_leaves_nothing_half(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    kind = journal_kind(1)

    def fail(db: database.Database) -> None:
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        database.create(path, kind, fail)
    assert not path.exists()
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).recovered == ()


def test_checksums_know_type_and_value() -> None:
    unseal(seal(1, "a", b"b", None), 1, "a", b"b", None)
    for wrong in ((2, "a", b"b", None), (1, b"a", b"b", None), (1.0, "a", b"b", None), (1, "a", b"b", 0)):
        with pytest.raises(DamagedError):
            unseal(seal(1, "a", b"b", None), *wrong)


def test_faults_are_sorted_and_our_own_are_raised(tmp_path: Path) -> None:
    import sqlite3

    conn = sqlite3.connect(":memory:")
    conn.close()
    with pytest.raises(sqlite3.ProgrammingError) as ours:
        conn.execute("SELECT 1")
    with pytest.raises(sqlite3.ProgrammingError):
        mode_of(ours.value, tmp_path)
    assert mode_of(OSError(28, "x"), tmp_path) is StorageMode.FULL
    assert mode_of(OSError(30, "x"), tmp_path) is StorageMode.READ_ONLY
    assert mode_of(OSError(5, "x"), tmp_path) is StorageMode.FAILED
    assert mode_of(DamagedError("x"), tmp_path) is StorageMode.DAMAGED
    assert mode_of(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), tmp_path) is StorageMode.DAMAGED
    assert list(tmp_path.iterdir()) == []  # the probe is gone
