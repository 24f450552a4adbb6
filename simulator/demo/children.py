"""Processes of the demo: started from the same Python, logged to a file, and never outliving the demo, however that ends."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simulator.mortal import mortal

_STOP_S = 8.0
PROGRAM = "simulator.demo.clocked"
"""The command `doorward`, by the story's clock where there is one."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without what would make a child think that a service manager started it."""
    kept = {key: value for key, value in os.environ.items() if key not in {"NOTIFY_SOCKET", "JOURNAL_STREAM"}}
    return {**kept, "PYTHONUNBUFFERED": "1", **(extra or {})}


class Child:
    """One long-running `doorward …` process, which may be started again after it ended."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, extra: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        self._arguments = list(arguments)
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None where it does not run."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> None:
        command = mortal([sys.executable, "-m", PROGRAM, *self._arguments])
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self._extra),
                start_new_session=True,
            )

    def kill(self) -> None:
        """`kill -9`, as a power cut or the kernel ends it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int | None:
        """SIGTERM, and its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def last_words(self, lines: int = 12) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command that ended by itself."""

    code: int
    out: str
    err: str


class Commands:
    """`doorward …` commands run to their end, from any thread, each in a process of its own; `stop` ends those that still run.

    `extra`: added to their environment. `warm`: they are forked from a process that has read the program's code, as it takes longer to read it than to
    carry most of them out.
    """

    def __init__(self, extra: Mapping[str, str] | None = None, *, warm: bool = False) -> None:
        self._lock = threading.Lock()
        self._extra = extra
        self._warm = warm
        self._running: set[Alive] = set()
        self._stopped = False

    def run(self, arguments: Sequence[str], limit_s: float = 90.0) -> Outcome:
        with self._lock:
            if self._stopped:
                return Outcome(-1, "", "stopped")
            begin = Forked if self._warm else Started
            running = begin(arguments, self._extra)
            self._running.add(running)
        try:
            return running.outcome(limit_s)
        finally:
            with self._lock:
                self._running.discard(running)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for running in self._running:
                running.terminate()


class Alive(Protocol):
    """A command under way."""

    def outcome(self, limit_s: float) -> Outcome:
        """Wait for its end; it is killed where that does not come in time (TimeoutExpired)."""
        ...

    def terminate(self) -> None: ...


class Started:
    """By a Python of its own."""

    def __init__(self, arguments: Sequence[str], extra: Mapping[str, str] | None) -> None:
        self._process = subprocess.Popen(
            mortal([sys.executable, "-m", PROGRAM, *arguments]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(extra),
        )

    def outcome(self, limit_s: float) -> Outcome:
        try:
            out, err = self._process.communicate(timeout=limit_s)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        return Outcome(self._process.returncode, out, err)

    def terminate(self) -> None:
        self._process.terminate()


ADDRESS_ROOM = 60
"""A socket's path has 107 bytes, of which multiprocessing takes some forty behind the folder for temporary files."""


def _short_addresses() -> None:
    """Multiprocessing keeps its sockets in a folder of its own, which it makes once: where temporary files lie too deep, not among them."""
    before = tempfile.tempdir
    if len(os.fsencode(tempfile.gettempdir())) > ADDRESS_ROOM:
        tempfile.tempdir = "/tmp"  # noqa: S108  # the folder in it has a name that nobody guesses, and is ours alone
    try:
        multiprocessing.util.get_temp_dir()
    finally:
        tempfile.tempdir = before


class Forked:
    """From a process that has read the code (`simulator/demo/warm.py`)."""

    def __init__(self, arguments: Sequence[str], extra: Mapping[str, str] | None) -> None:
        from simulator.demo import warm  # noqa: PLC0415  # it reads all of the centre

        self._arguments = arguments
        self._folder = tempfile.TemporaryDirectory(prefix="doorward-said-")
        self._files = [Path(self._folder.name) / name for name in ("out", "err")]
        _short_addresses()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["simulator.demo.warm"])
        self._process = context.Process(
            target=warm.carry_out, args=(list(arguments), *map(str, self._files), environment(extra))
        )
        self._process.start()

    def outcome(self, limit_s: float) -> Outcome:
        self._process.join(limit_s)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        out, err = (file.read_text(errors="replace") if file.exists() else "" for file in self._files)
        self._folder.cleanup()
        if code is None:
            raise subprocess.TimeoutExpired(list(self._arguments), limit_s, out, err)
        return Outcome(code, out, err)

    def terminate(self) -> None:
        self._process.terminate()
