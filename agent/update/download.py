"""A bundle over HTTPS: from the host of its address alone, behind the site's CA, on from where it broke off, never more than was signed, never the disk's last room."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import socket
import ssl
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent.store import plainfile
from agent.store.folder import sync_folder
from agent.update.places import PAYLOAD
from contract.software import Software

_CHUNK: Final = 64 * 1024
_SILENT_S: Final = 20.0
"""A server that sends nothing for so long is away."""
_LOOK_BYTES: Final = 1024 * 1024
"""The disk's room is looked at each time so much has come."""
_SPARE: Final = 32 * 1024 * 1024
"""Of the disk, beside what the journal may still take."""


class FetchError(Exception):
    """`reason`: away, wrong, no_room, disk."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def room_kept(state: Path, journal_mb: int) -> int:
    """Bytes of the disk that are not an update's to fill: what the journal may still grow by, and some to spare."""
    used = 0
    for name in ("journal.db", "journal.db-wal"):
        with suppress(OSError):
            used += (state / name).stat().st_size
    return max(0, journal_mb * 2**20 - used) + _SPARE


def check_room(folder: Path, software: Software, have: int, kept: int) -> None:
    """The updater takes a copy, so what is to come counts once, and the whole once more. Raises FetchError."""
    state = os.statvfs(folder)
    needed = 2 * software.size - have + kept
    if state.f_bavail * state.f_frsize < needed:
        raise FetchError("no_room", f"{needed // 2**20 + 1} MB are needed, the journal's own room among them")


class Download:
    """One try. `room_kept`: bytes of the disk that are not ours to fill, asked each time."""

    def __init__(self, software: Software, folder: Path, context: ssl.SSLContext, room_kept: Callable[[], int]) -> None:
        self._software = software
        self._folder = folder
        self._context = context
        self._room_kept = room_kept
        self._part = folder / f"{software.sha256}.part"
        self._connection: http.client.HTTPSConnection | None = None
        self._ended = threading.Event()

    def stop(self) -> None:
        """From any thread: breaks it off within moments. What has come is kept."""
        self._ended.set()
        connection = self._connection
        sock = None if connection is None else connection.sock
        if sock is not None:
            try:
                socket.socket.shutdown(
                    sock, socket.SHUT_RDWR
                )  # not TLS's own, which pulls the session away from under the reader
            except OSError:
                return  # it ended by itself

    @property
    def stopped(self) -> bool:
        return self._ended.is_set()

    def run(self) -> bool:
        """The whole bundle is in the folder, and durable. False: it was already. Raises FetchError."""
        try:
            self._tidy()
            if self.stopped:
                raise FetchError("away", "broken off")
            if self._holds(self._folder / PAYLOAD):
                return False
            if self._size() < self._software.size:
                self._fetch()
            self._put_in_place()
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            raise FetchError("no_room" if full else "disk", error.strerror or str(error)) from None
        return True

    def _tidy(self) -> None:
        """Parts of other bundles go, and what is longer than it may be."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for other in self._folder.glob("*.part"):
            if other != self._part:
                plainfile.clear(other)
        if self._size() > self._software.size:
            plainfile.clear(self._part)

    def _size(self) -> int:
        try:
            state = self._part.lstat()
        except FileNotFoundError:
            return 0
        return state.st_size if stat.S_ISREG(state.st_mode) else 0

    def _fetch(self) -> None:
        try:
            self._receive()
        except (http.client.HTTPException, ssl.SSLError, TimeoutError, ConnectionError, ValueError) as error:
            raise FetchError("away", str(error) or type(error).__name__) from None
        finally:
            if self._connection is not None:
                self._connection.close()
        if self._size() < self._software.size:
            raise FetchError("away", f"broke off at {self._size():,} of {self._software.size:,} bytes")

    def _receive(self) -> None:
        begin = self._size()
        address = urlsplit(self._software.url)
        self._connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=_SILENT_S, context=self._context
        )
        path = address.path + (f"?{address.query}" if address.query else "")
        headers = {"Range": f"bytes={begin}-"} if begin else {}
        try:
            self._connection.request("GET", path, headers={"Accept-Encoding": "identity", **headers})
            answer = self._connection.getresponse()
        except OSError as error:
            raise FetchError("away", str(error.strerror or error)) from None  # also a certificate that does not hold
        if not self._goes_on(answer, begin):
            plainfile.clear(self._part)
            begin = 0
        self._write(answer, begin)

    def _goes_on(self, answer: http.client.HTTPResponse, begin: int) -> bool:
        """Whether what comes is the rest of what is here; False where it is all of it anew."""
        if answer.status == http.client.PARTIAL_CONTENT and begin:
            said = f"bytes {begin}-{self._software.size - 1}/{self._software.size}"
            if answer.headers.get("Content-Range", "").strip() == said:
                return True
            plainfile.clear(self._part)
            raise FetchError("wrong", "the server goes on with something else")
        if answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            plainfile.clear(self._part)
            raise FetchError("wrong", "the server has less of it than is here")
        if answer.status != http.client.OK:
            raise FetchError(
                "away", f"the server answers {answer.status}"
            )  # a redirect too: nothing is fetched from elsewhere
        told = answer.headers.get("Content-Length")
        if told is not None and told.strip() != str(self._software.size):
            raise FetchError(
                "wrong", f"the server has {told.strip()[:20]} bytes of it, {self._software.size} were signed"
            )
        return False

    def _write(self, answer: http.client.HTTPResponse, begin: int) -> None:
        have = begin
        looked = -_LOOK_BYTES
        fd = plainfile.open_for_writing(self._part)
        try:
            os.lseek(fd, begin, os.SEEK_SET)
            while not self.stopped:
                if have - looked >= _LOOK_BYTES:
                    check_room(self._folder, self._software, have, self._room_kept())
                    looked = have
                chunk = answer.read1(min(_CHUNK, self._software.size - have + 1))
                if not chunk:
                    break
                have += len(chunk)
                if have > self._software.size:
                    os.ftruncate(fd, 0)
                    raise FetchError("wrong", "the server sends more than was signed")
                view = memoryview(chunk)
                while view:
                    view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def _holds(self, path: Path) -> bool:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        made = hashlib.sha256()
        try:
            if os.fstat(fd).st_size != self._software.size:
                return False
            while chunk := os.read(fd, 4 * _CHUNK):
                made.update(chunk)
        finally:
            os.close(fd)
        return made.hexdigest() == self._software.sha256

    def _put_in_place(self) -> None:
        if self.stopped:
            raise FetchError("away", "broken off")
        if not self._holds(self._part):
            plainfile.clear(self._part)
            raise FetchError("wrong", "all of it came, and is not what was signed")
        self._part.replace(self._folder / PAYLOAD)
        sync_folder(self._folder)
