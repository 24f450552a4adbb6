"""Small files of ours, read and written without trusting what lies under their names: a FIFO, a socket, a link or a folder there neither hangs nor misleads."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

QUARANTINE = "quarantine"
"""Where what was in our way is kept for support, beside it (folder.py bounds it)."""

_SAFE = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""O_NONBLOCK: opening a FIFO that nobody reads or writes would wait for ever. It changes nothing for plain files."""


def read(path: Path, most: int) -> bytes:
    """Up to `most` bytes. Raises OSError (FileNotFoundError where there is none) for what is no plain file too."""
    fd = _open(path, os.O_RDONLY)
    try:
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(fd)


def replace(path: Path, data: bytes, *, durable: bool = True, mode: int = 0o600) -> None:
    """Put `data` in place of `path`, whole or not at all, and `durable` when this returns. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    clear(fresh)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, mode)
    try:
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(data)
        os.fchmod(fd, mode)  # whatever the umask is
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    try:
        fresh.replace(path)
    except IsADirectoryError:
        clear(path)
        fresh.replace(path)


def clear(path: Path) -> None:
    """Nothing is under this name any more; a folder that holds something is moved into the quarantine. Raises OSError."""
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise
        try:
            path.rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            path.rename(quarantined(path) / path.name)


def quarantined(path: Path) -> Path:
    """A new folder of the quarantine for what is at `path`. Raises OSError."""
    quarantine = path.parent / QUARANTINE
    if not quarantine.is_dir() or quarantine.is_symlink():
        quarantine.unlink(missing_ok=True)
        quarantine.mkdir(mode=0o700)
    case = quarantine / f"{time.time_ns():020d}-{path.name}"
    case.mkdir(mode=0o700)
    return case


def open_for_writing(path: Path, *, truncate: bool = False) -> int:
    """A file descriptor of a plain file, made (0600) where there is none; what is not plain gives way. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if truncate else 0)
    try:
        return _open(path, flags)
    except OSError as error:
        # ENXIO: a socket, or a FIFO that nobody reads; ELOOP: a link; EISDIR: a folder; EINVAL: said by `_open`
        if error.errno not in {errno.ENXIO, errno.ELOOP, errno.EISDIR, errno.EINVAL}:
            raise
        clear(path)
        return _open(path, flags)


def _open(path: Path, flags: int) -> int:
    fd = os.open(path, flags | _SAFE, 0o600)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return fd
