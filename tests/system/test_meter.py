"""Water and gas from the wire to the centre's books: real processes, a meter and a detector's contact on ptys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.box import ONE_DOOR
from simulator.demo.stage import Stage
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def killed(stage: Stage, run: int) -> int:
    """The agent is killed and started once more; how many readings the centre has when that has read its meter."""
    assert stage.box.meter is not None
    stage.agent.kill()
    asked = stage.box.meter.asked
    stage.start_agent()
    eventually(lambda: stage.box.meter.asked > asked if stage.box.meter else None, 20)
    eventually(lambda: len(stage.bureau.facts(kind="agent.started")) == run or None, 20)
    return len(stage.bureau.facts(kind="meter.read"))


@pytest.mark.claim("D6")
def test_a_reading_and_gas_reach_the_centre_and_are_told_once_over_a_kill(tmp_path: Path) -> None:
    with Stage(tmp_path, mix=replace(ONE_DOOR, meter="78330123456789")) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.box.water(48_210)
        stage.start_agent()
        (read,) = eventually(lambda: stage.bureau.facts(kind="meter.read"), 20)
        assert {key: read.data[key] for key in ("device", "room", "litres")} == {
            "device": "water",
            "room": "304",
            "litres": 48_210,
        }
        stage.box.gas()
        (alarm,) = eventually(lambda: stage.bureau.facts(kind="input.alarm"), 20)
        assert alarm.data["input"] == "gas"
        eventually(lambda: "input.alarm" in stage.bureau.do("alarms", "list") or None, 20)
        assert not stage.box.lock_unlocked
        stage.box.water(30)
        told = [killed(stage, run) for run in (2, 3, 4)]
        assert told[0] <= 2, "once before the clock was set, once for the day"
        assert told[1:] == [told[0]] * 2
        assert stage.agent.stop() == 0
        log = (tmp_path / "agent.log").read_text(encoding="utf-8")
        assert "48210" not in log
        assert "48240" not in log
