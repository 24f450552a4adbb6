"""Small disks that can be filled, made read-only and made to fail their syncs. Where mounting is not permitted, a limit on file sizes
stands in: SQLite's writes then fail as well, with another code.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class Disk:
    """A mounted folder (`folder`), or a plain one with a limit (`limited`)."""

    def __init__(self, folder: Path, *, limited: bool) -> None:
        self.folder = folder
        self.limited = limited
        self._filler = folder.parent / "filler" if limited else folder / "filler"

    def modes(self, *expected: str) -> set[str]:
        return {*expected, "failed"} if self.limited else set(expected)

    def fill(self) -> None:
        """Until nothing more fits."""
        if self.limited:
            _limit_files(1)
            return
        with self._filler.open("ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(b"\xff" * size)
                except OSError:
                    size //= 2

    def free(self) -> None:
        if self.limited:
            _limit_files(None)
        self._filler.unlink(missing_ok=True)

    def read_only(self) -> None:
        """While nothing is open for writing."""
        if self.limited:
            _limit_files(1)
        else:
            _run("mount", "-o", "remount,ro", str(self.folder))

    def writable(self) -> None:
        if self.limited:
            _limit_files(None)
        else:
            _run("mount", "-o", "remount,rw", str(self.folder))


class Fixed:
    """A plain folder whose files can be made immutable under a running store, as a card that protects itself does; else limited.

    A folder in memory takes the mark and writes on to what is open.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.limited = False

    def read_only(self) -> None:
        if not _immutable_holds(self.folder):
            self.limited = True
            _limit_files(1)
            return
        for path in (*self.folder.glob("*.db*"), self.folder):
            assert _set_immutable(path, on=True)

    def writable(self) -> None:
        if self.limited:
            _limit_files(None)
        for path in (self.folder, *self.folder.glob("*.db*")):
            _set_immutable(path, on=False)


def _set_immutable(path: Path, *, on: bool) -> bool:
    get, put, flag = 0x80086601, 0x40086602, 0x10  # FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL of linux/fs.h
    fd = os.open(path, os.O_RDONLY)
    try:
        flags = struct.unpack("l", fcntl.ioctl(fd, get, struct.pack("l", 0)))[0]
        fcntl.ioctl(fd, put, struct.pack("l", flags | flag if on else flags & ~flag))
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _immutable_holds(folder: Path) -> bool:
    """Whether a file that is open cannot be written any more once it is immutable."""
    probe = folder.with_name(f"{folder.name}-probe")
    with probe.open("wb", buffering=0) as file:
        if not _set_immutable(probe, on=True):
            return False
        try:
            file.write(b"x")
        except OSError:
            return True
        else:
            return False
        finally:
            _set_immutable(probe, on=False)


@contextmanager
def small_disk(parent: Path, size: str = "16m") -> Iterator[Disk]:
    """A tmpfs of `size`."""
    folder = parent / "disk"
    folder.mkdir()
    mounted = _tried("mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder))
    disk = Disk(folder, limited=not mounted)
    try:
        yield disk
    finally:
        if mounted:
            _run("umount", "-l", str(folder))
        else:
            disk.free()


@contextmanager
def failing_disk(parent: Path) -> Iterator[Disk]:
    """An ext4 without journal in a sparse file on a tmpfs: filling the tmpfs makes fsync fail with EIO, freeing it mends that."""
    with ExitStack() as stack:
        below = stack.enter_context(small_disk(parent, "6m"))
        folder = parent / "ext4"
        folder.mkdir()
        image = below.folder / "image"
        mkfs = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
        mounted = False
        if not below.limited and mkfs is not None:
            with image.open("wb") as file:
                file.truncate(64 << 20)
            options = ["-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1", "-m", "0"]
            mounted = _tried(mkfs, *options, str(image)) and _tried(
                "mount", "-o", "loop,errors=continue", str(image), str(folder)
            )
        if not mounted:
            yield Disk(folder, limited=True)
            _limit_files(None)
            return
        stack.callback(_run, "umount", "-l", str(folder))
        disk = Disk(folder, limited=False)
        disk._filler = below.folder / "filler"
        yield disk


def _limit_files(size: int | None) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _tried(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
