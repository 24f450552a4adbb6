"""selftest on the simulated hardware: locks move and come back, faults are named, the sheet says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.folder import FolderLock
from simulator.box import TWO_DOORS, Box
from simulator.wiring import hardware_yaml
from tests.agent.cli.unit import Unit
from tests.waiting import eventually


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "ports", TWO_DOORS) as box:
        yield box


@pytest.fixture
def wired(unit: Unit, box: Box) -> Unit:
    unit.write(hardware=hardware_yaml(box))
    return unit


def rows(output: str) -> dict[str, bool | None]:
    return {row["about"]: row["passed"] for row in json.loads(output)["rows"] if row["passed"] is not None}


@pytest.mark.slow
def test_everything_in_order(wired: Unit, box: Box) -> None:
    outcome = wired.doorward("selftest", "--yes")
    assert outcome.exit_code == 0, outcome.output
    assert "door main, lock    " in outcome.stdout
    assert "unlocked for 1." in outcome.stdout
    assert "[  ]  door main" in outcome.stdout
    assert "nothing failed" in outcome.stdout
    for door in ("door main", "door cellar"):
        assert [moment.what for moment in box.trace.moments(door) if "lock" in moment.what][-2:] == [
            "unlocked",
            "locked",
        ]
    assert not box.lock_unlocked


@pytest.mark.slow
def test_faults_are_named(wired: Unit, box: Box) -> None:
    box.screen.unplug()
    box.door("main").set_fire(True)
    box.door("cellar").force()
    box.door("cellar").hold()
    outcome = wired.doorward("selftest", "--yes", "--json")
    assert outcome.exit_code == 1, outcome.output
    assert json.loads(outcome.stdout)["passed"] is False
    failed = {about for about, passed in rows(outcome.stdout).items() if passed is False}
    assert failed == {"device panel", "display panel", "door main, fire", "door cellar, contact"}


@pytest.mark.slow
def test_a_device_that_is_silent_is_named_with_its_line(unit: Unit, box: Box) -> None:
    unit.write(hardware=hardware_yaml(box).replace("baud: 115200", "baud: 9600"))
    outcome = unit.doorward("selftest", "--yes")
    line = next(line for line in outcome.stdout.splitlines() if "device panel" in line)
    assert "FAIL" in line
    assert line.endswith(f"no answer; is it powered, and wired to {box.ports['screen']}, at 9600 baud?")


def test_nothing_moves_without_a_yes(wired: Unit, box: Box) -> None:
    outcome = wired.doorward("selftest", input="n\n")
    assert outcome.exit_code == 1
    assert "leans on a door" in outcome.stderr
    assert not box.trace.moments("door main", "unlocked")
    eventually(lambda: FolderLock(wired.state)).release()


def test_not_while_the_agent_runs(wired: Unit) -> None:
    held = FolderLock(wired.state)
    try:
        outcome = wired.doorward("selftest", "--yes")
    finally:
        held.release()
    assert outcome.exit_code == 1
    assert (
        outcome.stderr == "the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards\n"
    )
