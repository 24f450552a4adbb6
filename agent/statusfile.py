"""The newest status as a small file for `doorward status`, in the runtime folder (memory) where there is one."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODE = 0o640
"""For the service's user, and for its group to read."""
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def status_path(state: Path) -> Path:
    """`$RUNTIME_DIRECTORY/status.json` under systemd, else in the state folder."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return (Path(runtime) if runtime else state) / "status.json"


class StatusFile:
    """Replaced whole at each write; a full or read-only disk is no reason to fail."""

    def __init__(self, state: Path) -> None:
        self._path = status_path(state)

    def write(self, status: Mapping[str, Any]) -> None:
        temporary = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(temporary, _FRESH, MODE), "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), MODE)  # whatever the umask is
                json.dump({**status, "pid": os.getpid()}, file, ensure_ascii=False)
            temporary.replace(self._path)

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
