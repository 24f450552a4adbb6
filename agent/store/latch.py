"""The fire latch: which doors fire has released and nobody has reset yet (rule D1). Two tiny files, apart from every database.

Each is one block that is made when the unit first starts and from then on written in place: a full disk has no say in it. A block
carries a number that grows and a checksum. One file is synced before the other is touched, the older or damaged one first, so a cut in
mid-write leaves the other whole, and damage to one changes nothing. Where neither can be believed, `read` says so: the fire input and what the lock reads then
decide (agent/core/latched.py), and the wiring itself covers the rest.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path

from agent.store import plainfile
from agent.store.faults import read_only
from agent.store.folder import sync_folder
from contract.frozen import frozen

NAMES = ("fire-latch", "fire-latch-copy")
BLOCK = 4096
"""Bytes of a file: one block of the usual file systems, so that writing it again needs no new one."""

_WRITING = threading.Lock()
"""The store may write while a start that hung in the disk still makes the files ready: what it read before must not come out on top."""

_MAGIC = b"doorward-latch-2\n"
_SUM = 16
_HEAD = len(_MAGIC) + 8 + 2


@frozen
class _Slot:
    """`number` is 0 for a file of the form before this one."""

    number: int
    doors: frozenset[str]


def read(folder: Path, names: tuple[str, str] = NAMES) -> frozenset[str] | None:
    """The doors that are latched; None where that cannot be known. Never raises. May hang where the disk does."""
    found, unread = _slots(folder, names)
    slots = found.values()
    if slots:
        newest = max(slot.number for slot in slots)
        return frozenset().union(*(slot.doors for slot in slots if slot.number == newest))
    return None if unread else frozenset()


@frozen
class LatchState:
    """The doors that are latched for certain. Not `sure`: others may be, for the files cannot be read, or could not have been written."""

    doors: frozenset[str]
    sure: bool


def begin(folder: Path) -> LatchState:
    """At a start: what is latched, and both files made ready for a disk that is full later. Never raises. May hang where the disk does."""
    doors = read(folder)
    try:
        prepare(folder)
        sure = doors is not None and not read_only(folder)
    except OSError:
        sure = False
    return LatchState(doors or frozenset(), sure)


def write(folder: Path, doors: Iterable[str]) -> None:
    """Make `doors` the latched ones, durable when this returns. Raises OSError, after trying both files."""
    with _WRITING:
        write_both(folder, doors)


def write_both(folder: Path, doors: Iterable[str], names: tuple[str, str] = NAMES) -> None:
    """As `write`, one after the other into the files of these names."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    slots, _ = _slots(folder, names)
    block = _block(1 + max((slot.number for slot in slots.values()), default=0), sorted(doors))
    failed: OSError | None = None
    for name in sorted(names, key=lambda name: slots[name].number if name in slots else -1):  # the one to rely on last
        try:
            _put(folder / name, block)
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed


def prepare(folder: Path) -> None:
    """Have both files whole, so that a disk which is full later has room for them. Raises OSError. What cannot be known stays as it is."""
    with _WRITING:
        slots, unread = _slots(folder)
        doors = read(folder)
        if doors is not None and (
            unread or len(slots) < len(NAMES) or any(slot.number == 0 for slot in slots.values())
        ):
            write_both(folder, doors)


def _slots(folder: Path, names: tuple[str, str] = NAMES) -> tuple[dict[str, _Slot], int]:
    """What can be believed, by file, and how many files there are that cannot."""
    slots: dict[str, _Slot] = {}
    unread = 0
    for name in names:
        try:
            slot = _parsed(plainfile.read(folder / name, BLOCK))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            slot = None
        if slot is None:
            unread += 1
        else:
            slots[name] = slot
    return slots, unread


def _block(number: int, doors: list[str]) -> bytes:
    body = "\n".join(doors).encode()
    block = _MAGIC + number.to_bytes(8, "big") + len(body).to_bytes(2, "big") + body
    block += _sum(block)
    if len(block) > BLOCK:
        raise OSError(f"{len(doors)} doors are more than the fire latch can hold")
    return block.ljust(BLOCK, b"\0")


def _parsed(data: bytes) -> _Slot | None:
    if not data.startswith(_MAGIC):
        return _parsed_lines(data)
    end = _HEAD + int.from_bytes(data[_HEAD - 2 : _HEAD], "big")
    if _sum(data[:end]) != data[end : end + _SUM]:
        return None
    names = data[_HEAD:end].decode().split("\n")
    return _Slot(int.from_bytes(data[len(_MAGIC) : _HEAD - 2], "big"), frozenset(name for name in names if name))


def _parsed_lines(data: bytes) -> _Slot | None:
    """The form of versions up to 0.1: a door and its checksum a line, in files that were there only while a door was latched."""
    found = set()
    for line in data.decode(errors="replace").split("\n")[
        :-1
    ]:  # after the last line end there is nothing, or half a line
        door, _, _ = line.partition(" ")
        if door and line == f"{door} {zlib.crc32(door.encode()):08x}":
            found.add(door)
    return _Slot(0, frozenset(found)) if found else None


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_SUM).digest()


def _put(path: Path, block: bytes) -> None:
    fd = plainfile.open_for_writing(path)
    try:
        grows = os.fstat(fd).st_size != len(block)
        done = os.pwrite(fd, block, 0)
        if done != len(block):
            os.pwrite(fd, block[done:], done)
        if grows:
            os.ftruncate(fd, len(block))
            os.fsync(fd)
            sync_folder(path.parent)
        else:
            os.fdatasync(fd)
        if stat.S_IMODE(os.fstat(fd).st_mode) != 0o600:
            os.fchmod(fd, 0o600)
    finally:
        os.close(fd)
