"""Units with designed panels, built and drawn on: what a loss of power leaves of a page comes back to the last pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.box import ONE_DOOR, TJC_BOX
from simulator.demo import panels
from simulator.demo.acting import Scene
from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mix", [ONE_DOOR, replace(TJC_BOX, reader_form="decimal")], ids=["dwin", "tjc"])
def test_a_panel_that_lost_its_power_comes_back_whole(mix: object, tmp_path: Path) -> None:
    said: list[str] = []
    here, there = panels.designed(mix, said.append)
    assert not [line for line in said if "plain" in line]
    with Stage(tmp_path, mix=here, next_door=there) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        scene = Scene(stage)
        try:
            scene.booked("roster.applied", 0, id="residents")
            scene.loses_power("王敏")
            scene.opens(lambda: scene.tap(RESIDENT))
            scene.loses_power("王敏")
            assert stage.box.panel.counts.text_faults == []
            assert stage.box.panel.half_drawn == []
        finally:
            scene.close()
        assert stage.agent.stop() == 0
