"""Notices as a panel will draw them, before they are put up: drawn by a process of its own, which knows panels, and kept for who looks again.

What a text does to that process ends there: it has so much time and memory, and a new one is started after it.
"""

from __future__ import annotations

import json
import os
import re
import select as ready
import subprocess
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256

from sqlalchemy import Connection, select

from centre import own_process
from centre.errors import UNREACHABLE, CentreError
from centre.names import explained
from centre.schema import units
from centre.words import _
from contract import codec
from contract.frozen import frozen
from contract.messages import Notice

COMMAND = tuple(own_process.command("agent", "panel", "notices"))
SIZES = ("480x272", "800x480", "1024x600")
"""Of panels, the smallest first (drivers/display/form.py)."""
LIMIT_S = 15.0
"""For one notice: the longest there is takes 5 s on a small machine."""
FIRST_PAGES = 4
"""Drawn unless all are asked for."""
ALL_PAGES = 20
SOFTLY_S = 2.0
WAITING = 8
"""Askers at a time: each holds one of the threads that answer everybody."""
KEPT_BYTES = 16 * 1024 * 1024
_CHUNK = 65_536


@frozen
class PanelForm:
    """A display as its maker states its size, how it hangs (degrees clockwise), and whether its letters are large."""

    size: str = SIZES[0]
    rotate: int = 0
    large: bool = False


def panels_told(conn: Connection, ids: Collection[str]) -> Counter[PanelForm]:
    """What panels these units said last that they have, and how many of each; the smallest first."""
    found: Counter[PanelForm] = Counter()
    told = select(units.c.unit, units.c.status).where(units.c.status.contains('"panel":"'))
    for unit, status in conn.execute(told):
        if unit in ids:
            for size, rotate, letters in _PANEL.findall(status):
                if size in SIZES:
                    found[PanelForm(size, int(rotate), letters == "large")] += 1
    return Counter(dict(sorted(found.items(), key=lambda each: (SIZES.index(each[0].size), not each[0].large))))


_PANEL = re.compile(r'"panel":"([0-9]+x[0-9]+) (0|90|180|270) (normal|large)"')
"""As DeviceStatus in contract/plain.py tells it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`pages`: how many the notice has there; `pictures`: of the first of them, PNG."""

    key: str
    pages: int
    pictures: tuple[bytes, ...]


class Previews:
    """Used by many threads; one notice is drawn at a time."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._drawing, self._lock = threading.Lock(), threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._kept: OrderedDict[str, Preview] = OrderedDict()

    def of(self, notice: Notice, form: PanelForm, language: str, most: int = FIRST_PAGES) -> Preview:
        """Raises CentreError: what is wrong with the notice, or that it cannot be drawn now."""
        asked = {**asdict(form), "language": language, "most": most, "notice": codec.write(notice)}
        line = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        key = sha256(line).hexdigest()[:32]
        known = self.kept(key)
        if known is None:
            if not self._waiting.acquire(blocking=False):
                raise CentreError(_("others are having notices drawn: try again in a moment"), UNREACHABLE)
            try:
                with self._drawing:
                    known = self.kept(key) or self._drawn(key, line)
            finally:
                self._waiting.release()
        return known

    def kept(self, key: str) -> Preview | None:
        """What was drawn lately."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        return found

    def close(self) -> None:
        with self._drawing:
            self._end(softly=True)

    def _drawn(self, key: str, line: bytes) -> Preview:
        try:
            answer = self._ask(line)
        except _SilentError:  # it ended for want of work, or of what was asked last
            self._end()
            try:
                answer = self._ask(line)
            except _SilentError:
                self._end()
                raise CentreError(_("the notice cannot be drawn here now"), UNREACHABLE) from None
        if isinstance(answer, str):
            raise CentreError(explained(answer))
        preview = Preview(key, *answer)
        with self._lock:
            self._kept[key] = preview
            while sum(sum(map(len, each.pictures)) for each in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return preview

    def _ask(self, line: bytes) -> str | tuple[int, tuple[bytes, ...]]:
        """What is wrong with it, or how many pages it has and the pictures."""
        if self._process is None:
            try:
                self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            except OSError:
                raise _SilentError from None
        until_mono = time.monotonic() + LIMIT_S
        pipes = self._process.stdin, self._process.stdout
        assert pipes[0] is not None
        assert pipes[1] is not None
        try:
            pipes[0].write(line)
            pipes[0].flush()
        except OSError:
            raise _SilentError from None
        reader = _Reader(pipes[1].fileno(), until_mono)
        try:
            said = json.loads(reader.line())
            if "fault" in said:
                return str(said["fault"])
            return int(said["pages"]), tuple(reader.bytes(length) for length in said["pictures"])
        except (ValueError, KeyError, TypeError):
            raise _SilentError from None

    def _end(self, *, softly: bool = False) -> None:
        process, self._process = self._process, None
        if process is not None:
            if softly:  # it leaves nothing behind when it ends by itself
                assert process.stdin is not None
                with suppress(OSError):
                    process.stdin.close()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SOFTLY_S)
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()


class _SilentError(Exception):
    """No answer, or none in time."""


class _Reader:
    """What comes from a pipe until a moment."""

    def __init__(self, fd: int, until_mono: float) -> None:
        self._fd, self._until_mono = fd, until_mono
        self._come = b""

    def line(self) -> bytes:
        while b"\n" not in self._come:
            self._more()
        line, _end, self._come = self._come.partition(b"\n")
        return line

    def bytes(self, count: int) -> bytes:
        while len(self._come) < count:
            self._more()
        found, self._come = self._come[:count], self._come[count:]
        return found

    def _more(self) -> None:
        come, _w, _x = ready.select([self._fd], [], [], max(0.0, self._until_mono - time.monotonic()))
        data = os.read(self._fd, _CHUNK) if come else b""
        if not data:
            raise _SilentError
        self._come += data
