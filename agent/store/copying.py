"""A private copy of a database that is in use or that cannot be opened in place. Reads plain bytes: takes no lock and disturbs nobody.

The store keeps its databases to itself (database.py says why), so the command line reads a copy; on a read-only disk so does the store.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PLACES = ("/dev/shm", "/run", None)  # noqa: S108  # memory first, so that reading wears no flash; a private folder is made there
_TRIES = 50
_SETTLED_NS = 20_000_000
"""A time stamp this old cannot hide a later write in the same tick of the clock."""


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """A copy of the database `path` with its WAL, consistent, gone again afterwards. Raises OSError (FileNotFoundError where there is none).

    What was committed before is in it. The file itself changes only when the WAL is folded in: when it or the WAL's header changed
    meanwhile, the copy is made again.
    """
    if not path.is_file() or path.is_symlink():
        raise FileNotFoundError(f"{path}: there is no such file")
    with _private_folder() as folder:
        copy = folder / path.name
        for _ in range(_TRIES):
            before = mark(path)
            # a clock that was set back makes the stamp lie ahead: then too a write shows
            if abs(time.time_ns() - before[1]) > _SETTLED_NS:
                _copy(path, copy)
                if mark(path)[:4] == before[:4]:
                    yield copy
                    return
            time.sleep(_SETTLED_NS / 1e9)
        raise OSError(f"{path}: changes all the time")


def mark(path: Path) -> tuple[int, int, int, bytes, int]:
    """Changes when the database does: its inode, time and size, the WAL's header, and (for commits) the WAL's time."""
    state = path.stat()
    header, wal_ns, wal_path = b"", 0, Path(f"{path}-wal")
    if wal_path.is_file():  # a FIFO under this name would be waited for
        with suppress(FileNotFoundError), wal_path.open("rb") as wal:
            header, wal_ns = wal.read(32), os.fstat(wal.fileno()).st_mtime_ns
    return state.st_ino, state.st_mtime_ns, state.st_size, header, wal_ns


def _copy(path: Path, copy: Path) -> None:
    shutil.copyfile(path, copy)
    Path(f"{copy}-wal").unlink(missing_ok=True)
    if Path(f"{path}-wal").is_file():
        with suppress(FileNotFoundError):
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")


@contextmanager
def _private_folder() -> Iterator[Path]:
    for place in PLACES:
        try:
            folder = tempfile.mkdtemp(prefix="doorward-", dir=place)
        except OSError:
            continue
        try:
            yield Path(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    raise OSError("no place for a copy")
