"""The centre's own commands change every key of a real unit that runs, and its cards open at every moment."""

from __future__ import annotations

import json

import pytest

from simulator.demo.people import RESIDENT
from simulator.demo.stage import UNIT, Stage
from tests.system.test_new_card_key import opens
from tests.waiting import eventually


def shown(stage: Stage) -> dict[str, object]:
    return dict(json.loads(stage.bureau.do("keys", "show", "--json")))


@pytest.mark.slow
def test_card_working_keys_and_login_of_a_unit_that_runs(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert opens(stage, RESIDENT)
    before = len(stage.bureau.facts(kind="roster.applied"))
    stage.bureau.do("keys", "rotate", "card")
    assert opens(stage, RESIDENT), "while it changes"
    eventually(lambda: len(stage.bureau.facts(kind="roster.applied")) > before, 20)
    eventually(lambda: len(stage.bureau.facts(kind="secrets.applied")) >= 2, 20)
    assert opens(stage, RESIDENT), "with the new key alone"
    for which in ("command", "state"):
        stage.bureau.do("keys", "rotate", which)
        eventually(lambda: "waits" not in stage.bureau.do("keys", "show"), 30)
        assert stage.bureau.order("open", "--unit", UNIT, "--door", "main", "--why", "test").code in (0, 5)
        assert opens(stage, RESIDENT)
    stage.agent.stop()
    stage.start_agent()
    assert opens(stage, RESIDENT), "over a restart"
