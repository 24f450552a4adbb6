"""A holder is erased while the unit is off: when it comes back it is asked, does it, and no byte of their card's hash is left in its state folder."""

from __future__ import annotations

import time

import pytest

from agent.identity import Identity
from agent.store import plainfile
from contract.cards import card_hash
from simulator.demo.people import PATROL, RESIDENT
from simulator.demo.stage import PULSE_S, Stage
from tests.agent.store.test_erasure import found_in
from tests.waiting import eventually


@pytest.mark.slow
def test_an_erasure_reaches_a_unit_that_was_off(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    folder = stage.disk.folder
    (key,) = Identity.load(stage.identity).card_keys.values()
    hashed = card_hash(key, f"{RESIDENT:X}")
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    stage.box.tap(RESIDENT)
    eventually(lambda: stage.box.lock_unlocked, 5)
    assert stage.agent.stop() == 0
    assert found_in(folder, hashed)
    case = plainfile.quarantined(folder / "cache.db")
    (case / "cache.db").write_bytes((folder / "cache.db").read_bytes())
    (folder / "crash-1.jsonl").write_text(f'{{"hashes": ["{hashed}"]}}')
    (holder,) = {line.split()[0] for line in stage.bureau.do("holder", "show", f"0x{RESIDENT:X}").splitlines()}
    stage.bureau.do("holder", "erase", holder, "--why", "moved away")
    assert found_in(folder, hashed), "a unit that is off has done nothing yet"
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="command.done", action="erase"), 60)
    assert found_in(folder, hashed) == []
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)
    stage.box.tap(RESIDENT)
    time.sleep(1.2)
    assert not stage.box.lock_unlocked
    stage.box.tap(PATROL)
    eventually(lambda: stage.box.lock_unlocked, 5)
    assert "1 of 1 units" in stage.bureau.do("holder", "erasures")
    assert stage.agent.stop() == 0
    assert found_in(folder, hashed) == []
