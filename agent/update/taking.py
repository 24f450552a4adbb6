"""What was ordered, taken into the updater's own folder and judged there: a copy that nobody else can change, from a folder that anybody may have filled."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.identity import Identity
from agent.store import plainfile
from agent.store.folder import sync_folder
from agent.update.places import KEYS, PAYLOAD, SIGNED, WANTED, OwnFolder
from agent.update.progress import SeenKeys, load, save
from agent.update.trust import UpdateError, claimed_software, trusted_keys, trusted_software
from contract.messages import MAX_MESSAGE_BYTES
from contract.software import Software

_SAFE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 256 * 1024


@contextmanager
def folder(path: Path) -> Iterator[int | None]:
    """The folder itself, whatever its name is made to point to later; None where there is none, or a link."""
    try:
        fd = os.open(path, _SAFE | os.O_DIRECTORY)
    except OSError:
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def is_wanted(fd: int) -> bool:
    try:
        return stat.S_ISREG(os.stat(WANTED, dir_fd=fd, follow_symlinks=False).st_mode)
    except OSError:
        return False


def judged(fd: int, identity: Identity, own: OwnFolder) -> Software:
    """The signed message in this folder, by the pinned root and keys no older than were seen here. Raises UpdateError."""
    seen = load(SeenKeys, own.seen) or SeenKeys()
    keys = trusted_keys(identity.enrolment, _read(fd, KEYS, MAX_MESSAGE_BYTES + 1), seen.keys_rev)
    found = trusted_software(_read(fd, SIGNED, MAX_MESSAGE_BYTES + 1), keys, identity.enrolment)
    if keys.rev > seen.keys_rev:
        save(own.seen, SeenKeys(keys.rev))
    return found


def claimed(fd: int) -> Software | None:
    """What the message here says of itself, whoever wrote it."""
    return claimed_software(_read(fd, SIGNED, MAX_MESSAGE_BYTES + 1))


def copy(fd: int, software: Software, own: OwnFolder) -> None:
    """The bundle, durable, exactly of the size and SHA-256 that were signed. Raises UpdateError."""
    try:
        source = os.open(PAYLOAD, _SAFE, dir_fd=fd)
    except OSError as error:
        raise UpdateError("wrong", f"the bundle cannot be read: {error.strerror}") from None
    target = None
    try:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise UpdateError("wrong", "the bundle is not a plain file")
        own.payload.unlink(missing_ok=True)
        target = os.open(own.payload, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        _copy(source, target, software)
        os.fsync(target)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise UpdateError("no_room" if full else "wrong", f"the bundle cannot be kept: {error.strerror}") from None
    finally:
        os.close(source)
        if target is not None:
            os.close(target)
    sync_folder(own.path)


def _copy(source: int, target: int, software: Software) -> None:
    made, left = hashlib.sha256(), software.size
    while chunk := os.read(source, min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        made.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
    if left or made.hexdigest() != software.sha256:
        raise UpdateError("wrong", "the bundle is not what was signed")


def clear(fd: int) -> None:
    """Nothing is ordered any more. The order goes first: what is left is then nothing but bytes."""
    for name in (WANTED, PAYLOAD, SIGNED, KEYS):
        with suppress(OSError):
            os.unlink(name, dir_fd=fd)
    with suppress(OSError):
        os.fsync(fd)


def _read(fd: int, name: str, most: int) -> bytes:
    """Empty where there is none, or no plain file."""
    try:
        file = os.open(name, _SAFE, dir_fd=fd)
    except OSError:
        return b""
    try:
        return os.read(file, most) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)


def put(inbox: Path, name: str, data: bytes) -> None:
    """For whoever fills such a folder: whole and durable. `WANTED` comes last. Raises OSError."""
    inbox.mkdir(mode=0o700, exist_ok=True)
    plainfile.replace(inbox / name, data)
    sync_folder(inbox)
