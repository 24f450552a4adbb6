"""A lockdown by the centre's own command, through a kill of the real process."""

from __future__ import annotations

import time

import pytest

from simulator.demo.people import RESIDENT
from simulator.demo.stage import UNIT, Stage
from tests.system.test_faults import opens, pulses
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("D4")
def test_a_lockdown_outlives_a_kill_and_ends_by_command(stage: Stage) -> None:
    def order(*mode: str) -> str:
        return stage.bureau.do("mode", *mode, "--unit", UNIT, "--why", "test")

    def refused() -> None:
        began, told = time.monotonic(), len(stage.bureau.facts(kind="access.denied", reason="lockdown"))
        stage.box.tap(RESIDENT)
        eventually(lambda: len(stage.bureau.facts(kind="access.denied", reason="lockdown")) > told, 5)
        assert not pulses(stage, began)

    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert "done" in order("lockdown", "--until", "1h")
    refused()
    eventually(lambda: stage.bureau.facts(kind="command.done", action="mode"), 5)
    stage.agent.kill()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="door.mode", detail="goes on after a restart"), 10)
    refused()
    began = time.monotonic()
    stage.box.press_exit()
    eventually(lambda: pulses(stage, began), 2)
    eventually(lambda: not stage.box.lock_unlocked, 10)
    assert "done" in order("normal")
    opens(stage, RESIDENT)
    assert stage.agent.stop() == 0
