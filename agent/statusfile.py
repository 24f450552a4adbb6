"""The newest status as a small file for `doorward status`, in the runtime folder (memory) where there is one; there also as Prometheus reads it.

Written on a thread of its own: without systemd the file lies in the state folder, and the loop must not wait for a disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path

from agent import metrics
from agent.store import plainfile
from contract import codec
from contract.plain import Status


def status_path(state: Path) -> Path:
    """`$RUNTIME_DIRECTORY/status.json` under systemd, else in the state folder."""
    return (_runtime() or state) / "status.json"


def metrics_path() -> Path | None:
    """`$RUNTIME_DIRECTORY/doorward.prom` under systemd; else there is none: a disk is not worn out by it."""
    runtime = _runtime()
    return None if runtime is None else runtime / "doorward.prom"


def _runtime() -> Path | None:
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(runtime) if runtime else None


def save(path: Path, status: Status) -> None:
    """Replaced whole; a full or read-only disk is no reason to fail."""
    text = json.dumps({**codec.write(status), "pid": os.getpid()}, ensure_ascii=False)
    with contextlib.suppress(OSError):
        plainfile.replace(path, text.encode(), durable=False, mode=0o640)


def save_metrics(path: Path, status: Status) -> None:
    """As `save`; for everybody, as the collector is a user of its own and nothing in it is about a person."""
    with contextlib.suppress(OSError):
        plainfile.replace(path, metrics.text(status).encode(), durable=False, mode=0o644)


class StatusFile:
    """Only the newest status waits to be written."""

    def __init__(self, state: Path) -> None:
        self._path = status_path(state)
        self._metrics = metrics_path()
        self._changed = threading.Condition()
        self._newest: Status | None = None
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def write(self, status: Status) -> None:
        """Never blocks."""
        with self._changed:
            self._newest = status
            self._changed.notify()
        if self._thread.ident is None:
            self._thread.start()

    def remove(self, limit_s: float) -> None:
        """The agent ends: no file says that it runs. A disk that does not answer is given up after `limit_s`."""
        with self._changed:
            self._newest, self._ends = None, True
            self._changed.notify()
        if self._thread.ident is None:
            self._thread.start()
        self._thread.join(limit_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ends or self._newest is not None)
                status, self._newest = self._newest, None
            if status is None:
                break
            save(self._path, status)
            if self._metrics is not None:
                save_metrics(self._metrics, status)
        for path in filter(None, (self._path, self._metrics)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
