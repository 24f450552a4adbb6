"""The designed panels of the demo: their files come from `doorward panel`, as an office would make them; the plain ones stand in where it cannot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from simulator.box import BoxSpec
from simulator.demo.children import environment
from simulator.dwin_set.project import DwinProject
from simulator.mortal import mortal
from simulator.tjc_canvas import TjcCanvas
from simulator.tjc_panel import TjcProject

SIZE, NEXT_SIZE = "800x480", "480x272"
"""Of the unit's panel, and of the one next door."""
_PATIENCE_S = 2.0
_LIMIT_S = 300.0

Say = Callable[[str], None]


def designed(mix: BoxSpec, say: Say) -> tuple[BoxSpec, BoxSpec]:
    """The same hardware with designed panels, for the unit and for the one next door; as it is where they cannot be made."""
    try:
        here, there = (_panel(mix, size, say) for size in (SIZE, NEXT_SIZE))
    except _NoneError as error:
        say(f"the panel shows plain text: {error}")
        return mix, mix
    return replace(mix, panel=here), replace(mix, panel=there)


class _NoneError(Exception):
    """Why there is none."""


def _panel(mix: BoxSpec, size: str, say: Say) -> DwinProject | TjcCanvas:
    try:
        if isinstance(mix.panel, TjcProject):
            return replace(TjcCanvas.read(_folder("tjc", size, say)), charset=mix.panel.charset)
        return DwinProject.read(_folder("dwin", size, say))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _NoneError(f"its files cannot be read: {error}") from error


def _folder(make: str, size: str, say: Say) -> Path:
    command = mortal([sys.executable, "-m", "agent", "panel", "simulated", make, "--size", size])
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as process:
        try:
            out, err = _ended(process, size, say)
        finally:
            process.kill()
    if process.returncode != 0:
        raise _NoneError((err.strip().splitlines() or [f"exit {process.returncode}"])[-1])
    return Path(out.strip())


def _ended(process: subprocess.Popen[str], size: str, say: Say) -> tuple[str, str]:
    try:
        return process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        say(f"building the files of a {size} panel; they are kept for the next time")
    try:
        return process.communicate(timeout=_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise _NoneError("building them took too long") from error
