"""A measured process: started without a step in between, ended with us, its memory and its writes read from /proc."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from simulator.demo.children import environment

_LIBC = ctypes.CDLL(None)
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
STOP_S = 10.0


class Process:
    """One program, logged to a file; may be started again after it ended."""

    def __init__(self, command: Sequence[str], log: Path, extra: dict[str, str] | None = None) -> None:
        self.log = log
        self.started_mono = 0.0
        self.command = list(command)
        self._extra = {} if extra is None else extra
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def python(module: str, *arguments: str, log: Path, extra: dict[str, str] | None = None) -> Process:
        return Process([sys.executable, "-m", module, *arguments], log, extra)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.started_mono = time.monotonic()
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self._extra),
                preexec_fn=_end_with_us,  # noqa: PLW1509  # one call of the system, no Python lock is taken
            )

    @property
    def pid(self) -> int:
        """Raises RuntimeError with its last words where it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"{' '.join(self.command)} ended by itself:\n{self.last_words()}")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:]) if self.log.exists() else ""


def _end_with_us() -> None:
    _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def resident_mb(pid: int) -> float:
    """VmRSS, in 10^6 bytes."""
    return _status_kb(pid, "VmRSS") * 1024 / 1e6


def peak_mb(pid: int) -> float:
    """VmHWM since the start, in 10^6 bytes."""
    return _status_kb(pid, "VmHWM") * 1024 / 1e6


def processor_s(pid: int | str) -> float:
    """User and system time since its start, as the kernel counts it (in hundredths of a second)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written_bytes(pid: int | str) -> int:
    """`write_bytes` of /proc/<pid>/io (`self` for our own): what the process caused to be written to a device. The file system's own journal is not in it."""
    return _field(Path(f"/proc/{pid}/io"), "write_bytes")


def _status_kb(pid: int, name: str) -> int:
    return _field(Path(f"/proc/{pid}/status"), name)


def _field(path: Path, name: str) -> int:
    line = next(line for line in path.read_text(encoding="ascii").splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def children_of(pid: int) -> list[tuple[int, str]]:
    """Processes that it started and that still run: each with the command that it is, as `console`."""
    found = []
    started = " ".join(
        each.read_text("ascii") for each in Path(f"/proc/{pid}/task").glob("*/children")
    )  # by any thread
    for child in started.split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        name = next((word for word in reversed(words) if word in {"console", "home-assistant"}), None)
        found.append((int(child), name or next((word for word in words if word.startswith("centre.")), words[0])))
    return found
