"""The installed package as a .deb again, by Debian's own dpkg: what comes out installs as what went in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from agent.update.machine import ToolError
from agent.update.repack import repack

pytestmark = pytest.mark.needs("dpkg")

CONTROL = """Package: doorward-trial
Version: 1.2~rc1-3
Architecture: all
Maintainer: Nobody <nobody@example.cn>
Description: a trial
 of two lines
"""


def build(folder: Path, place: Path) -> Path:
    """A package with a program, a link, a configuration file and scripts; all of it below `place`."""
    tree = folder / "tree"
    inside = tree / str(place).lstrip("/")
    (inside / "lib").mkdir(parents=True)
    (inside / "lib/program").write_text("#!/bin/sh\n", encoding="ascii")
    (inside / "lib/program").chmod(0o755)
    (inside / "lib/link").symlink_to("program")
    (inside / "example.yaml").write_text("unit: {}\n", encoding="ascii")
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(CONTROL, encoding="ascii")
    (control / "conffiles").write_text(f"{place}/example.yaml\n", encoding="ascii")
    (control / "postinst").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    (control / "postinst").chmod(0o755)
    made = folder / "trial.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, made], check=True, capture_output=True)
    return made


def install(admin: Path, package: Path) -> None:
    for folder in (admin, admin / "info", admin / "updates", admin / "triggers"):
        folder.mkdir(exist_ok=True)
    (admin / "status").touch()
    forced = ["--force-not-root", "--force-bad-path", "--force-confold"]
    subprocess.run(["dpkg", f"--admindir={admin}", *forced, "--install", package], check=True, capture_output=True)


def told(admin: Path, *what: str) -> str:
    done = subprocess.run(
        ["dpkg-query", f"--admindir={admin}", *what, "doorward-trial"], check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="dpkg installs as root alone")
@pytest.mark.claim("F56")
def test_it_installs_as_what_was_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    original = build(tmp_path, place)
    install(tmp_path / "first", original)
    monkeypatch.setenv("DPKG_ADMINDIR", str(tmp_path / "first"))
    repack("doorward-trial", tmp_path / "previous.deb")
    install(tmp_path / "second", tmp_path / "previous.deb")
    for what in ("--listfiles", "--status"):
        assert told(tmp_path / "second", what) == told(tmp_path / "first", what)
    listed = [
        subprocess.run(["dpkg-deb", "--contents", each], check=True, capture_output=True, text=True).stdout.splitlines()
        for each in (original, tmp_path / "previous.deb")
    ]
    kinds = [
        sorted((line.split()[0], line.split()[1], line.split(None, 5)[5]) for line in each if f"{place}/" in line)
        for each in listed
    ]
    assert len(kinds[0]) == 5
    assert kinds[0] == kinds[1]
    assert (tmp_path / "second/info/doorward-trial.postinst").exists()
    assert not list(tmp_path.glob("repack-*"))


def test_what_is_not_installed_cannot_be_kept_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="dpkg-query"):
        repack("doorward-that-is-nowhere", tmp_path / "previous.deb")
    assert not list(tmp_path.iterdir())
