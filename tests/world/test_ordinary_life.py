"""Ordinary life raises no alarm about a lock; somebody else's hand on its output does, once."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from agent.core import effects as fx
from contract.messages import Holder, Role
from tests.agent.core.bench import door_plan, facts_in, unit_plan
from tests.world.hardware import Relay
from tests.world.world import World

PEOPLE = (Holder("anna"), Holder("old-li", unlock_s=12.0), Holder("wang", role=Role.PATROL))
PLAN = unit_plan(
    door_plan(),
    door_plan(id="yard", lock_device="relay2", contact_device="relay2", readers=("card2",)),
)


def faults(world: World) -> list[dict[str, object]]:
    records = [e for _, _, _, found in world.history for e in found if isinstance(e, fx.AppendFacts)]
    return [fact.data for record in records for fact in facts_in(record) if fact.kind == "lock.fault"]


def moments(world: World, dice: random.Random) -> list[Callable[[], None]]:
    """What happens at doors, and to them."""
    door = world.doors[dice.choice(["main", "yard"])]
    unplugged = dice.uniform(0.1, 20.0)

    def fire() -> None:
        door.set_fire(True)
        world.run(dice.uniform(0.5, 30.0))
        door.set_fire(False)

    def line() -> None:
        door.unplug()
        world.run(unplugged)
        door.plug()

    def life() -> None:
        world.crash()
        world.run(dice.uniform(0.0, 3.0))
        world.boot()

    def passes() -> None:
        world.run(dice.uniform(0.2, 6.0))
        if door.push(world.mono):
            world.run(dice.uniform(0.5, 8.0))
            door.close()

    def exits() -> None:
        door.press(True)
        world.run(dice.uniform(0.1, 1.0))
        door.press(False)
        passes()

    return [exits] * 12 + [passes] * 6 + [line] * 2 + [fire, life]


@pytest.mark.parametrize("seed", range(4))
def test_two_hours_of_ordinary_life_raise_no_alarm(seed: int) -> None:
    dice, world = random.Random(seed), World(PLAN, PEOPLE)
    world.broker_up = world.centre_up = True
    end = world.mono + 7200.0
    while world.mono < end:
        world.run(dice.expovariate(1 / 40.0))
        dice.choice(moments(world, dice))()
    assert faults(world) == []


@pytest.mark.claim("F39")
def test_a_stranger_at_the_output_is_told_once_a_minute() -> None:
    world = World(PLAN, PEOPLE)
    world.watch.strangers = True
    world.run(30.0)
    for _ in range(3):
        world.doors["main"].relay = Relay(level=True)
        world.doors["main"].look()
        world.run(5.0)
        assert not world.doors["main"].relay.unlocked(world.mono)
    assert faults(world) == [{"door": "main", "detail": "read unlocked, should be locked; set right"}]
    world.run(60.0)
    assert faults(world)[1:] == [{"door": "main", "detail": "read unlocked, should be locked; set right", "untold": 1}]
    world.run(7200.0)
    assert len(faults(world)) == 2
