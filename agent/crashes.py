"""Remembers crashes of our own making over restarts (rule D11): when they were, and the message that was being handled.

Only our faults count: an exception that nobody caught, or a fatal signal such as the watchdog's. A power cut or a kill is not our fault.
Time is that of the host since boot, so a wrong wall clock changes nothing; a reboot starts the count anew.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from agent import limits
from agent.core.events import Event, MessageReceived
from agent.store import plainfile

_MOST = 256 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def message_name(event: Event) -> str | None:
    """What stays the same when the broker sends this message again; None for any other event."""
    if not isinstance(event, MessageReceived):
        return None
    from agent.core.record import dumps  # noqa: PLC0415  # only ever needed after a crash

    return hashlib.sha256(dumps(event.message).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Past:
    boot: str
    times: tuple[float, ...]
    aside: tuple[str, ...]


class Crashes:
    """The file `crashes.json` and the fatal-signal file `fault.txt` in the state folder."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._file = folder / "crashes.json"
        self._fault = folder / "fault.txt"
        self._monotonic = monotonic
        self._past = _Past(_boot_id(), (), ())
        self._sink: IO[str] | None = None

    def load(self) -> None:
        """Read what is remembered; until then nothing is known of earlier crashes. May hang where the disk does."""
        self._past = self._read()
        if self._took_fatal_signal():
            self.add(None)

    def watch_signals(self) -> None:
        """Have a fatal signal (the watchdog's SIGABRT, a fault in C code) leave its trace in `fault.txt`. May hang likewise."""
        with contextlib.suppress(OSError):
            self._sink = os.fdopen(plainfile.open_for_writing(self._fault, truncate=True), "w", encoding="utf-8")
            faulthandler.enable(self._sink)

    def door_only(self) -> bool:
        """Too many crashes lately: start without link, notices and calendar."""
        return len(self._recent()) >= limits.CRASHES

    def aside(self, event: Event) -> bool:
        """Whether the event carries a message that was being handled at a crash; it is not given to the core again."""
        name = message_name(event) if self._past.aside else None
        return name is not None and name in self._past.aside

    def add(self, event: Event | None) -> None:
        """We crashed while handling `event`. A disk that cannot take it is no further fault."""
        name = None if event is None else message_name(event)
        aside = self._past.aside if name is None else (*self._past.aside[-9:], name)
        self._past = _Past(self._past.boot, (*self._recent(), self._monotonic()), aside)
        with contextlib.suppress(OSError):
            text = json.dumps({"boot": self._past.boot, "times": self._past.times, "aside": aside})
            plainfile.replace(self._file, text.encode())

    def _recent(self) -> tuple[float, ...]:
        now = self._monotonic()
        return tuple(t for t in self._past.times if 0 <= now - t < limits.CRASH_WINDOW_S)

    def _read(self) -> _Past:
        boot = _boot_id()
        try:
            data = json.loads(plainfile.read(self._file, _MOST))
            times = tuple(float(t) for t in data["times"]) if data["boot"] == boot else ()
            return _Past(boot, times, tuple(str(name) for name in data["aside"]))
        except (OSError, ValueError, KeyError, TypeError):
            return _Past(boot, (), ())

    def _took_fatal_signal(self) -> bool:
        try:
            return bool(plainfile.read(self._fault, 1))
        except OSError:
            return False


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_crash_file(folder: Path, text: str, utc: float) -> Path | None:
    """Keep the last steps before a crash as `crash-<seconds>.jsonl`, the newest few only. None when the disk refuses."""
    try:
        for old in sorted(folder.glob("crash-*.jsonl"))[: -(limits.CRASH_FILES - 1)]:
            old.unlink(missing_ok=True)
        path = folder / f"crash-{int(utc)}.jsonl"
        plainfile.replace(path, text.encode())
    except OSError:
        return None
    return path
