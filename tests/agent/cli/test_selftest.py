"""selftest on the simulated hardware: what is in order passes, each fault is named, and nothing moves without a yes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.cli.selftest import tried
from agent.commissioning.measure import elsewhere, measured
from agent.commissioning.sheet import Row
from agent.commissioning.sheet import passed as all_passed
from agent.config import load
from agent.store import latch
from agent.store.folder import FolderLock
from simulator.box import TWO_DOORS, Box, BoxSpec
from simulator.stairwell import DoorSpec
from simulator.wiring import hardware_yaml
from tests.agent.cli.dialogue import END, talk
from tests.agent.cli.unit import Unit
from tests.agent.cli.wireman import Wireman
from tests.waiting import eventually

ONE = BoxSpec(doors=(DoorSpec(closer_s=0.3),), io_baud=115200, reader_baud=9600)
TWO = BoxSpec(
    doors=(
        DoorSpec(closer_s=0.3),
        DoorSpec(
            "cellar", lock="maglock", relay_contact="nc", output=2, contact=5, exit_button=6, fire=7, closer_s=0.3
        ),
    ),
    io_baud=115200,
)
ACT_S = 1.0


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


def failures(tried_rows: list[Row]) -> dict[str, str]:
    return {row.about: row.text for row in tried_rows if row.passed is False}


def sheet_of(
    unit: Unit, folder: Path, spec: BoxSpec, *changes: tuple[str, str], fault: Callable[[Box], object] = id
) -> list[Row]:
    """The sheet of a box with `fault`, whose configuration is right but for `changes`, filled in with a wireman at the door."""
    with Box(folder / "ports", spec) as box:
        unit.write(*changes, hardware=hardware_yaml(box))
        fault(box)
        return tried(load(unit.config), Wireman(box), ACT_S, 20)[0]


@pytest.mark.slow
def test_everything_in_order_with_a_wireman(
    unit: Unit, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    with Box(tmp_path / "ports", TWO) as box:
        unit.write(("safe_state: locked", "safe_state: unlocked"), hardware=hardware_yaml(box))
        person = Wireman(box, fire=True)
        found, timings = tried(load(unit.config), person, ACT_S, 50)
        assert failures(found) == {}
        assert [row.about for row in found if row.passed is None] == [], "else it could be accepted with a reason only"
        for door in ("door main", "door cellar"):
            moments = [moment.what for moment in box.trace.moments(door)]
            assert moments.count("unlocked") >= 2
        assert {name: door.unlocked for name, door in box.doors.items()} == {"main": True, "cellar": False}, (
            "left as configured"
        )
    lines = {timing.port: timing for timing in timings}
    assert set(lines) == {"io", "screen"}
    assert all(timing.lost == 0 and timing.asked == 50 for timing in timings)
    assert 1.0 < (lines["io"].median_ms or 0) < 20
    record_property("figure", f"io at 115200: {lines['io'].text}")
    for door, does in (("main", "close a circuit that feeds the lock"), ("cellar", "open the lock's supply")):
        assert len([each for each in person.asked if each.startswith(f"door {door}: does the ") and does in each]) == 2


@pytest.mark.slow
def test_swapped_relays(unit: Unit, tmp_path: Path) -> None:
    swap = (("output: 1", "output: 0"), ("output: 2", "output: 1"), ("output: 0", "output: 2"))
    found = failures(sheet_of(unit, tmp_path, TWO, *swap))
    assert {"door main, opens", "door cellar, opens"} <= set(found)
    assert "another lock clicked" in found["door main, opens"]


@pytest.mark.slow
def test_a_stuck_contact_a_silent_reader_and_a_dark_display(unit: Unit, tmp_path: Path) -> None:
    def break_them(box: Box) -> None:
        box.door().contact.stuck = True
        box.reader_lines["reader"].faults.silent = True
        box.panel.dark = True

    found = failures(sheet_of(unit, tmp_path, ONE, fault=break_them))
    assert set(found) == {"door main, opens", "reader card", "display panel"}
    assert "its contact did not see it: stuck" in found["door main, opens"]
    assert found["reader card"] == "no card was heard: is it wired, and powered?"
    assert "does not read well" in found["display panel"]


@pytest.mark.slow
def test_wrong_polarity_of_a_strike_and_a_maglock(unit: Unit, tmp_path: Path) -> None:
    change = ("energised: unlocks", "energised: locks")
    found = failures(sheet_of(unit, tmp_path, TWO, change, change))
    for door in ("main", "cellar"):
        assert "it gives way while locked" in found[f"door {door}, holds"]
        assert "did not open" in found[f"door {door}, opens"]


@pytest.mark.slow
def test_wrong_speeds(unit: Unit, tmp_path: Path) -> None:
    changes = (
        ("io, baud: 115200", "io, baud: 9600"),
        ("screen, baud: 115200", "screen, baud: 19200"),
        ("reader, baud: 9600", "reader, baud: 38400"),
    )
    found = failures(sheet_of(unit, tmp_path, ONE, *changes))
    assert {"device relay", "device panel", "display panel"} <= set(found)
    assert (
        found["port io"] == "modbus-relay at address 1 answers at 115200 baud: correct ports.io.baud, which says 9600"
    )
    assert found["port screen"] == "dwin answers at 115200 baud: correct ports.screen.baud, which says 19200"
    assert "another speed, or another form" in found["reader card"]


@pytest.mark.slow
def test_a_wrong_address(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", ONE) as box:
        unit.write(("address: 1", "address: 4"), hardware=hardware_yaml(box))
        (row,) = elsewhere(load(unit.config), ["panel", "card"])
    assert (row.passed, row.text) == (False, "modbus-relay at address 1 answers at 115200 baud")


@pytest.mark.slow
def test_swapped_contacts(unit: Unit, tmp_path: Path) -> None:
    swap = (("contact: {device: relay, input: 1", "contact: {device: relay, input: 8"), ("input: 5", "input: 1"))
    found = failures(sheet_of(unit, tmp_path, TWO, *swap))
    assert "input 1 of relay changed" in found["door main, opens"]


@pytest.mark.slow
def test_wrong_polarity_of_inputs(unit: Unit, tmp_path: Path) -> None:
    changes = (
        ("input: 1, normally: closed", "input: 1, normally: open"),
        ("input: 3, normally: closed", "input: 3, normally: open"),
    )
    found = failures(sheet_of(unit, tmp_path, ONE, *changes))
    assert "or correct `normally`" in found["door main, contact"]
    assert "or correct `normally`" in found["door main, fire"]
    assert "not moved" in found["door main, lock"]


@pytest.mark.slow
def test_a_noisy_line(unit: Unit, tmp_path: Path) -> None:
    def disturb(box: Box) -> None:
        box.io.faults.flip = 0.03

    found = failures(sheet_of(unit, tmp_path, ONE, fault=disturb))
    assert "lost (" in found["line io"]


@pytest.mark.slow
def test_nobody_there(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", ONE) as box:
        unit.write(hardware=hardware_yaml(box))
        outcome = unit.doorward("selftest", "--yes")
    assert outcome.exit_code == 0, outcome.output
    assert "door main, lock    " in outcome.stdout
    assert "unlocked for 1." in outcome.stdout
    assert "[  ]  door main" in outcome.stdout
    assert re.search(r"\[  \]  door main, opens +not tried: nobody was there \(--yes\)", outcome.stdout)
    assert "line io" in outcome.stdout
    assert "round trip" in outcome.stdout
    assert "nothing failed" in outcome.stdout
    assert [moment.what for moment in box.trace.moments("door main") if "lock" in moment.what] == ["unlocked", "locked"]
    assert not box.lock_unlocked


@pytest.mark.slow
def test_faults_are_named(wired: Unit, box: Box) -> None:
    box.screen.unplug()
    box.door("main").set_fire(True)
    box.door("cellar").force()
    box.door("cellar").hold()
    latch.write(wired.state, frozenset({"cellar"}))
    outcome = wired.doorward("selftest", "--yes", "--json")
    assert outcome.exit_code == 1, outcome.output
    sheet = json.loads(outcome.stdout)
    assert (sheet["passed"], sheet["attended"], [line["port"] for line in sheet["lines"]]) == (False, False, ["io"])
    failed = {about for about, passed in rows(outcome.stdout).items() if passed is False}
    assert failed == {
        "device panel",
        "display panel",
        "door main, fire",
        "door main, lock",
        "door cellar, contact",
        "door cellar, lock",
        "port screen",
    }
    texts = {row["about"]: row["text"] for row in sheet["rows"]}
    assert texts["door cellar, lock"].startswith("not moved: fire has released it")
    assert not [moment for moment in box.trace.moments("relay", "frame") if moment.value.split()[1] == "05"]
    assert not box.trace.moments("door main", "unlocked")


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
    assert outcome.exit_code == 69
    assert (
        outcome.stderr == "the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards\n"
    )


def test_a_sheet_with_one_failure_has_not_passed() -> None:
    assert all_passed([Row("a", True, ""), Row("b", None, "")])
    assert not all_passed([Row("a", True, ""), Row("b", False, "")])


@pytest.mark.slow
def test_an_osdp_reader_with_its_key(unit: Unit, tmp_path: Path) -> None:
    spec = BoxSpec(doors=(DoorSpec(closer_s=0.3),), io_baud=115200, reader_baud=115200, reader_form="osdp")
    with Box(tmp_path / "ports", spec) as box:
        unit.write(hardware=hardware_yaml(box))
        found, timings = tried(load(unit.config), Wireman(box), ACT_S, 20)
    assert failures(found) == {}
    assert {timing.port for timing in timings} == {"io", "reader", "screen"}


@pytest.mark.slow
def test_keys_typed_ahead_answer_nothing(unit: Unit, tmp_path: Path) -> None:
    """At a terminal: a yes typed before the question about what is to be seen is no answer to it."""
    with Box(tmp_path / "ports", ONE) as box:
        unit.write(hardware=hardware_yaml(box))
        arguments = ["-c", str(unit.config), "selftest", "--wait", "1"]
        outcome = talk(arguments, {r"Go on\? .*: ": END}, typed="y\n")
        assert outcome.returncode == 1, outcome.stderr
        assert not box.trace.moments("door main", "unlocked")
        said = talk(
            arguments,
            {
                r"Go on\? .*: ": "y",
                r"does it hold\? .*: ": "y",
                r">> Door main is unlocked for 1 s.*\n": "y\ny\ny",
                r"Did door main open, and no other\? .*: ": END,
            },
            typed="\n",
        ).stderr
    assert "Did door main open" in said
    assert "Press the exit button" not in said, "the question stands"


@pytest.mark.slow
def test_a_line_that_answers_slowly_is_named(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", ONE) as box:
        unit.write(hardware=hardware_yaml(box))
        config = load(unit.config)
        box.io.faults.slow_s = 0.075
        rows = measured(config, ["relay"], 10)[0]
        row = next((each for each in rows if "round of looks" in each.text), None)
        assert row is not None, rows
        assert (row.about, row.passed) == ("line io", None)
        box.io.faults.slow_s = 0.0
        assert not [each for each in measured(config, ["relay"], 10)[0] if "round of looks" in each.text]
