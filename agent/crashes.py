"""Remembers crashes of our own making over restarts (rule D11): when they were, and the messages that were in hand.

Only our faults count: an exception that nobody caught, or a fatal signal such as the watchdog's. A power cut or a kill is not our fault.
Time is that of the host since boot, so a wrong wall clock changes nothing; a reboot starts the count anew.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from agent import limits
from agent.aside import Aside
from agent.store import plainfile
from agent.store.folder import sync_folder
from contract.frozen import frozen

_MOST = 256 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@frozen
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
        self._past = _Past(boot_id(), (), ())
        self._learnt = False
        self._mutex = threading.Lock()
        self.aside = Aside(keep=self._keep)
        """Messages that are never offered to the agent again."""
        self._sink: IO[str] | None = None

    def load(self) -> None:
        """Read what is remembered; until then nothing is known of earlier crashes. May hang where the disk does."""
        with self._mutex:
            self._learn()
        self.aside.learn(self._past.aside)
        if self._took_fatal_signal():
            self.add()

    def watch_signals(self) -> None:
        """Have a fatal signal (the watchdog's SIGABRT, a fault in C code) leave its trace in `fault.txt`. May hang likewise."""
        with contextlib.suppress(OSError):
            self._sink = os.fdopen(plainfile.open_for_writing(self._fault, truncate=True), "w", encoding="utf-8")
            self._fault.chmod(0o600)  # one left from an earlier version
            faulthandler.enable(self._sink)

    def door_only(self) -> bool:
        """Too many crashes lately: start without link, notices and calendar."""
        return len(self._recent()) >= limits.CRASHES

    def add(self, names: Iterable[str] = ()) -> None:
        """We crashed with these messages in hand. Durable when it returns; a disk that cannot take it is no further fault."""
        with self._mutex:
            self._learn()
            times = (*self._recent(), self._monotonic())
            self._write(_Past(self._past.boot, times, self._with(names)))

    def _keep(self, name: str) -> None:
        """Set aside without a crash of the process: the link's thread goes on."""
        with self._mutex:
            self._learn()
            self._write(_Past(self._past.boot, self._past.times, self._with((name,))))

    def _learn(self) -> None:
        """Once, ahead of all that is added: what was there before is not written over unread."""
        if not self._learnt:
            self._past, self._learnt = self._read(), True

    def _with(self, names: Iterable[str]) -> tuple[str, ...]:
        """Each once, the newest last, the oldest forgotten."""
        return tuple(dict.fromkeys((*self._past.aside, *names)))[-limits.ASIDE :]

    def _write(self, past: _Past) -> None:
        self._past = past
        text = json.dumps({"boot": past.boot, "times": past.times, "aside": past.aside})
        with contextlib.suppress(OSError):
            plainfile.replace(self._file, text.encode())
            sync_folder(self._file.parent)

    def _recent(self) -> tuple[float, ...]:
        now = self._monotonic()
        return tuple(t for t in self._past.times if 0 <= now - t < limits.CRASH_WINDOW_S)

    def _read(self) -> _Past:
        boot = boot_id()
        try:
            data = json.loads(plainfile.read(self._file, _MOST))
            times = tuple(float(t) for t in data["times"]) if data["boot"] == boot else ()
            return _Past(boot, times, tuple(str(name) for name in data["aside"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return _Past(boot, (), ())

    def _took_fatal_signal(self) -> bool:
        try:
            return bool(plainfile.read(self._fault, 1))
        except OSError:
            return False


def boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_crash_file(folder: Path, text: str, utc: float) -> Path | None:
    """Keep the last steps before a crash as `crash-<seconds>.jsonl`, the newest few only. None when the disk refuses."""
    try:
        for old in sorted(folder.glob("crash-*.jsonl"))[: -(limits.CRASH_FILES - 1)]:
            plainfile.clear(old)
        path = folder / f"crash-{int(utc)}.jsonl"
        plainfile.replace(path, text.encode())
    except OSError:
        return None
    return path
