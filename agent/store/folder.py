"""The state folder itself: one agent at a time, entries made durable, damaged files set aside, room kept for a full disk."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from pathlib import Path

from agent.store import plainfile
from agent.store.faults import FolderInUseError

KEEP_CASES = 2
KEEP_BYTES = 64 * 1024 * 1024
"""Damaged files kept for support: the newest two cases, and no more than this together."""

_LOCK = "lock"
_BALLAST = "ballast"


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable: a file made or renamed is there after a power cut only when its folder was synced."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class FolderLock:
    """Held from construction to `release`, and let go by the kernel when the process dies."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderInUseError. Where the lock file cannot be made (full, read-only) nobody else can write there either: no lock."""
        self._fd: int | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = _open_lock(folder / _LOCK)
        except OSError:
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise FolderInUseError(f"{folder}: another agent uses this state folder") from None
        except OSError:
            self.release()

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _open_lock(path: Path) -> int:
    try:
        return plainfile.open_for_writing(path)
    except OSError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def set_aside(path: Path) -> Path:
    """Move the database `path` with its -wal and -shm into a new folder of the quarantine; returns that folder. Raises OSError.

    A link is moved as a link, a folder as a folder: what they hold is not touched.
    """
    case = plainfile.quarantined(path)
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        part = path.parent / name
        if os.path.lexists(part):
            part.rename(case / name)
    sync_folder(path.parent)
    return case


def trim_quarantine(folder: Path) -> None:
    """Drop the oldest cases beyond the bounds. Raises OSError."""
    quarantine = folder / plainfile.QUARANTINE
    if not quarantine.is_dir():
        return
    kept, held = 0, 0
    for case in sorted(quarantine.iterdir(), reverse=True):
        size = sum(part.lstat().st_size for part in case.rglob("*"))
        if kept < KEEP_CASES and held + size <= KEEP_BYTES:
            kept, held = kept + 1, held + size
        elif case.is_dir() and not case.is_symlink():
            shutil.rmtree(case)
        else:
            case.unlink()


class Ballast:
    """A file of `size` bytes that only keeps room: given back when the disk is full, so that facts and deletions still find some.

    For more than one thread, without a lock: none waits for another's call to the disk.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._path = folder / _BALLAST
        self._size = size

    def held(self) -> bool:
        try:
            state = self._path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(state.st_mode) and state.st_size >= self._size

    def give_back(self) -> bool:
        """True where there was room to give."""
        held = self.held()
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False
        return held

    def make(self) -> bool:
        """Make it again where there is ample room (four times its size). True when it is there."""
        if self.held():
            return True
        try:
            state = os.statvfs(self._folder)
            if state.f_bavail * state.f_frsize < 4 * self._size:
                return False
            fd = plainfile.open_for_writing(self._path, truncate=True)
            try:
                os.posix_fallocate(fd, 0, self._size)
            finally:
                os.close(fd)
        except OSError:
            self.give_back()
            return False
        return self.held()  # not where another thread has given it back meanwhile
