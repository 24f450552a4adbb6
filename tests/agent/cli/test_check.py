"""check: the configuration, the identity, each device, the state folder and what only a person can see."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.commissioning import port_findings
from agent.commissioning.findings import EARLIEST_UTC
from agent.config import load
from agent.identity import spend_token
from tests.agent.cli.unit import EXAMPLE, Unit, process


@pytest.fixture
def line() -> Iterator[str]:
    """A serial line that is there."""
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_the_example_passes_away_from_a_unit() -> None:
    outcome = process("-c", str(EXAMPLE), "check", "--no-devices")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert "unit b12-u2 of badahu, 3 ports, 3 devices, 1 door" in outcome.stdout


def test_ten_mistakes_are_ten_lines_and_78(unit: Unit) -> None:
    unit.write(
        ("id: b12-u2 ", "id: B12 "),
        ("Asia/Shanghai", "Asia/Shanghia"),
        ("mqtts://broker", "mqtt://broker"),
        ("baud: 9600", "baud: 9_600"),
        ("driver: line-reader", "driver: line-raeder"),
        ("      device: relay\n", "      device: rely\n"),
        ("pulse_s: 5 ", "pulse_s: 90 "),
        ("    on_fire: release", "    # on_fire: release"),
        ("egress: true", "egress: no"),
        ("days: 180", "dayz: 180"),
    )
    outcome = process("-c", str(unit.config), "check")
    assert outcome.returncode == 78
    assert outcome.stdout == ""
    lines = outcome.stderr.splitlines()
    assert len(lines) == 10
    assert all(line.split(":")[0] == str(unit.config) and int(line.split(":")[1]) > 0 for line in lines)
    as_json = unit.json("check", "--json")
    assert [finding["text"] for finding in as_json["findings"]] == lines
    assert as_json["ok"] is False


def test_each_missing_device_is_named_with_what_to_do(unit: Unit) -> None:
    unit.enrol()
    outcome = unit.doorward("check")
    assert outcome.exit_code == 1
    lines = outcome.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "FAIL  port io (relay)",
        "FAIL  port reader (card)",
        "FAIL  port screen (panel)",
    ]
    assert "/dev/serial/by-path/platform-xhci-usb-0:1.1 is not there: plug the adapter in" in lines[0]
    assert "/dev/ttyS1 is not there: enable the line in the board's set-up" in lines[1] or os.path.exists("/dev/ttyS1")  # noqa: PTH110


def test_a_unit_in_order(unit: Unit, line: str, tmp_path: Path) -> None:
    unit.enrol()
    for name in ("one", "two", "three"):
        (tmp_path / name).symlink_to(line)
    unit.write(
        ("/dev/serial/by-path/platform-xhci-usb-0:1.1", str(tmp_path / "one")),
        ("/dev/ttyS1", str(tmp_path / "two")),
        ("/dev/ttyS2", "socket://127.0.0.1:1"),
        ("journal_mb: 64", "journal_mb: 4"),
    )
    outcome = unit.doorward("check")
    assert outcome.exit_code == 0, outcome.stderr
    assert f"ok    port io (relay): {tmp_path / 'one'} at 9600 baud" in outcome.stdout
    assert "note  port screen (panel): socket://127.0.0.1:1 is not looked at" in outcome.stdout
    assert "its key has not been confirmed by the centre yet" in outcome.stdout
    spend_token(unit.identity)
    assert "its key has not been confirmed" not in unit.doorward("check").stdout


def states(unit: Unit, about: str, *arguments: str) -> list[tuple[str, str]]:
    return [
        (f["state"], f["text"]) for f in unit.json("check", "--json", *arguments)["findings"] if f["about"] == about
    ]


def test_the_wiring_is_asked_for(unit: Unit) -> None:
    texts = [text for state, text in states(unit, "door main", "--no-devices") if state == "ask"]
    assert len(texts) == 3
    assert "exit button itself close a circuit that feeds the lock" in texts[0]
    assert "fire contact itself close a circuit that feeds the lock" in texts[2]


def test_what_is_doubtful_is_noted(unit: Unit) -> None:
    unit.write(
        ("fire: {device: relay, input: 3, normally: closed}", "fire: {device: relay, input: 3, normally: open}"),
        ("    contact: {", "    # contact: {"),
        ("energised: unlocks", "energised: locks"),
        ("egress: true", "egress: false"),
        ("displays: [panel]", "displays: []"),
    )
    notes = [text for state, text in states(unit, "door main", "--no-devices") if state == "note"]
    assert len(notes) == 4
    assert states(unit, "device panel", "--no-devices") == [("note", "no door, display or input uses it")]


def test_an_identity_of_another_unit_fails(unit: Unit) -> None:
    unit.enrol()
    unit.write(("id: b12-u2 ", "id: b12-u3 "))
    ((state, text),) = states(unit, "identity", "--no-devices")
    assert state == "failed"
    assert "unit.id is b12-u3, and the enrolment is for b12-u2" in text
    assert unit.doorward("check", "--no-devices").exit_code == 1


def test_a_damaged_identity_fails_also_away_from_the_unit(unit: Unit) -> None:
    unit.enrol()
    (unit.identity / "unit.key").write_bytes(b"")
    (unit.identity / "enrolment.json").chmod(0o644)
    found = states(unit, "identity", "--no-devices")
    assert [state for state, _ in found] == ["failed", "failed"]


def test_state_that_is_missing_or_too_small(unit: Unit) -> None:
    unit.state.rmdir()
    ((state, text),) = states(unit, "state")
    assert (state, text.split(",")[0]) == ("ok", f"{unit.state} is not there yet: the agent makes it")
    assert not unit.state.exists(), "check makes nothing"
    unit.state.symlink_to(unit.config)
    assert states(unit, "state")[0][0] == "failed"
    unit.state.unlink()
    unit.state.mkdir()
    ((state, text),) = states(unit, "state")
    assert state == "ok"


def test_a_file_is_no_serial_device(unit: Unit) -> None:
    unit.write(("/dev/serial/by-path/platform-xhci-usb-0:1.1", str(unit.config)))
    assert states(unit, "port io (relay)") == [("failed", f"{unit.config} is no serial device")]


def test_a_port_that_is_the_console_is_told(unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login reads what the board says, and answers it."""
    master, slave = os.openpty()
    line, listed = tmp_path / "line", tmp_path / "active"
    line.symlink_to(os.ttyname(slave))
    unit.write(("/dev/serial/by-path/platform-xhci-usb-0:1.1", str(line)))
    monkeypatch.setattr(port_findings, "CONSOLES", listed)
    assert states(unit, "port io (relay)")[0][0] == "ok", "no list, no console"
    listed.write_text(f"tty0 {line.resolve().name}\n")
    ((state, text),) = states(unit, "port io (relay)")
    assert (state, text.split(":")[0]) == ("failed", f"{line} is this machine's console")
    listed.write_text("tty0 ttyS0\n")
    assert states(unit, "port io (relay)")[0][0] == "ok"
    os.close(master)
    os.close(slave)


def test_the_broker_of_the_enrolment_must_do_as_well(unit: Unit) -> None:
    unit.write(("  broker: mqtts://broker.example.cn:8883", "  #"))
    unit.enrol()
    assert load(unit.config).link is not None
    assert states(unit, "link.broker") == []
    path = unit.identity / "enrolment.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "broker": "mqtt://127.0.0.1"}))
    ((state, text),) = states(unit, "link.broker", "--no-devices")
    assert state == "failed"
    assert "insecure: true" in text


def test_the_clock_is_looked_at(unit: Unit) -> None:
    ((state, _),) = states(unit, "clock")
    assert state == "ok"
    assert EARLIEST_UTC == 1_767_225_600


def test_a_key_that_means_nothing_any_more_is_a_note(unit: Unit) -> None:
    unit.write(("      pulse_s: 5 ", "      on_bus_loss: keep\n      pulse_s: 5 "))
    outcome = process("-c", str(unit.config), "check", "--no-devices")
    (note,) = [line for line in outcome.stdout.splitlines() if "on_bus_loss" in line]
    assert note.startswith(f"note  {unit.config}:")
    assert "delete it" in note
    assert "on_bus_loss" not in outcome.stderr


def test_a_line_whose_round_is_long_is_a_note(unit: Unit) -> None:
    further = "".join(f"  r{n}: {{driver: modbus-relay, port: io, address: {n}, model: waveshare-d}}\n" for n in (2, 3))
    unit.write(("devices: ", "devices:\n" + further + "#"))
    outcome = process("-c", str(unit.config), "check", "--no-devices")
    assert "port io: a round of looks takes 172 ms or more" in outcome.stdout, outcome.stderr
