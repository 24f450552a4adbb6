"""Meters and detectors in a configuration: what loads, what is refused, and what `check` notes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.commissioning.findings import findings
from agent.config import ConfigFaults, load, loads, unit_plan
from tests.test_readme import ROOT

EXAMPLE = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
FURTHER = re.sub(r"^  # ((?:meters|water-301|gas-fault):)", r"  \1", EXAMPLE, flags=re.MULTILINE)

METER = next(line for line in FURTHER.split("\n") if line.startswith("  water-301:"))


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        loads(text, Path("config.yaml"))
    return list(caught.value.lines)


def notes(text: str, tmp_path: Path) -> list[tuple[str, str, str]]:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    found = findings(load(file), devices=False)
    return [(each.about, each.state, each.text) for each in found if each.state != "ask"]


def test_the_examples_further_lines_load_as_they_are() -> None:
    assert FURTHER.count("\n") == EXAMPLE.count("\n")
    config = loads(FURTHER, Path("config.yaml"))
    assert config.ports["meters"].parity == "even"
    assert (config.ports["io"].parity, config.devices["water-301"].options.room) == ("none", "301")
    plan = unit_plan(config, {})
    (meter,) = plan.meters
    assert (meter.name, meter.room, meter.every_s) == ("water-301", "301", 3600.0)
    assert 240 <= meter.daily_min < 300, "from four on, each at a time of its own"
    assert unit_plan(config, {}).meters == plan.meters, "and always at that"
    fault = next(each for each in plan.inputs if each.name == "gas-fault")
    assert (fault.alarm, fault.urgent, fault.device) == (False, True, "relay")


@pytest.mark.parametrize("shared", ["io", "reader"])
def test_a_meter_shares_no_line_with_a_lock_or_a_reader(shared: str) -> None:
    (line,) = faults(FURTHER.replace("driver: meter, port: meters", f"driver: meter, port: {shared}"))
    assert f"meter cannot share port {shared}" in line


def test_any_is_for_a_meter_that_is_alone() -> None:
    second = FURTHER.replace("  water-301:", "  water-302: {driver: meter, port: meters}\n  water-301:")
    (line,) = faults(second)
    assert "any is for a meter alone on its line" in line
    same = second.replace("port: meters}", 'port: meters, address: "78330011223344"}')
    assert "is already water-302" in faults(same)[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("every_min: 5", "every_min: must be 15 to 360"),
        ("daily: 4 o'clock", "is no time of day"),
        ("parity: mark", '"mark" is not none or even or odd'),
        ("protocol: mbus", '"mbus" is not cjt188 or modbus'),
    ],
)
def test_a_slip_is_one_line(wrong: str, said: str) -> None:
    if wrong.startswith("parity"):
        text = FURTHER.replace("parity: even", wrong)
    else:
        text = re.sub(rf"{wrong.split(':', maxsplit=1)[0]}: [^,}}]+", wrong, METER, count=1)
        text = METER.replace("port: meters,", f"port: meters, {wrong},") if text == METER else text
        text = FURTHER.replace(METER, text)
    (line,) = faults(text)
    assert said in line


def test_check_says_what_a_meter_lacks(tmp_path: Path) -> None:
    said = notes(FURTHER.replace(", parity: even", "").replace(', room: "301"', ""), tmp_path)
    texts = {about: text for about, state, text in said if state == "note"}
    assert "nobody's sign of life" in texts["device water-301"]
    assert "even parity" in texts["port meters"]
    assert [about for about, _, _ in notes(FURTHER, tmp_path) if about in {"device water-301", "port meters"}] == []


def test_check_says_of_a_detector_whose_alarm_goes_nowhere(tmp_path: Path) -> None:
    gas = FURTHER.replace("devices:", "devices:\n  detector: {driver: gas-detector, port: gas}", 1)
    gas = gas.replace("ports:", "ports:\n  gas: {device: /dev/ttyUSB7}", 1)
    assert [text for about, _, text in notes(gas, tmp_path) if about == "device detector"] == [
        "no door, display or input uses it",
        "input 1, its alarm, is used by no input",
    ]
    wired = gas.replace(
        "inputs:", "inputs:\n  cellar: {device: detector, input: 1, normally: NORMALLY, alarm: true}", 1
    )
    assert [s for a, s, _ in notes(wired.replace("NORMALLY", "closed"), tmp_path) if a == "device detector"] == [
        "failed"
    ]
    assert [s for a, s, _ in notes(wired.replace("NORMALLY", "open"), tmp_path) if a == "device detector"] == []
    assert "3 is outside 1 to 2" in faults(wired.replace("input: 1, normally: NORMALLY", "input: 3, normally: open"))[0]
