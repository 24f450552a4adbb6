"""The image's units and scripts, as systemd and sh judge them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.agent.cli.unit import ROOT

LAID = ROOT / "packaging/image/root"
UNITS = sorted((LAID / "usr/lib/systemd/system").iterdir())
SCRIPTS = sorted(
    path for path in (ROOT / "packaging/image").rglob("*") if path.is_file() and path.read_bytes()[:2] == b"#!"
)


@pytest.mark.needs("systemd-analyze")
def test_the_units_are_clean(tmp_path: Path) -> None:
    units = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(LAID, tmp_path, dirs_exist_ok=True)
    for name in ("sysinit.target", "basic.target", "shutdown.target", "local-fs.target", "multi-user.target",
                 "network.target", "network-pre.target", "timers.target", "systemd-tmpfiles-setup.service"):  # fmt: skip
        shutil.copy(f"/usr/lib/systemd/system/{name}", units)
    shutil.copy(ROOT / "systemd/doorward.service", units)
    for program in (
        "usr/lib/doorward/bin/doorward",
        "usr/sbin/wpa_supplicant",
        "usr/sbin/fsck.fat",
        "usr/bin/mount",
        "usr/bin/umount",
    ):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n", encoding="ascii")
        path.chmod(0o755)
    names = [unit.name for unit in UNITS]
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={tmp_path}", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_scripts_read_as_shell_and_may_be_run() -> None:
    assert len(SCRIPTS) > 5
    for script in SCRIPTS:
        shell = "bash" if b"bash" in script.read_bytes().splitlines()[0] else "sh"
        done = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script}: {done.stderr}"
        assert os.access(script, os.X_OK), script


def test_the_agent_waits_for_nothing_of_the_image() -> None:
    """Only orders: where taking the files over fails or hangs, the door starts all the same."""
    unit = (LAID / "usr/lib/systemd/system/doorward-firstboot.service").read_text(encoding="utf-8")
    assert "Before=doorward.service" in unit
    assert "RequiredBy" not in unit
    assert "TimeoutStartSec=60" in unit
    fstab = (LAID / "etc/fstab").read_text(encoding="ascii")
    mounts = [line for line in fstab.splitlines() if line.startswith(("PARTLABEL", "/dev", "UUID"))]
    assert mounts
    assert all("nofail" in line for line in mounts)
