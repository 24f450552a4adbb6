"""Somebody else switches the lock's output: put right and told, on the real process."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from agent.store import reading
from contract.chain import FactLine, parse_line
from simulator.demo.stage import Stage
from tests.waiting import eventually


def faults(stage: Stage) -> list[str]:
    lines = [parse_line(entry.line) for entry in reading.facts(stage.disk.folder)]
    return [str(fact.data["detail"]) for fact in lines if isinstance(fact, FactLine) and fact.kind == "lock.fault"]


@pytest.mark.slow
@pytest.mark.claim("D5", "F39")
def test_an_output_switched_by_a_stranger_is_told_and_put_right(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    box = stage.box
    stage.start_agent()
    began = time.monotonic()
    box.relay.by_hand(1, on=True)
    eventually(lambda: not box.relay.coil(1), 2.0)
    took = time.monotonic() - began
    eventually(lambda: faults(stage), 2.0)
    assert faults(stage) == ["read unlocked, should be locked; set right"]
    assert stage.agent.stop() == 0
    record_property("figure", f"put right after {took * 1000:.0f} ms, told once")


@pytest.mark.slow
@pytest.mark.claim("D5", "F39")
def test_a_board_that_comes_back_with_its_coils_on_is_told(stage: Stage) -> None:
    box = stage.box
    stage.start_agent()
    box.io.unplug()
    box.relay.by_hand(1, on=True)
    time.sleep(1.0)  # the line is away that long
    box.io.plug()
    eventually(lambda: not box.relay.coil(1), 5.0)
    eventually(lambda: faults(stage), 2.0)
    assert faults(stage) == ["was back unlocked, should be locked; set right"]
    assert stage.agent.stop() == 0
