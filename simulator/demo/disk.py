"""A small disk for the unit's state that can be filled up: a tmpfs of its own where we may mount one, else a limit on the process.

Without the right to mount, RLIMIT_FSIZE of 0 makes each write of the running agent fail (EFBIG): refused writes, not a full disk.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import subprocess
from pathlib import Path
from typing import Self

SIZE_MB = 48
_CHUNK = 64 * 1024
_CLONE_NEWNS = 0x00020000


def keep_mounts_to_ourselves() -> bool:
    """From here on this thread and what it starts has mounts of its own: they end with the last of these processes, `kill -9` or not.

    True where that was granted; without the right to it nothing can be mounted either.
    """
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        return False
    with contextlib.suppress(OSError):
        return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0
    return False


class SmallDisk:
    """`folder` is the disk. `real`: it is a file system of its own, which is really full when it is filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.real = False
        self._filler = folder / "filler"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            options = f"size={SIZE_MB}m,mode=700"
            command = ["mount", "-t", "tmpfs", "-o", options, "doorward-demo", str(self.folder)]
            with contextlib.suppress(OSError):
                self.real = subprocess.run(command, capture_output=True, check=False).returncode == 0
        return self

    def __exit__(self, *_: object) -> None:
        if self.real:
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)

    @property
    def words(self) -> str:
        """How the disk is made full here, for whoever reads the story."""
        return (
            "a tmpfs filled to its last byte" if self.real else "no right to mount: every write refused (RLIMIT_FSIZE)"
        )

    def fill(self, pid: int) -> None:
        """No byte more for the process `pid`. May be called again when it has made room."""
        if not self.real:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with self._filler.open("ab", buffering=0) as file:
            size = _CHUNK
            while size:
                try:
                    file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    @property
    def full(self) -> bool:
        return not self.real or os.statvfs(self.folder).f_bavail == 0

    def free(self, pid: int) -> None:
        if self.real:
            self._filler.unlink(missing_ok=True)
        else:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
