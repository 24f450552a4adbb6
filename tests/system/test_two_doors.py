"""Two doors on one board, one with a maglock whose relay must be on to lock; no identity, no network: the ways out alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.demo.children import Child
from simulator.stairwell import MAGLOCK, DoorSpec
from simulator.wiring import UnitNames, config_yaml
from tests.waiting import eventually

DOORS = (
    DoorSpec(),
    DoorSpec("cellar", lock=MAGLOCK, relay_contact="no", output=2, contact=5, exit_button=6, fire=7),
)


@dataclass
class House:
    box: Box
    agent: Child
    state: Path

    def unlocked(self) -> tuple[bool, bool]:
        return self.box.door("main").unlocked, self.box.door("cellar").unlocked

    def settles(self, main: bool, cellar: bool, limit_s: float = 5.0) -> None:
        eventually(lambda: self.unlocked() == (main, cellar), limit_s)

    def start(self) -> None:
        polls = self.box.relay.polls
        self.agent.start()
        eventually(lambda: self.box.relay.polls > polls + 6, 20)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Box(tmp_path / "dev", BoxSpec(doors=DOORS)) as box:
        state = tmp_path / "state"
        names = UnitNames(
            id="b12-u2",
            site="badahu",
            name="12-2",
            scopes=(),
            broker="mqtt://127.0.0.1:1",
            identity=tmp_path / "identity",
            state=state,
            pulse_s=1.5,
        )
        config = tmp_path / "config.yaml"
        config.write_text(config_yaml(box, names), encoding="utf-8")
        agent = Child("agent", ["-c", str(config), "run"], tmp_path / "agent.log")
        try:
            yield House(box, agent, state)
        finally:
            agent.stop()


@pytest.mark.slow
@pytest.mark.claim("D1")
@pytest.mark.claim("D3")
@pytest.mark.claim("D4")
def test_each_lock_by_its_own_polarity(house: House) -> None:
    assert house.unlocked() == (False, True), "without power to its relay the maglock lets go"
    house.start()
    house.settles(False, False)  # the safe state is written first

    house.box.press_exit("cellar", held_s=0.2)
    house.settles(False, True)
    house.settles(False, False)

    house.box.press_exit("cellar", held_s=0.2)
    house.settles(False, True)
    house.agent.kill()
    house.settles(False, False, 3.0)  # the board ends the pulse, into locked
    house.start()

    house.box.relay.reboot()
    house.settles(False, False)  # its outputs fell off: the maglock is on again as soon as that is read

    house.box.press_exit("main", held_s=0.2)
    house.settles(True, False)
    house.box.door("main").set_fire(True)  # one input, in mid-pulse: every door
    house.settles(True, True, 1.0)
    house.box.relay.reboot()
    house.settles(True, True)
    house.agent.kill()
    house.box.door("main").set_fire(False)
    house.box.relay.reboot()
    house.start()
    house.settles(True, True)  # out of the latch
    assert not house.box.trace.moments("relay", "pulse", house.box.trace.moments("door main", "fire")[0].at)
