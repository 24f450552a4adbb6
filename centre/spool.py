"""A file that is filled at its own pace while somebody reads it at theirs: whoever reads slowly holds nothing of what it is made from.

It has no name, and is gone with the process that made it. Knows nothing of what is in it.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path

from centre.errors import CentreError
from centre.words import _, reason_of

PIECE = 64 * 1024


class Spool:
    """`folder`: on a disk that has room for it. `parts` is called, and gone through, in a thread of its own, once somebody reads."""

    def __init__(self, folder: Path, parts: Callable[[], Generator[bytes]]) -> None:
        """Raises CentreError where no file can be made there."""
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by the one who is done last
        except OSError as error:
            raise CentreError(_("cannot be prepared: {reason}").format(reason=reason_of(error))) from None
        self._parts = parts
        self._moved = threading.Condition()
        self._length = 0
        self._is_full = self._is_left = False
        self._fault: CentreError | None = None

    def read(self) -> Iterator[bytes]:
        """To its end. Raises CentreError where what came is not all: `parts` went wrong, or the disk takes no more."""
        threading.Thread(target=self._fill, name="spool", daemon=True).start()
        at = 0
        try:
            while data := self._next(at):
                at += len(data)
                yield data
        finally:
            with self._moved:
                self._is_left = True
                self._close_if_done()

    def _next(self, at: int) -> bytes:
        """Empty at the end."""
        with self._moved:
            self._moved.wait_for(lambda: self._length > at or self._is_full)
            if self._length == at and self._fault is not None:
                raise self._fault
            count = min(PIECE, self._length - at)
        return os.pread(self._file.fileno(), count, at) if count else b""

    def _fill(self) -> None:
        fault: CentreError | None = CentreError(_("it was cut off"))
        try:
            self._write()
            fault = None
        except OSError as error:
            fault = CentreError(_("cannot be prepared: {reason}").format(reason=reason_of(error)))
        except CentreError as error:
            fault = error
        finally:
            with self._moved:
                self._fault, self._is_full = fault, True
                self._moved.notify_all()
                self._close_if_done()

    def _write(self) -> None:
        count = 0
        with closing(self._parts()) as parts:
            for part in parts:
                if self._is_left:
                    return
                self._file.write(part)
                count += len(part)
                if count >= PIECE:
                    self._move(count)
                    count = 0
        self._move(count)

    def _move(self, count: int) -> None:
        self._file.flush()
        with self._moved:
            self._length += count
            self._moved.notify_all()

    def _close_if_done(self) -> None:
        if self._is_left and self._is_full:
            with suppress(OSError):  # what could not be written is not written now either
                self._file.close()
