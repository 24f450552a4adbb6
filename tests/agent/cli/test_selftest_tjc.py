"""The acceptance sheet of a box with a TJC panel, whose keys are a keypad, and a reader of 125 kHz tags."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.selftest import tried
from agent.config import load
from simulator.box import TJC_BOX, Box
from simulator.stairwell import DoorSpec
from simulator.wiring import hardware_yaml
from tests.agent.cli.unit import Unit
from tests.agent.cli.wireman import Wireman


@pytest.mark.slow
def test_the_acceptance_sheet(unit: Unit, tmp_path: Path) -> None:
    spec = replace(TJC_BOX, doors=(DoorSpec(closer_s=0.3),), io_baud=115200)
    with Box(tmp_path / "ports", spec) as box:
        unit.write(hardware=hardware_yaml(box))
        rows, timings = tried(load(unit.config), Wireman(box), 1.0, 20)
    assert [row for row in rows if row.passed is False] == []
    assert [row.text for row in rows if row.about == "keypad panel"] == ["a key was heard"]
    assert {timing.port for timing in timings} == {"io", "screen"}
