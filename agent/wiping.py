"""An enrolment file wiped once the box has what it holds: overwritten, then removed. Cut off anywhere it is begun again and ends the same.

Overwriting keeps it from an office computer. A flash card may hold the old blocks all the same, for whoever takes it apart.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.store.folder import sync_folder

_BLOCK = 64 * 1024


def aside_of(file: Path) -> Path:
    """Its name from the moment on that it is being wiped: what is half overwritten is never read as an enrolment file."""
    return file.with_name(f"{file.name}.wiped")


def wipe(file: Path) -> None:
    """Also finishes what was cut off before. Raises OSError."""
    file = file.resolve()
    aside = aside_of(file)
    if aside.exists():
        _destroy(aside)
    if file.exists():
        file.replace(aside)
        sync_folder(file.parent)
        _destroy(aside)


def _destroy(file: Path) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        left = os.fstat(fd).st_size
        while left > 0:
            left -= os.write(fd, bytes(min(left, _BLOCK)))
        os.fsync(fd)
    finally:
        os.close(fd)
    file.unlink()
    sync_folder(file.parent)
