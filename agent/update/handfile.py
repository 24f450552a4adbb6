"""The file for a person's hand, `NAME.doorward`: a plain tar of exactly `software.jws` and `payload`, read strictly and never unpacked by name."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from agent.update.places import PAYLOAD, SIGNED
from agent.update.trust import UpdateError
from agent.words import _
from contract.frozen import frozen
from contract.messages import MAX_MESSAGE_BYTES
from contract.software import MAX_BUNDLE_BYTES

_BLOCK = 512
_MOST_PADDING = 64 * 1024
"""Zeroes at the end: tar fills up its last record."""


@frozen
class HandFile:
    """`file` stands at the payload's first byte."""

    signed: bytes
    size: int
    file: BinaryIO


@contextmanager
def opened(path: Path) -> Iterator[HandFile]:
    """Raises UpdateError for what is not such a file, OSError where it cannot be read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise _wrong(path, _("it is not a plain file"))
        length = os.fstat(fd).st_size
        size = _member(path, file, SIGNED, MAX_MESSAGE_BYTES)
        signed = file.read(size)
        file.seek(-size % _BLOCK, os.SEEK_CUR)
        size = _member(path, file, PAYLOAD, MAX_BUNDLE_BYTES)
        start = file.tell()
        end = start + size + -size % _BLOCK
        if length < start + size:
            text = _("it is cut short: {length:,} bytes of at least {least:,}")
            raise _wrong(path, text.format(length=length, least=start + size))
        file.seek(end)
        rest = file.read(_MOST_PADDING + 1)
        if len(rest) > _MOST_PADDING or rest.strip(b"\0"):
            raise _wrong(path, _("there is more in it than signature and bundle"))
        file.seek(start)
        yield HandFile(signed, size, file)


def _member(path: Path, file: BinaryIO, name: str, most: int) -> int:
    """The size of the member that comes next, which has this name, is a plain file and not larger."""
    block = file.read(_BLOCK)
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeError, ValueError):
        short = len(block) < _BLOCK
        raise _wrong(path, _("it is cut short") if short else _missing(name)) from None
    if info.name != name or info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise _wrong(path, _missing(name))
    if not 0 < info.size <= most:
        raise _wrong(path, _("{name}: larger than it may be, or empty").format(name=name))
    return info.size


def _wrong(path: Path, why: str) -> UpdateError:
    text = _("{path}: {why}: not a file as `doorward centre software pack` makes it")
    return UpdateError("wrong", text.format(path=path, why=why))


def _missing(name: str) -> str:
    return _("no {name} where it should be").format(name=name)
