"""A patrol round by the centre's own commands: kept at the unit, told on its screen, through a kill and with no network; the sheet says what became of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.demo.people import NAMES, PATROL
from simulator.demo.stage import UNIT, Stage
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("D10")
def test_a_round_offline_through_a_kill_to_the_sheet(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 20)
    zone = ZoneInfo(json.loads((stage.bureau.path / "centre.json").read_text())["timezone"])
    now = datetime.now(zone)
    spans = (now - timedelta(hours=1), now + timedelta(hours=1))
    window = ",".join(f"{each:%H:%M}" for each in spans)
    day = f"{spans[0]:%Y-%m-%d}"
    file = stage.bureau.path / "stops.csv"
    file.write_text(f"unit,from,until,name\n{UNIT},{window},\n{UNIT}x,{window},12号楼3单元\n", encoding="utf-8")
    put = ("round", "put", str(file), "--scope", f"unit/{UNIT}", "--title", "夜巡", "--yes")
    name = stage.bureau.do(*put).splitlines()[0]
    eventually(lambda: stage.bureau.facts(kind="state.applied", state="round", id=name), 10)
    stage.cable.cut()
    stage.box.tap(PATROL)
    eventually(lambda: stage.box.panel.title.startswith("签到成功"), 5)
    assert "下一站" in "".join(stage.box.panel.body)
    stage.agent.kill()
    stage.start_agent()
    stage.cable.mend()
    eventually(lambda: stage.bureau.facts(kind="patrol.checkin", round=name, timing="on_time"), 30)
    sheet = json.loads(stage.bureau.do("round", "show", name, day, "--json"))
    assert [(each["state"], each["timing"]) for each in sheet["stops"]] == [("done", "on_time"), ("awaited", None)]
    assert json.loads(stage.bureau.do("round", "track", NAMES[PATROL], f"{now:%Y-%m-%d}", "--json"))["unit"] == UNIT
    stage.bureau.do("round", "withdraw", name)
    eventually(lambda: len(stage.bureau.facts(kind="state.applied", state="round", id=name)) == 2, 10)
    stage.bureau.do("verify")
    assert stage.agent.stop() == 0
