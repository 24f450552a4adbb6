"""An update of the package on a Debian with systemd as PID 1: by hand, from a file the centre signed; what is good, what crashes, and a plug pulled in dpkg."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from centre.folder import Folder
from centre.keys import load_keys
from centre.signing import Signer
from contract.messages import Kind
from contract.scopes import Scope
from contract.software import Form, Software
from tests.agent.update.signed import hand_file
from tests.debian.machine import Machine
from tests.debian.test_on_debian import SITE, at_the_door, enrol, enrolment, main_pid, pytestmark, start, starts
from tests.waiting import eventually

__all__ = ["pytestmark"]
ROOT = Path(__file__).resolve().parents[2]
OWN = "/var/lib/doorward-update"


def build(folder: Path, version: str, *, crashes: bool = False) -> Path:
    """The package of another version; `crashes`: its agent does, at once."""
    tree = folder / f"tree-{version}"
    left_out = shutil.ignore_patterns(".git", ".venv*", "build", ".mypy_cache", ".pytest_cache", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=left_out)
    if crashes:
        app = tree / "agent/app.py"
        app.write_text(
            app.read_text().replace(
                "    def run(self) -> int:\n", "    def run(self) -> int:\n        raise SystemExit(70)\n"
            )
        )
    command = (sys.executable, tree / "packaging/make_deb.py", "--out", folder / version, "--version", version)
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return next((folder / version).glob("doorward_*.deb"))


def signed_file(folder: Path, package: Path, version: str) -> Path:
    data = package.read_bytes()
    message = Software(
        Scope("site", SITE),
        int(time.time()),
        time.time(),
        version,
        Form.DEB,
        len(data),
        hashlib.sha256(data).hexdigest(),
        "https://192.0.2.10/b",
    )
    token = Signer(SITE, load_keys(Folder(folder / "centre"))).sign(Kind.SOFTWARE, message)
    return hand_file(folder / f"{version}.doorward", token, data)


def version(machine: Machine) -> str:
    return machine.run("doorward", "--version").stdout.split()[-1]


def test_good_and_crashing_by_hand(
    installed: list[Path], tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    with at_the_door(tmp_path, installed) as (box, machine):
        enrol(machine, enrolment(tmp_path))
        files = [
            signed_file(tmp_path, build(tmp_path, "0.1.1"), "0.1.1"),
            signed_file(tmp_path, build(tmp_path, "0.1.2", crashes=True), "0.1.2"),
        ]
        for file in files:
            machine.take(file, f"/var/tmp/{file.name}")
        machine.run("systemctl", "enable", "doorward")
        start(box, machine)
        before, begun = starts(machine), time.monotonic()
        said = machine.run("doorward", "update", "/var/tmp/0.1.1.doorward", "--yes").stdout
        took_s = time.monotonic() - begun
        assert "0.1.1 runs, and has proved itself" in said, said
        assert version(machine) == "0.1.1"
        assert starts(machine) == before + 1, "one gap at the door"
        box.press_exit()
        eventually(lambda: box.door().unlocked, 2.0)
        eventually(lambda: "software.installed" in machine.run("doorward", "log", "--json").stdout, 60.0, 1.0)
        refused = machine.run("doorward", "update", "/var/tmp/0.1.1.doorward", "--yes", check=False)
        assert "0.1.1 is installed already" in refused.stderr
        begun = time.monotonic()
        done = machine.run("doorward", "update", "/var/tmp/0.1.2.doorward", "--yes", check=False)
        back_s = time.monotonic() - begun
        assert "0.1.2 was given up, 0.1.1 runs again: door" in done.stderr, done.stdout + done.stderr
        assert version(machine) == "0.1.1"
        eventually(lambda: main_pid(machine) > 0, 20.0)
        polls = box.relay.polls
        eventually(lambda: box.relay.polls > polls + 6, 20.0)
        eventually(lambda: "software.returned" in machine.run("doorward", "log", "--json").stdout, 60.0, 1.0)
    record_property("figure", f"good in {took_s:.0f} s, crashing back after {back_s:.0f} s")


def test_a_plug_pulled_in_the_middle_of_dpkg(installed: list[Path], tmp_path: Path) -> None:
    with at_the_door(tmp_path, installed) as (box, machine):
        enrol(machine, enrolment(tmp_path))
        file = signed_file(tmp_path, build(tmp_path, "0.1.3"), "0.1.3")
        machine.take(file, f"/var/tmp/{file.name}")
        machine.run("systemctl", "enable", "doorward")
        start(box, machine)
        machine.run("doorward", "update", "/var/tmp/0.1.3.doorward", "--yes", "--no-wait")
        eventually(machine.at(f"{OWN}/half.deb").exists, 60.0, 0.001)
        layers = [machine.upper, *installed]
    with at_the_door(tmp_path / "again", layers) as (box, machine):
        eventually(lambda: version(machine) == "0.1.3", 30.0, 1.0)
        eventually(lambda: not machine.at(f"{OWN}/state.json").exists(), 120.0, 1.0)
        assert '"result":"installed","version":"0.1.3"' in machine.run("cat", f"{OWN}/outcome.json").stdout
        assert machine.run("dpkg", "--audit").stdout == ""
        box.press_exit()
        eventually(lambda: box.door().unlocked, 3.0)
        assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "doorward*").stdout == ""
