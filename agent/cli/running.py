"""The agent that runs now, as its status file shows it. Read-only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.config import Config
from agent.errors import UnreachableError
from agent.statusfile import status_path
from agent.words import _
from contract.frozen import frozen

_RUNTIME = Path("/run/doorward/status.json")
"""Where the service writes it (RuntimeDirectory=doorward); its environment is not ours."""


@frozen
class Running:
    pid: int
    status: dict[str, Any]


def running(config: Config) -> Running | None:
    """The agent of this configuration's unit, None where none runs. Raises UnreachableError where its status may not be read."""
    for path in _places(config):
        try:
            status = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except PermissionError:
            raise UnreachableError(
                _("{path}: may not be read by this user: use root, or the user doorward").format(path=path)
            ) from None
        except (OSError, ValueError):
            continue
        pid = status.get("pid") if isinstance(status, dict) else None
        if isinstance(pid, int) and pid > 0 and status.get("unit") == config.unit.id and _lives(pid):
            return Running(pid, status)
    return None


def _places(config: Config) -> Iterator[Path]:
    yield from dict.fromkeys((status_path(config.state), config.state / _RUNTIME.name, _RUNTIME))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
