"""A file encrypted with a passphrase, written and read as a stream of any length: what a backup lies in.

scrypt makes the key; each MiB is sealed by ChaCha20-Poly1305 with its number and whether it is the last (the STREAM construction), so
that nothing can be changed, left out, swapped or cut off unseen.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from centre.words import _

MAGIC = b"doorward-backup-1\n"
SALT_BYTES = 16
CHUNK = 1024 * 1024
TAG = 16
_COST = {"n": 2**16, "r": 8, "p": 1}
"""64 MiB and a fifth of a second for each guess."""


class SealedFileError(Exception):
    """Not such a file, another passphrase, or damaged."""


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class SealedWriter(io.RawIOBase):
    """Writes to `file`; `close` seals the end, and leaves `file` open."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = os.urandom(SALT_BYTES)
        self._file = file
        self._cipher = _cipher(passphrase, salt)
        self._number = 0
        self._held = bytearray()
        file.write(MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._held += view
        while len(self._held) > CHUNK:
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return view.nbytes

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._held), last=True)
        super().close()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, MAGIC))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what SealedWriter wrote. Raises SealedFileError where any of it does not hold."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        head = file.read(len(MAGIC) + SALT_BYTES)
        if len(head) < len(MAGIC) + SALT_BYTES or not head.startswith(MAGIC):
            raise SealedFileError(_("no backup of ours"))
        self._file = file
        self._cipher = _cipher(passphrase, head[len(MAGIC) :])
        self._number = 0
        self._open = b""
        self._next = file.read(CHUNK + TAG)
        if not self._next:
            raise SealedFileError(_("damaged or cut off"))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._open and self._next:
            self._unseal()
        taken = self._open[: len(view)]
        view[: len(taken)] = taken
        self._open = self._open[len(taken) :]
        return len(taken)

    def _unseal(self) -> None:
        chunk, self._next = self._next, self._file.read(CHUNK + TAG)
        try:
            self._open = self._cipher.decrypt(_nonce(self._number, last=not self._next), chunk, MAGIC)
        except InvalidTag:
            what = _("another passphrase, or damaged") if self._number == 0 else _("damaged or cut off")
            raise SealedFileError(what) from None
        self._number += 1
