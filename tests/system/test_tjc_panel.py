"""A unit with a TJC panel, an RDM6300 and an LC Technology board, through the real processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.box import TJC_BOX
from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage
from simulator.tjc_canvas import TjcCanvasPanel
from simulator.tjc_panel import TjcPanel
from tests.drivers.tjc_glass import canvas
from tests.system.test_faults import opens
from tests.waiting import eventually

pytestmark = pytest.mark.slow


LCTECH = replace(TJC_BOX, board="lctech", address=255)
DRAWN = replace(LCTECH, panel=canvas())


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with Stage(tmp_path, mix=getattr(request, "param", LCTECH)) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        yield stage
        assert stage.agent.stop() == 0


def test_a_card_opens_touched_keys_show_as_dots_and_a_lost_panel_keeps_no_door_shut(running: Stage) -> None:
    box = running.box
    panel = box.panel
    assert isinstance(panel, TjcPanel)
    opens(running, RESIDENT)
    eventually(lambda: panel.title == "请进", 5)
    eventually(lambda: panel.page == "idle" and panel.title, 15)
    box.touch("47")
    eventually(lambda: "●●" in "".join(panel.body), 8)
    box.touch("**")
    eventually(lambda: "●" not in "".join(panel.body), 3)
    box.screen.unplug()
    opens(running, RESIDENT)
    box.screen.plug()
    panel.power_cycle()
    eventually(lambda: panel.title and panel.body, 8)
    assert panel.counts.text_faults == []
    assert panel.half_drawn == []
    log = running.folder / "agent.log"
    for path in (log, *(each for each in running.disk.folder.rglob("*") if each.is_file())):
        data = path.read_bytes().upper()
        assert f"{RESIDENT:X}".encode() not in data, path.name
        assert str(RESIDENT).encode() not in data, path.name


@pytest.mark.parametrize("running", [DRAWN], indirect=True)
def test_a_panel_that_is_drawn_on_shows_the_pages_of_the_design(running: Stage) -> None:
    panel = running.box.panel
    assert isinstance(panel, TjcCanvasPanel)
    eventually(lambda: panel.part("large") and panel.part("aside"), 10)
    idle = panel.part("title")
    opens(running, RESIDENT)
    eventually(lambda: panel.part("title") == ("请进",), 5)
    assert panel.part("large") == ()
    eventually(lambda: panel.part("title") == idle and panel.part("large"), 15)
    panel.power_cycle()
    eventually(lambda: panel.part("title") == idle and panel.part("large"), 8)
    assert panel.counts.text_faults == []
    assert set(panel.counts.refused) <= {"", "DRAKJHSUYDGBNCJHGJKSHBDN"}  # they end what it may have half of
    assert panel.half_drawn == []
