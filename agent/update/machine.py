"""The programs of the machine that an update needs (dpkg, rauc, systemctl), each a plain call with a limit. Says what failed in one line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from agent.errors import shown

SERVICE = "doorward.service"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAMES_ONLY = "Errors were encountered while processing:"
"""dpkg's last words; why stands before them."""
_QUICK_S = 60.0
_LONG_S = 900.0
"""A package on a slow card, or a whole image."""


class ToolError(Exception):
    """A program of the machine said no, or nothing in time."""


def call(*command: str, limit_s: float = _QUICK_S, **env: str) -> str:
    """What it printed. Raises ToolError."""
    whole = {**os.environ, "LC_ALL": "C.UTF-8", **env}
    whole.setdefault("PATH", _PATH)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=limit_s,
            env=whole,
        )
    except FileNotFoundError:
        raise ToolError(f"{command[0]} is not here") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{command[0]} took over {limit_s:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).partition(_NAMES_ONLY)[0].splitlines()
        raise ToolError(f"{command[0]}: {shown(last[-1].strip(), 300) if last else f'exit {done.returncode}'}")
    return done.stdout


def long_call(*command: str, **env: str) -> str:
    return call(*command, limit_s=_LONG_S, **env)


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def service() -> Mapping[str, str]:
    """ActiveState, MainPID and NRestarts (of themselves, since somebody started it) of the agent's service."""
    told = call("systemctl", "show", "--property=ActiveState,MainPID,NRestarts", SERVICE)
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
