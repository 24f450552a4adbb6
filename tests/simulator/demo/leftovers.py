"""What a demo may leave behind: processes that name its folder, mounts, files. Nothing."""

from __future__ import annotations

import os
from pathlib import Path


def processes(folder: Path) -> list[str]:
    """Command lines of living processes that name `folder`, but for ourselves."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (entry / "stat").read_text().rsplit(")", 1)[-1].split()[0]
        except OSError:
            continue
        if str(folder) in words and state != "Z":
            found.append(words)
    return found


def mounts(folder: Path) -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line]


def all_of(folder: Path) -> list[str]:
    return [*processes(folder), *mounts(folder), *map(str, folder.iterdir())]
