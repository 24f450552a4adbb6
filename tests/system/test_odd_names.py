"""A unit whose state folder has something odd under every name but those of its two databases: it starts as ever, and loses nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from agent.store import latch, reading
from contract.chain import FactLine, parse_line
from simulator.demo.people import RESIDENT
from simulator.demo.stage import PULSE_S, Stage
from tests.agent.store.test_odd_names import DATABASES, OTHERS, OURS, put
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("D4")
@pytest.mark.parametrize(
    "kind",
    ["fifo", "link to a device", *(pytest.param(each, marks=pytest.mark.soak) for each in ("socket", "full folder"))],
)
def test_a_start_among_odd_things(stage: Stage, kind: str, record_property: Callable[[str, object], None]) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert stage.agent.stop() == 0
    folder = stage.disk.folder
    for name in {*OTHERS, *OURS, *DATABASES, "crash-1.jsonl"}:
        put(folder / name, kind)
    began, polls = time.monotonic(), stage.box.relay.polls
    stage.agent.start()
    eventually(lambda: stage.box.relay.polls > polls, 5)
    stage.box.press_exit(held_s=1.0)
    eventually(lambda: stage.box.lock_unlocked, 2)
    took = time.monotonic() - began
    record_property("figure", f"{kind}: exit opened {took:.2f} s after the process began")
    assert took <= 2.0
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)
    stage.box.tap(RESIDENT)
    eventually(lambda: stage.box.lock_unlocked, 1.0)
    status = folder / "status.json"
    eventually(lambda: status.is_file() and json.loads(status.read_text())["storage"] == "ok", 5)
    stage.box.fire(True)
    eventually(lambda: latch.read(folder) == {"main"}, 5)
    stage.box.fire(False)
    assert stage.agent.stop() == 0
    lines = (parse_line(entry.line) for entry in reading.facts(folder))
    kinds = [line.kind for line in lines if isinstance(line, FactLine)]
    assert kinds.count("access.granted") == 2
    assert "journal.recovered" not in kinds
    assert "storage.failed" not in kinds
