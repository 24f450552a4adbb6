"""What went wrong with storage, sorted into what to do about it. The one place that reads SQLite's and the system's error codes."""

from __future__ import annotations

import errno
import os
import sqlite3
from enum import StrEnum
from pathlib import Path

from agent.errors import EXIT_UNREACHABLE, DoorwardError
from agent.store import plainfile


class StorageMode(StrEnum):
    """Why storage does not work. The first three are `StoreFailed.mode`; a damaged file is set aside and rebuilt instead."""

    FULL = "full"
    READ_ONLY = "read_only"
    FAILED = "failed"
    DAMAGED = "damaged"


class DamagedError(Exception):
    """A file of ours holds what we never wrote: to be set aside and rebuilt."""


class FolderInUseError(DoorwardError):
    """Another agent holds the state folder."""

    code = EXIT_UNREACHABLE


STORAGE_ERRORS = (sqlite3.Error, OSError, DamagedError, UnicodeDecodeError)
"""What storage may raise (the last: SQLite's complaint quotes a damaged name, which is not UTF-8). `sqlite3.ProgrammingError` and `InterfaceError` are our own faults: `mode_of` raises them again."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_SQLITE_MODES = {
    sqlite3.SQLITE_FULL: StorageMode.FULL,
    sqlite3.SQLITE_CORRUPT: StorageMode.DAMAGED,
    sqlite3.SQLITE_NOTADB: StorageMode.DAMAGED,
    sqlite3.SQLITE_FORMAT: StorageMode.DAMAGED,
    sqlite3.SQLITE_ERROR: StorageMode.DAMAGED,  # our statements are fixed: a missing table or column is not our schema
    sqlite3.SQLITE_CONSTRAINT: StorageMode.DAMAGED,  # numbers are taken from the file's own end
    sqlite3.SQLITE_MISMATCH: StorageMode.DAMAGED,
    sqlite3.SQLITE_TOOBIG: StorageMode.DAMAGED,
}


def mode_of(error: Exception, folder: Path) -> StorageMode:
    """What `error`, raised while working in `folder`, means. Raises it again where it is our own fault."""
    if isinstance(error, (DamagedError, UnicodeDecodeError)):
        return StorageMode.DAMAGED
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError)):
        raise error
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return StorageMode.FULL
        return StorageMode.READ_ONLY if error.errno in _READ_ONLY or read_only(folder) else StorageMode.FAILED
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the Python module itself: a text that is not UTF-8
        return StorageMode.DAMAGED
    if code in (sqlite3.SQLITE_CANTOPEN_ISDIR, sqlite3.SQLITE_IOERR_SHORT_READ):
        return StorageMode.DAMAGED
    mode = _SQLITE_MODES.get(code & 0xFF)
    if mode is not None:
        return mode
    if read_only(folder):
        return StorageMode.READ_ONLY
    if code & 0xFF == sqlite3.SQLITE_IOERR and _room(folder) == 0:
        return StorageMode.FULL  # the wal index cannot grow: reported as an I/O error
    if code == sqlite3.SQLITE_READONLY:
        return StorageMode.DAMAGED  # the folder can be written, so it is the header's version that forbids it
    return StorageMode.FAILED


def read_only(folder: Path) -> bool:
    """Does `folder` take no new files? Asked by trying: a file system that stopped itself after an error does not always say so."""
    probe = folder / "probe"
    try:
        os.close(plainfile.open_for_writing(probe))
        probe.unlink()
    except OSError as error:
        return error.errno in _READ_ONLY
    return False


def _room(folder: Path) -> int:
    try:
        return os.statvfs(folder).f_bavail
    except OSError:
        return -1
