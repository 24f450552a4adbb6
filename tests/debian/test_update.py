"""Updates of the real package on a Debian with systemd as PID 1 and no network: whatever the file holds and whenever the plug is pulled, a door works after it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.store.schema import JOURNAL_STEPS
from contract.frozen import frozen
from simulator.box import Box
from simulator.demo.stage import NAME, SCOPES, UNIT
from tests.debian import releases
from tests.debian.conftest import make_stick
from tests.debian.machine import Machine
from tests.debian.releases import IMPATIENT_S, Change, by_hand, release
from tests.debian.test_on_debian import (
    JOURNAL,
    PULSE_S,
    SITE,
    at_the_door,
    enrol,
    enrolment,
    pytestmark,
    served,
    start,
    starts,
)
from tests.waiting import eventually

__all__ = ["pytestmark"]
OWN = "/var/lib/doorward-update"
EXIT = "access.granted"
STARTED = "agent.started"
BASE = "0.1.0.1"
NEXT = "0.1.1"


@frozen
class Unit:
    """`layers`: of a Debian with an enrolled unit of `BASE`, whose service is enabled; `centre`: the folder of the site's."""

    layers: list[Path]
    centre: Path
    package: Path

    def file(self, folder: Path, version: str, *changes: Change) -> Path:
        return by_hand(self.centre, SITE, release(self.package, folder, version, *changes), version)


@pytest.fixture(scope="session")
def unit(installed: list[Path], debs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Unit:
    folder = tmp_path_factory.mktemp("unit")
    base = release(debs["doorward"], folder, BASE, releases.SETTLES_SOON)
    with at_the_door(folder, installed) as (_, machine):
        machine.take(base, "/var/tmp/base.deb")
        machine.run("dpkg", "--install", "/var/tmp/base.deb")
        enrol(machine, enrolment(folder))
        machine.run("systemctl", "enable", "doorward")
        return Unit([machine.upper, *installed], folder / "centre", debs["doorward"])


def version(machine: Machine) -> str:
    return machine.run("doorward", "--version").stdout.split()[-1]


def facts(machine: Machine, kind: str) -> list[dict[str, Any]]:
    lines = machine.run("doorward", "log", "--json", "-n", "1000", check=False).stdout.splitlines()
    return [found for line in lines if (found := json.loads(line))["kind"] == kind]


def told(machine: Machine, kind: str, version: str) -> bool:
    return any(fact["version"] == version for fact in facts(machine, kind))


def status(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.run("doorward", "status", "--json").stdout)
    return found


def opens(box: Box) -> None:
    """By the exit button, pressed as somebody does who wants to get out."""
    eventually(lambda: not box.door().unlocked, PULSE_S + 10.0)
    box.press_exit(held_s=1.0)
    eventually(lambda: box.door().unlocked, 10.0)


def working(box: Box, machine: Machine, runs: str) -> None:
    """The door is served, opens, and the right version says so; nothing is under way, nothing half installed."""
    served(box, box.relay.polls, 60.0)
    opens(box)
    assert version(machine) == runs
    assert (
        machine.run("dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", "doorward").stdout == f"installed {runs}"
    )
    assert status(machine)["version"] == runs
    assert machine.run("dpkg", "--audit").stdout == ""
    assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "doorward*").stdout == ""
    assert not {"state.json", "half.deb", "payload", "previous.deb"} & {path.name for path in machine.at(OWN).iterdir()}


@pytest.mark.claim("F56")
def test_a_good_file_then_one_that_crashes(unit: Unit, tmp_path: Path) -> None:
    files = [unit.file(tmp_path, NEXT), unit.file(tmp_path, "0.1.2", releases.CRASHES)]
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        for file in files:
            machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        before = starts(machine)
        said = machine.run("doorward", "update", f"/var/tmp/{NEXT}.doorward", "--yes").stdout
        assert f"{NEXT} runs, and has proved itself" in said, said
        assert starts(machine) == before + 1, "one gap at the door"
        eventually(lambda: told(machine, "software.installed", NEXT), 60.0, 1.0)
        working(box, machine, NEXT)
        again = machine.run("doorward", "update", f"/var/tmp/{NEXT}.doorward", "--yes", check=False)
        assert f"{NEXT} is installed already" in again.stderr
        done = machine.run("doorward", "update", "/var/tmp/0.1.2.doorward", "--yes", check=False)
        assert f"0.1.2 was given up, {NEXT} runs again: door" in done.stderr, done.stdout + done.stderr
        eventually(lambda: told(machine, "software.returned", "0.1.2"), 60.0, 1.0)
        working(box, machine, NEXT)


@pytest.mark.claim("F56")
def test_what_the_centre_did_not_sign_changes_nothing(unit: Unit, tmp_path: Path) -> None:
    """By hand, and from the agent's folder, which the updater does not trust."""
    file = unit.file(tmp_path, NEXT)
    whole = bytearray(file.read_bytes())
    signature = whole.index(b".", whole.index(b".", 512) + 1) + 1
    whole[signature] = ord("A") if whole[signature] != ord("A") else ord("B")
    file.write_bytes(whole)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, "/var/tmp/bad.doorward")
        served(box, 0)
        before = starts(machine)
        done = machine.run("doorward", "update", "/var/tmp/bad.doorward", "--yes", check=False)
        assert done.returncode != 0
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "not signed by this site's centre" in done.stderr
        machine.take(unit.package, "/var/tmp/payload")
        inbox = "/var/lib/doorward/update"
        machine.sh(
            f"mkdir -p {inbox}; cp /var/tmp/payload {inbox}/payload; printf a.b.c >{inbox}/software.jws; : >{inbox}/keys.jws;"
            f" chown -R doorward: {inbox}; echo '{{}}' >{inbox}/wanted"
        )
        eventually(lambda: not machine.at(f"{inbox}/wanted").exists(), 30.0, 0.2)
        working(box, machine, BASE)
        assert starts(machine) == before


def stage(machine: Machine, name: str) -> bool:
    try:
        found = json.loads(machine.at(f"{OWN}/state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found["stage"] == name)


def new_code(machine: Machine) -> bool:
    try:
        return NEXT in machine.at(f"/{releases.CODE}/agent/__init__.py").read_text(encoding="utf-8")
    except OSError:
        return False


def there(name: str) -> Callable[[Machine], bool]:
    return lambda machine: machine.at(f"{OWN}/{name}").exists()


MOMENTS: dict[str, tuple[Callable[[Machine], bool], tuple[Change, ...]]] = {
    "ordered": (there("hand/wanted"), ()),
    "taken": (there("state.json"), ()),
    "the way back kept": (there("previous.deb"), ()),
    "dpkg begun": (there("half.deb"), ()),
    "dpkg in the midst of the files": (new_code, ()),
    "being watched": (lambda machine: stage(machine, "watching"), ()),
    "the outcome written": (there("outcome.json"), ()),
    "crashing": (lambda machine: stage(machine, "watching"), (releases.CRASHES,)),
    "on the way back": (lambda machine: stage(machine, "returning"), (releases.CRASHES,)),
    "on the way back, dpkg begun": (
        lambda machine: stage(machine, "returning") and there("half.deb")(machine),
        (releases.CRASHES,),
    ),
}


@pytest.mark.claim("F56")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_plug_pulled(unit: Unit, tmp_path: Path, moment: str) -> None:
    """As far as a killed PID 1 is a pulled plug: what the kernel had not written to the disk yet is there all the same."""
    reached, changes = MOMENTS[moment]
    file = unit.file(tmp_path, NEXT, *changes)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", "--no-wait")
        eventually(lambda: reached(machine), 120.0, 0.001)
        layers = [machine.upper, *unit.layers]
    result, runs = ("returned", BASE) if changes else ("installed", NEXT)
    with at_the_door(tmp_path / "again", layers) as (box, machine):
        eventually(lambda: machine.at(f"{OWN}/outcome.json").exists(), 120.0, 0.5)
        eventually(lambda: not machine.at(f"{OWN}/state.json").exists(), 120.0, 0.5)
        eventually(lambda: told(machine, f"software.{result}", NEXT), 60.0, 1.0)
        assert len(facts(machine, f"software.{result}")) == 1
        working(box, machine, runs)


@pytest.mark.claim("F56")
def test_code_that_is_no_python_is_given_up_before_it_starts(unit: Unit, tmp_path: Path) -> None:
    """Debian's own script of the package does not take it."""
    file = unit.file(tmp_path, NEXT, releases.NO_PYTHON)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        done = machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", check=False)
        assert f"{NEXT} was given up, {BASE} runs again: install: dpkg: " in done.stderr, done.stdout + done.stderr
        working(box, machine, BASE)


@pytest.mark.claim("F56")
def test_code_that_cannot_even_begin_is_taken_back_without_it(unit: Unit, tmp_path: Path) -> None:
    """Neither agent nor updater of the new release gets beyond an import, and the plug was pulled: nothing of ours is left that could go back."""
    file = unit.file(tmp_path, NEXT, releases.CANNOT_BEGIN)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", "--no-wait")
        eventually(lambda: new_code(machine), 120.0, 0.001)
        layers = [machine.upper, *unit.layers]
    with at_the_door(tmp_path / "again", layers) as (box, machine):
        eventually(lambda: not machine.at(f"{OWN}/state.json").exists(), 120.0, 0.5)
        eventually(lambda: told(machine, "software.returned", NEXT), 60.0, 1.0)
        working(box, machine, BASE)


@pytest.mark.claim("F56")
def test_a_release_whose_updater_does_not_run_is_given_up(unit: Unit, tmp_path: Path) -> None:
    """Its agent works, and yet it would be the last update of this door."""
    file = unit.file(tmp_path, NEXT, releases.UPDATER_CRASHES)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        done = machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", check=False)
        said = f"{NEXT} was given up, {BASE} runs again: install: its updater does not run: "
        assert said in done.stderr, done.stdout + done.stderr
        working(box, machine, BASE)


@pytest.mark.claim("F56")
@pytest.mark.parametrize(
    ("changes", "result", "runs"),
    [((), "installed", NEXT), ((releases.CRASHES,), "returned", BASE)],
    ids=["good", "bad"],
)
def test_a_cut_is_gone_on_with_by_the_release_that_began_it(
    unit: Unit, tmp_path: Path, changes: tuple[Change, ...], result: str, runs: str
) -> None:
    """The new one's updater starts, and crashes each time that it finds something under way."""
    file = unit.file(tmp_path, NEXT, releases.UPDATER_CRASHES_GOING_ON, *changes)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", "--no-wait")
        eventually(lambda: stage(machine, "watching"), 120.0, 0.01)
        layers = [machine.upper, *unit.layers]
    with at_the_door(tmp_path / "again", layers) as (box, machine):
        eventually(lambda: not machine.at(f"{OWN}/state.json").exists(), 120.0, 0.5)
        eventually(lambda: told(machine, f"software.{result}", NEXT), 60.0, 1.0)
        working(box, machine, runs)


@pytest.mark.claim("F56")
def test_going_back_over_a_newer_journal_loses_no_fact(unit: Unit, tmp_path: Path) -> None:
    """The new release raised the journal's form, wrote facts and then did not prove itself; no centre has any of them."""
    file = unit.file(tmp_path, NEXT, releases.NEWER_JOURNAL, releases.CRASHES_LATER)
    with at_the_door(tmp_path, unit.layers) as (box, machine):
        machine.take(file, f"/var/tmp/{file.name}")
        served(box, 0)
        opens(box)
        eventually(lambda: facts(machine, EXIT), 30.0, 0.5)
        machine.run("doorward", "update", f"/var/tmp/{file.name}", "--yes", "--no-wait")
        eventually(lambda: stage(machine, "watching"), 120.0, 0.05)
        eventually(lambda: journal_form(machine) == len(JOURNAL_STEPS) + 1, 30.0, 0.2)
        eventually(lambda: len(facts(machine, STARTED)) >= 2, 60.0, 0.3)
        before = machine.run("doorward", "log", "--json", "-n", "1000").stdout.splitlines()
        eventually(lambda: not machine.at(f"{OWN}/state.json").exists(), 240.0, 0.5)
        eventually(lambda: told(machine, "software.returned", NEXT), 60.0, 1.0)
        working(box, machine, BASE)
        assert journal_form(machine) == len(JOURNAL_STEPS)
        after = machine.run("doorward", "log", "--json", "-n", "1000").stdout.splitlines()
        assert [_what(line) for line in after[: len(before)]] == [_what(line) for line in before]
        assert "journal" in facts(machine, "journal.recovered")[-1]["detail"]


def journal_form(machine: Machine) -> int:
    """Where the package's own script reads it; the file itself is locked by the agent."""
    return int.from_bytes(machine.at(JOURNAL).read_bytes()[60:64])


def _what(line: str) -> tuple[object, ...]:
    """A fact apart from its number: those carried over begin a new count, and say what they `was` before."""
    return tuple(sorted((key, repr(value)) for key, value in json.loads(line).items() if key not in {"seq", "was"}))


@pytest.mark.claim("F56")
def test_software_that_never_reaches_the_centre_is_given_up(
    installed: list[Path], debs: dict[str, Path], tmp_path: Path
) -> None:
    """An outage of the broker costs no good release its place; one that does not reach it while it answers is given up. The door works all the while."""
    later = "0.1.2"
    base = release(debs["doorward"], tmp_path, BASE, releases.SETTLES_SOON, releases.IMPATIENT)
    good = release(debs["doorward"], tmp_path, NEXT, releases.SETTLES_SOON, releases.IMPATIENT)
    lonely = release(debs["doorward"], tmp_path, later, releases.NEVER_REACHES)
    with at_the_door(tmp_path, installed, "mqtts://localhost:8883") as (box, machine):
        for source in (base, good, lonely):
            machine.take(source, f"/var/tmp/{source.name}")
        machine.take(make_stick("doorward-centre", debs, tmp_path / "stick"), "/var/tmp/centre")
        machine.sh(f"cd /var/tmp/centre && apt-get install -y ./*.deb && dpkg --install /var/tmp/{base.name}")
        a_centre(machine)
        start(box, machine)
        for package in (good, lonely):
            machine.run("doorward-centre", "software", "add", f"/var/tmp/{package.name}")
        for each in (NEXT, later):
            machine.run("doorward-centre", "software", "pack", each, "--out", f"/var/tmp/{each}.doorward")
        eventually(lambda: status(machine)["clock"] == "synced", 60.0, 1.0)
        through_an_outage(box, machine)
        done = machine.run("doorward", "update", f"/var/tmp/{later}.doorward", "--yes", check=False)
        assert f"{later} was given up, {NEXT} runs again: centre" in done.stderr, done.stdout + done.stderr
        eventually(lambda: "software.returned" in machine.run("doorward-centre", "facts", "--json").stdout, 60.0, 1.0)
        working(box, machine, NEXT)
        assert machine.run("doorward-centre", "verify").returncode == 0


def a_centre(machine: Machine) -> None:
    """Centre and broker on the same machine, and this unit enrolled there."""
    site = "/var/lib/doorward-centre"
    machine.run("doorward-centre", "init", site, "--site", SITE, "--broker", "mqtts://localhost:8883")
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    machine.run("doorward-centre", "unit", "add", UNIT, "--name", NAME, *scopes)
    machine.run("doorward-centre", "unit", "enrolment", UNIT, "--out", "/var/tmp/unit.json")
    machine.run("doorward-centre", "broker", "--user", "mosquitto")
    machine.run("systemctl", "enable", "--now", "doorward-broker", "doorward-centre")
    machine.run("doorward", "enrol", "/var/tmp/unit.json")


def through_an_outage(box: Box, machine: Machine) -> None:
    """`NEXT` proves itself while the broker is away for longer than the centre is waited for."""
    machine.run("doorward", "update", f"/var/tmp/{NEXT}.doorward", "--yes", "--no-wait")
    eventually(lambda: stage(machine, "installing") or stage(machine, "watching"), 120.0, 0.05)
    machine.run("systemctl", "stop", "doorward-broker")
    eventually(lambda: "does not answer" in updater_says(machine), 120.0, 1.0)
    began = time.monotonic()
    eventually(lambda: time.monotonic() > began + 2 * IMPATIENT_S, 3 * IMPATIENT_S, 1.0)
    assert stage(machine, "watching"), updater_says(machine)
    opens(box)
    machine.run("systemctl", "start", "doorward-broker")
    eventually(lambda: told(machine, "software.installed", NEXT), 120.0, 1.0)
    working(box, machine, NEXT)


def updater_says(machine: Machine) -> str:
    return machine.run("journalctl", "-u", "doorward-update", "-o", "cat", "--no-pager").stdout
