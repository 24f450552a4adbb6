"""The unit and its companions, installed under a root folder made by the test, as systemd's own tools judge them."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNITS = Path("/usr/lib/systemd/system")
INSTALLED = {
    "doorward.service": "usr/lib/systemd/system/doorward.service",
    "doorward-update.path": "usr/lib/systemd/system/doorward-update.path",
    "doorward-update.service": "usr/lib/systemd/system/doorward-update.service",
    "doorward-update-mend.service": "usr/lib/systemd/system/doorward-update-mend.service",
    "doorward-update-look.service": "usr/lib/systemd/system/doorward-update-look.service",
    "99-doorward.rules": "usr/lib/udev/rules.d/99-doorward.rules",
    "doorward.sysusers.conf": "usr/lib/sysusers.d/doorward.conf",
    "doorward.tmpfiles.conf": "usr/lib/tmpfiles.d/doorward.conf",
    "doorward-centre.service": "usr/lib/systemd/system/doorward-centre.service",
    "doorward-broker.service": "usr/lib/systemd/system/doorward-broker.service",
    "doorward-centre.sysusers.conf": "usr/lib/sysusers.d/doorward-centre.conf",
    "doorward-centre.tmpfiles.conf": "usr/lib/tmpfiles.d/doorward-centre.conf",
}
SERVICES = ("doorward.service", "doorward-centre.service", "doorward-broker.service", "doorward-update-look.service")
"""Those that run as users of their own; the updater is root for a moment."""
MAX_EXPOSURE = 20
"""systemd-analyze counts in tenths: 2.0 of 10."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root folder with our files where the package puts them, the machine's own units, and an executable in the command's place."""
    for name, place in INSTALLED.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "systemd" / name, tmp_path / place)
    for unit in (
        "network.target",
        "sysinit.target",
        "basic.target",
        "shutdown.target",
        "paths.target",
        "local-fs.target",
        "multi-user.target",
    ):
        shutil.copy(UNITS / unit, tmp_path / "usr/lib/systemd/system")
    for program in (
        "usr/lib/doorward/bin/doorward",
        "usr/sbin/mosquitto",
        "usr/bin/flock",
        "usr/bin/python3",
        "bin/sh",
        "bin/kill",
    ):
        command = tmp_path / program
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text("#!/bin/sh\n", encoding="ascii")
        command.chmod(0o755)
    (tmp_path / "etc").mkdir()
    return tmp_path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", [name for name in INSTALLED if name.endswith((".service", ".path"))])
@pytest.mark.claim("F52")
def test_the_unit_is_clean(root: Path, unit: str) -> None:
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", f"--root={root}", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
def test_a_mistake_in_the_unit_is_seen(root: Path) -> None:
    unit = root / INSTALLED["doorward.service"]
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectClock=yes", "ProtectClok=yes"), encoding="utf-8")
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", f"--root={root}", "doorward.service")
    assert "ProtectClok" in done.stderr


@pytest.mark.needs("systemd-analyze")
@pytest.mark.claim("F52")
@pytest.mark.parametrize("service", SERVICES)
def test_exposure_is_at_most_two(root: Path, service: str, record_property: pytest.RecordProperty) -> None:
    done = run(
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={MAX_EXPOSURE}",
        f"--root={root}",
        service,
    )
    level = re.search(rf"exposure level for {re.escape(service)}: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout + done.stderr
    record_property("figure", f"exposure {level[1]}")
    assert done.returncode == 0, done.stdout


def test_what_the_rules_of_the_door_ask_of_the_service() -> None:
    """Never gives up, is watched, waits for no network, may touch serial lines only."""
    text = (ROOT / "systemd/doorward.service").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for needed in (
        "Type=notify",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "StateDirectoryMode=0700",
        "User=doorward",
        "SupplementaryGroups=dialout",
        "DevicePolicy=closed",
    ):
        assert needed in lines
    assert any(line.startswith("WatchdogSec=") for line in lines)
    assert any(line.startswith("LoadCredential=identity:") for line in lines)
    assert not any(
        "network" in line for line in lines if line.startswith(("After=", "Wants=", "Requires=", "BindsTo="))
    )
    assert all(re.fullmatch(r"DeviceAllow=char-tty\w+ rw", line) for line in lines if line.startswith("DeviceAllow="))


def test_the_updater_is_started_by_what_it_looks_for() -> None:
    """Each place that the code writes an order to, or goes on from, is one that systemd looks at; and nothing is done half before the door's agent starts."""
    from agent.config.model import STATE
    from agent.update.places import INBOX, OWN, WANTED, OwnFolder

    own = OwnFolder(OWN)
    orders = {str(STATE / INBOX / WANTED), str(own.hand / WANTED)}
    path, service, mend = (
        (ROOT / f"systemd/doorward-update{end}").read_text() for end in (".path", ".service", "-mend.service")
    )
    assert set(re.findall(r"^PathExists=(.*)$", path, re.MULTILINE)) == {*orders, str(own.progress)}
    assert set(re.findall(r"^ConditionPathExists=\|(.*)$", service, re.MULTILINE)) == {*orders, str(own.progress)}
    assert re.findall(r"^ConditionPathExists=(.*)$", mend, re.MULTILINE) == [str(own.half)]
    assert "Before=doorward.service doorward-update.service\n" in mend
    assert "Wants=doorward-update-mend.service\n" in (ROOT / "systemd/doorward.service").read_text()
    assert all(name in mend for name in (own.half.stem, own.previous.stem))


def test_the_watchdog_is_the_one_the_agent_assumes() -> None:
    from agent import limits

    assert f"WatchdogSec={limits.WATCHDOG_S:.0f}\n" in (ROOT / "systemd/doorward.service").read_text(encoding="utf-8")


@pytest.mark.needs("systemd-sysusers")
def test_the_user_is_made_and_may_use_serial_lines(root: Path) -> None:
    (root / "etc/group").write_text("root:x:0:\ndialout:x:20:\n", encoding="ascii")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="ascii")
    done = run("systemd-sysusers", f"--root={root}", "doorward.conf")
    assert done.returncode == 0, done.stderr
    user = next(
        line for line in (root / "etc/passwd").read_text(encoding="ascii").splitlines() if line.startswith("doorward:")
    )
    assert user.endswith(":/var/lib/doorward:/usr/sbin/nologin")
    assert "dialout:x:20:doorward" in (root / "etc/group").read_text(encoding="ascii")


@pytest.mark.needs("systemd-tmpfiles")
def test_the_folders_are_closed_to_others(root: Path) -> None:
    (root / "etc/passwd").write_text(f"doorward:x:{os.getuid()}:{os.getgid()}::/:/usr/sbin/nologin\n", encoding="ascii")
    (root / "etc/group").write_text(f"doorward:x:{os.getgid()}:\n", encoding="ascii")
    done = run("systemd-tmpfiles", "--create", f"--root={root}", "doorward.conf")
    assert done.returncode == 0, done.stderr
    assert (root / "etc/doorward/identity").stat().st_mode & 0o777 == 0o700
    assert (root / "var/lib/doorward").stat().st_mode & 0o777 == 0o700
    assert (root / "var/lib/doorward-update").stat().st_mode & 0o777 == 0o755


@pytest.mark.needs("udevadm")
def test_the_udev_rules_are_clean(root: Path) -> None:
    done = run("udevadm", "verify", f"--root={root}")
    assert done.returncode == 0, done.stdout + done.stderr
    rules = root / INSTALLED["99-doorward.rules"]
    rules.write_text(
        rules.read_text(encoding="utf-8").replace('GOTO="doorward_end"', 'GOTO="nowhere"', 1), encoding="utf-8"
    )
    assert run("udevadm", "verify", f"--root={root}").returncode != 0


NO_NEW_CODE = """
import ctypes, mmap
assert ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0) == 0  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN (linux/prctl.h)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    pass
else:
    raise SystemExit("the kernel allows new code")
import sqlite3, ssl
import agent.__main__, apscheduler.schedulers.background, paho.mqtt.client, serial, sqlite_utils, yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.generate()
key.public_key().verify(key.sign(b"x"), b"x")
ssl.create_default_context()
sqlite3.connect(":memory:").execute("select 1")
print("works")
"""


def test_the_agent_needs_no_memory_that_is_both_written_and_run() -> None:
    """MemoryDenyWriteExecute=yes in the unit: all of the agent's libraries load and work under the kernel's own switch for it."""
    get_mdwe = 66  # linux/prctl.h; kernels before 6.3 have no such switch to try with
    if ctypes.CDLL(None).prctl(get_mdwe, 0, 0, 0, 0) < 0:
        return
    done = subprocess.run(
        [sys.executable, "-c", NO_NEW_CODE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "works"), done.stderr
