"""The fire latch: which doors fire has released and nobody has reset yet (rule D1). Two tiny files, apart from every database.

They exist only while a door is latched. Each line is a door with a checksum; a door counts as latched when either file holds an
intact line for it. So damage to one file changes nothing, and damage to both never releases a door that fire did not release:
the live fire input, read right after (rule D4), and the wiring itself cover what is then lost. A crash between writing the two
leaves the union of old and new: towards released, until it is written again.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from agent.store.folder import sync_folder

NAMES = ("fire-latch", "fire-latch-copy")
_MOST = 64 * 1024


def read(folder: Path) -> frozenset[str]:
    """The doors surely latched. Never raises: what cannot be read latches nothing."""
    return frozenset(door for name in NAMES for door in _doors(folder / name))


def write(folder: Path, doors: Iterable[str]) -> None:
    """Make `doors` the latched ones, durable when this returns. Raises OSError, after trying both files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "".join(f"{_line(door)}\n" for door in sorted(doors)).encode()
    failed: OSError | None = None
    for name in NAMES:
        try:
            if text:
                _replace(folder / name, text)
            else:
                (folder / name).unlink(missing_ok=True)
            sync_folder(folder)
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed


def _line(door: str) -> str:
    return f"{door} {zlib.crc32(door.encode()):08x}"


def _doors(path: Path) -> Iterable[str]:
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST).decode(errors="replace").split("\n")
    except OSError:
        return
    for line in lines[:-1]:  # after the last line end there is nothing, or half a line
        door, _, _ = line.partition(" ")
        if door and line == _line(door):
            yield door


def _replace(path: Path, text: bytes) -> None:
    fresh = path.with_name(f"{path.name}-new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    fresh.rename(path)
