"""From an enrolment file to an accepted box, with real processes: the display says that it is due, the sheet goes home by itself, and after the acceptance it is gone for good."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.demo.stage import UNIT, Stage
from tests.waiting import eventually

DUE = "未验收"


def unit_page(stage: Stage) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(stage.bureau.do("unit", "show", UNIT, "--json"))
    return value


def idle_footer(stage: Stage) -> str | None:
    """None while something else stands there."""
    screen = stage.box.panel.screen()
    return screen.footer if screen.page == "idle" else None


def in_order(stage: Stage) -> bool:
    footer = idle_footer(stage)
    return footer is not None and DUE not in footer


@pytest.mark.slow
def test_from_an_enrolment_file_to_an_accepted_box(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.bureau.do("settings", "put", "--scope", "grid/g21", "--unset", "accepted")
    stage.enrol()
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: DUE in (idle_footer(stage) or ""), 30.0)
    assert unit_page(stage)["acceptance"] == "not accepted"
    stage.agent.stop()

    stage.stop_broker()  # an installer has no network
    tried = stage._commands.run(["-c", str(stage.config), "selftest", "--yes"])
    assert "the sheet is kept" in tried.err
    stage.start_agent()
    eventually((stage.disk.folder / "sheet.told.json").exists, 20.0)
    stage.agent.kill()
    stage.start_agent()
    stage.start_broker()
    page = eventually(lambda: _with_sheet(unit_page(stage)), 90.0, 0.5)
    rows = {row["about"]: row["passed"] for row in page["sheet"]["rows"]}
    assert rows["door main, lock"] is True
    assert None in rows.values(), "nobody was there"
    assert stage.bureau.do("facts", "--kind", "unit.sheet").count(page["sheet"]["sheet"]) >= 1

    stage.bureau.do("unit", "accept", UNIT, "--why", "seen on site", "--despite", "a test: nobody is at the door")
    eventually(lambda: in_order(stage), 60.0)
    stage.stop_broker()
    stage.agent.stop()
    stage.start_agent()
    eventually(lambda: in_order(stage), 30.0)
    record_property("figure", f"a sheet of {len(rows)} rows made with no network, told after a kill, accepted")
    stage.bureau.do("verify")


def _with_sheet(page: dict[str, Any]) -> dict[str, Any] | None:
    return page if page["sheet"] is not None else None
