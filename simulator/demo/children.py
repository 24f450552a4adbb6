"""Processes of the demo: started from the same Python, logged to a file, and never outliving the demo, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.mortal import mortal

_STOP_S = 8.0


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
        command = mortal([sys.executable, "-m", "agent", *self._arguments])
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
    """`doorward …` commands run to their end, from any thread; `stop` ends those that still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, arguments: Sequence[str], limit_s: float = 90.0) -> Outcome:
        command = mortal([sys.executable, "-m", "agent", *arguments])
        with self._lock:
            if self._stopped:
                return Outcome(-1, "", "stopped")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            )
            self._running.add(process)
        try:
            out, err = process.communicate(timeout=limit_s)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            with self._lock:
                self._running.discard(process)
        return Outcome(process.returncode, out, err)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()
