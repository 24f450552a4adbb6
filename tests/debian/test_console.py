"""The centre from its stick in a Debian with no network: the console comes up in the service's sandbox, lets the first administrator in, and ends with `serve`."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian.conftest import make_stick
from tests.debian.machine import Machine
from tests.waiting import eventually

pytestmark = [
    pytest.mark.soak,
    pytest.mark.needs("dh", "dh_python3", "dpkg-buildpackage", "mmdebstrap"),
    pytest.mark.xdist_group("debian-packages"),
]
FOLDER = "/var/lib/doorward-centre"
LISTEN = "127.0.0.1:8080"
DROP_IN = f"[Service]\nExecStart=\nExecStart=/usr/lib/doorward/bin/doorward centre serve --listen {LISTEN}\n"
UNIT = "b12-u2"


@pytest.fixture(scope="module")
def machine(debian: Path, debs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("console")
    made = Machine(folder, [debian])
    made.put(make_stick("doorward-centre", debs, folder / "stick"), "/usr/local/share/stick")
    made.put(Path(__file__).with_name("browse.py"), "/usr/local/share/browse.py")
    made.write("/etc/systemd/system/doorward-centre.service.d/console.conf", DROP_IN)
    with made:
        made.run("sh", "/usr/local/share/stick/install.sh", limit_s=600.0)
        yield made


@pytest.fixture(scope="module")
def link(machine: Machine) -> str:
    """What `init` printed; then broker and centre are on."""
    site = ("--site", "badahu", "--broker", "mqtts://localhost:8883")
    said = machine.run("doorward-centre", "init", FOLDER, *site).stdout
    machine.run("doorward-centre", "unit", "add", UNIT, "--scope", "yard/y07")
    machine.run("doorward-centre", "broker", "--user", "mosquitto")
    machine.run("systemctl", "start", "doorward-broker", "doorward-centre")
    found = re.search(r"admin: sets a password until .* (/invitation/\S+)", said)
    assert found is not None, said
    return found[1]


def processes(machine: Machine) -> dict[int, str]:
    """Of the centre's user: words by process id."""
    lines = machine.run("ps", "-u", "doorward-centre", "-o", "pid=,args=", check=False).stdout.splitlines()
    return {int(line.split()[0]): line.split(maxsplit=1)[1] for line in lines}


def pid_of(machine: Machine, words: str) -> int:
    return next((pid for pid, line in processes(machine).items() if words in line), 0)


def answers(machine: Machine) -> bool:
    script = f"import urllib.request as r; print(r.urlopen('http://{LISTEN}/sign-in', timeout=5).status)"
    return machine.run("python3", "-c", script, check=False).stdout == "200\n"


def test_the_first_administrator_comes_in_by_the_link_and_sees_a_notice_drawn(machine: Machine, link: str) -> None:
    eventually(lambda: answers(machine), 60.0, every_s=1.0)
    done = machine.run("python3", "/usr/local/share/browse.py", f"http://{LISTEN}", link, "yard/y07")
    found = json.loads(done.stdout)
    assert found["answers"] == [200, 303, 410, 303, 303], "the link is good once; without it there is the sign-in page"
    assert found["overview"] == [200, True]
    assert found["style"] == [200, "text/css"]
    (picture,) = found["pictures"] or [found["drawn"]]
    assert struct.unpack(">II", bytes.fromhex(picture)[16:24]) == (480, 272)
    # What draws runs as the service does: nothing it may write, no home, no memory that is both written and run.
    drawing = pid_of(machine, "panel notices")
    assert drawing, processes(machine)
    assert "NoNewPrivs:\t1" in machine.run("cat", f"/proc/{drawing}/status").stdout
    log = machine.run("journalctl", "-u", "doorward-centre", "-o", "cat", "--no-pager").stdout
    assert f"console at http://{LISTEN}" in log
    assert "Traceback" not in log
    assert "started again" not in log


def test_nothing_is_left_of_it_by_a_stop_and_a_kill_brings_back_both(machine: Machine, link: str) -> None:
    eventually(lambda: answers(machine), 60.0, every_s=1.0)
    machine.run("systemctl", "stop", "doorward-centre")
    assert processes(machine) == {}
    assert machine.run("systemctl", "show", "doorward-centre", "-P", "Result").stdout == "success\n"
    machine.run("systemctl", "start", "doorward-centre")
    eventually(lambda: answers(machine), 60.0, every_s=1.0)
    before = set(processes(machine))
    serve = int(machine.run("systemctl", "show", "doorward-centre", "-P", "MainPID").stdout)
    machine.run("kill", "-KILL", str(serve))
    eventually(lambda: not before & set(processes(machine)), 20.0, every_s=0.5)
    eventually(lambda: answers(machine), 60.0, every_s=1.0)
    # The console alone: the books go on, and it comes back.
    serve, console = pid_of(machine, "centre serve"), pid_of(machine, "--with-parent")
    machine.run("kill", "-KILL", str(console))
    eventually(lambda: pid_of(machine, "--with-parent") not in {0, console} and answers(machine), 60.0, every_s=1.0)
    assert pid_of(machine, "centre serve") == serve


def test_the_check_and_the_proof_hold_beside_it(machine: Machine, link: str) -> None:
    eventually(lambda: machine.run("doorward-centre", "check", check=False).returncode == 0, 60.0, every_s=1.0)
    assert machine.run("doorward-centre", "verify").returncode == 0
    named = machine.run("doorward-centre", "account", "list", "--json").stdout
    assert json.loads(named.splitlines()[0])["name"] == "admin"
