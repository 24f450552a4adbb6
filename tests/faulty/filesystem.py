"""The file system: passes everything on to a folder below, as the one byte in a control file tells it.

python -m tests.faulty.filesystem BELOW MOUNTPOINT CONTROL KEPT

KEPT, where it is there: what a power cut would leave. A slow disk adds to it what was synced, as it was when the sync was asked for.
"""

from __future__ import annotations

import errno
import functools
import mmap
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mfusepy

from tests.faulty.state import State

SLOW_S = 2.0
"""Each sync of a slow disk."""
POLL_S = 0.01


_CHANGING = frozenset({"mkdir", "rmdir", "unlink", "rename", "chmod", "mknod", "create", "write", "truncate"})
_GROWING = frozenset({"mkdir", "mknod", "create"})


def _told(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, as far as the disk's state lets it."""
    name = operation.__name__

    @functools.wraps(operation)
    def asked(self: Faulty, *args: Any) -> Any:
        while self._state() is State.HANGING:
            time.sleep(POLL_S)
        if self._state() is State.FAILING:
            raise mfusepy.FuseOSError(errno.EIO)
        if name in _CHANGING and self._state() is State.READ_ONLY:
            raise mfusepy.FuseOSError(errno.EROFS)
        if name in _GROWING and self._state() is State.FULL:
            raise mfusepy.FuseOSError(errno.ENOSPC)
        return operation(self, *args)

    return asked


class Faulty(mfusepy.Operations):
    """Paths are those below the mount point, beginning with a slash."""

    use_ns = True

    def __init__(self, below: Path, control: Path, kept: Path) -> None:
        self._below = str(below)
        self._kept = kept
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ)

    def _state(self) -> State:
        return State(self._control[0])

    def _real(self, path: str) -> str:
        return self._below + path

    # --- names

    @_told
    def getattr(self, path: str, fh: int | None = None) -> Mapping[str, int]:
        found = os.lstat(self._real(path))
        times = {"st_atime": found.st_atime_ns, "st_mtime": found.st_mtime_ns, "st_ctime": found.st_ctime_ns}
        names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")
        return {name: getattr(found, name) for name in names} | times

    @_told
    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._real(path))]

    @_told
    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(self._real(path), mode)

    @_told
    def rmdir(self, path: str) -> None:
        os.rmdir(self._real(path))

    @_told
    def unlink(self, path: str) -> None:
        os.unlink(self._real(path))

    @_told
    def rename(self, old: str, new: str, flags: int = 0) -> None:
        os.rename(self._real(old), self._real(new))

    @_told
    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self._real(path), mode)

    @_told
    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        os.utime(self._real(path), ns=times)

    @_told
    def mknod(self, path: str, mode: int, dev: int) -> None:
        os.mknod(self._real(path), mode, dev)

    @_told
    def statfs(self, path: str) -> Mapping[str, int]:
        found = os.statvfs(self._real(path))
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_ffree", "f_files", "f_frsize", "f_namemax")
        told = {name: getattr(found, name) for name in names}
        if self._state() is State.FULL:
            told |= {"f_bavail": 0, "f_bfree": 0}
        return told

    # --- what files hold

    @_told
    def open(self, path: str, flags: int) -> int:
        if self._state() is State.READ_ONLY and flags & (os.O_WRONLY | os.O_RDWR):
            raise mfusepy.FuseOSError(errno.EROFS)
        return os.open(self._real(path), flags & ~os.O_NOFOLLOW)

    @_told
    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    @_told
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    @_told
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if self._state() is State.FULL and offset + len(data) > os.fstat(fh).st_size:
            raise mfusepy.FuseOSError(errno.ENOSPC)  # what a file has already can be written again
        return os.pwrite(fh, data, offset)

    @_told
    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(self._real(path) if fh is None else fh, length)

    @_told
    def flush(self, path: str, fh: int) -> None:
        """Nothing is kept here."""

    @_told
    def release(self, path: str, fh: int) -> None:
        os.close(fh)

    @_told
    def fsync(self, path: str, datasync: int, fh: int) -> None:
        if self._state() is not State.SLOW:
            return
        synced = Path(self._real(path)).read_bytes()
        time.sleep(SLOW_S)
        if self._kept.exists():
            (self._kept / path[1:]).write_bytes(synced)

    @_told
    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:
        if self._state() is State.SLOW:
            time.sleep(SLOW_S)


def main(below: str, mountpoint: str, control: str, kept: str) -> None:
    """Serves until it is unmounted. Nothing is remembered of names and attributes: each question comes here."""
    mfusepy.FUSE(
        Faulty(Path(below), Path(control), Path(kept)),
        mountpoint,
        foreground=True,
        fsname="faulty",
        attr_timeout=0,
        entry_timeout=0,
        negative_timeout=0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
