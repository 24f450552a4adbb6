"""The installed package as a .deb again, from what dpkg knows of it: the way back from an update, on a machine that has no network and no archive."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from agent.store.folder import sync_folder
from agent.update.machine import call, long_call

_DROPPED = ("Status:", "Conffiles:", "Config-Version:")
_MADE_ANEW = ("list", "md5sums")
"""Of what dpkg keeps of a package: its own, or made by dpkg when the package is installed."""


def repack(package: str, into: Path) -> None:
    """`into` is whole and durable afterwards, or as before. Raises ToolError, OSError."""
    with tempfile.TemporaryDirectory(prefix="repack-", dir=into.parent) as made:
        tree = Path(made) / "tree"
        tree.mkdir(mode=0o755)
        _copy_files(package, tree)
        _copy_control(package, tree / "DEBIAN")
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


def _copy_control(package: str, control: Path) -> None:
    control.mkdir(mode=0o755)
    kept, skipping = [], False
    for line in call("dpkg-query", "--status", package).splitlines():
        skipping = line.startswith(_DROPPED) or (skipping and line.startswith(" "))
        if not skipping:
            kept.append(line)
    (control / "control").write_text("\n".join(kept) + "\n", encoding="utf-8")
    for line in call("dpkg-query", "--control-path", package).splitlines():
        name = Path(line).name.removeprefix(f"{package}.")
        if name not in _MADE_ANEW:
            shutil.copy2(line, control / name)
