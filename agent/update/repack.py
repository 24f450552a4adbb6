"""The installed package as a .deb again, from what dpkg knows of it: the way back from an update, on a machine that has no network and no archive."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from agent.store.folder import sync_folder
from agent.update.machine import call, long_call

_DROPPED = frozenset({"Status", "Conffiles", "Config-Version"})
"""Of what dpkg says of a package: its own, and no field of a package."""
_MADE_ANEW = frozenset({"list", "conffiles", "md5sums"})
"""Of what dpkg keeps of a package: made anew when it is installed, or here."""

_REFUSES = "preinst"
"""Refuses to go back where the state is of a newer form. The return is no whim: the older agent carries on what it can read of a newer journal
(agent/store/salvage.py), and a door without an agent would be worse.
"""
_PREFIX = "repack-"


def clear(folder: Path) -> None:
    """What a cut left of one."""
    for left in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


def repack(package: str, into: Path) -> None:
    """`into` is whole and durable afterwards, or as before. Raises ToolError, OSError."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=into.parent) as made:
        tree = Path(made) / "tree"
        tree.mkdir(mode=0o755)
        _copy_files(package, tree)
        _copy_control(package, tree)
        fresh = Path(made) / into.name
        long_call("dpkg-deb", "--root-owner-group", "--build", str(tree), str(fresh))
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(into)
    sync_folder(into.parent)


def _copy_files(package: str, tree: Path) -> None:
    for line in call("dpkg-query", "--listfiles", package).splitlines():
        source, target = Path(line), tree / line.lstrip("/")
        if not line.startswith("/") or line == "/." or not os.path.lexists(source):
            continue  # a configuration file that somebody deleted
        if source.is_dir() and not source.is_symlink():
            target.mkdir(mode=source.stat().st_mode & 0o7777, parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _copy_control(package: str, tree: Path) -> None:
    control = tree / "DEBIAN"
    control.mkdir(mode=0o755)
    fields = call("dpkg-query", "--status", package).splitlines()
    kept, field = list[str](), ""
    conffiles = list[str]()
    for line in fields:
        field = field if line.startswith(" ") else line.split(":", 1)[0]
        if field == "Conffiles" and line.startswith(" ") and not line.endswith(" obsolete"):
            conffiles.append(line.strip().rsplit(" ", 1)[0])
        if field not in _DROPPED:
            kept.append(line)
    (control / "control").write_text("\n".join(kept) + "\n", encoding="utf-8")
    there = [f"{each}\n" for each in conffiles if os.path.lexists(tree / each.lstrip("/"))]
    (control / "conffiles").write_text("".join(there), encoding="utf-8")
    for line in call("dpkg-query", "--control-path", package).splitlines():
        name = Path(line).name.removeprefix(f"{package}.")
        if name not in _MADE_ANEW and name != _REFUSES:
            shutil.copy2(line, control / name)
