"""Doors obey current: what a lock without power does, and what the contact then says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.stairwell import MAGLOCK, STRIKE, DoorSpec
from tests.waiting import eventually


def one(folder: Path, **door: object) -> Box:
    return Box(folder / "box", BoxSpec(doors=(DoorSpec(closer_s=0.1, **door),)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lock", "contact", "energised", "unlocked_at_rest"),
    [
        (STRIKE, "no", "unlocks", False),
        (STRIKE, "nc", "locks", True),
        (MAGLOCK, "nc", "unlocks", False),
        (MAGLOCK, "no", "locks", True),
    ],
)
def test_lock_and_relay(tmp_path: Path, lock: str, contact: str, energised: str, unlocked_at_rest: bool) -> None:
    box = one(tmp_path, lock=lock, relay_contact=contact)
    assert box.door().spec.energised == energised
    assert box.lock_unlocked == unlocked_at_rest
    box.relay.write_coil(0, 0xFF00)
    assert box.lock_unlocked != unlocked_at_rest
    box.door().power(False)
    assert box.lock_unlocked == (lock == MAGLOCK)


def test_a_locked_door_holds_and_an_unlocked_one_opens_and_closes(tmp_path: Path) -> None:
    with one(tmp_path) as box:
        assert not box.push_door()
        assert not box.contact_open
        assert box.relay.inputs[0]
        box.relay.write_coil(0, 0xFF00)
        assert box.push_door()
        box.relay.write_coil(0, 0x0000)
        assert box.contact_open
        assert not box.relay.inputs[0]
        eventually(lambda: not box.contact_open)
        assert box.relay.inputs[0]
        assert [moment.what for moment in box.trace.moments("door main")] == [
            "pushed", "unlocked", "pushed", "opened", "locked", "closed",
        ]  # fmt: skip


def test_a_held_door_stays_open(tmp_path: Path) -> None:
    with one(tmp_path) as box:
        box.relay.write_coil(0, 0xFF00)
        box.door().hold()
        assert box.push_door()
        time.sleep(0.15)
        assert box.contact_open
        box.door().hold(False)
        eventually(lambda: not box.contact_open)


def test_button_fire_gas_and_cut_wires(box: Box) -> None:
    _, button, fire, gas = box.relay.inputs[:4]
    assert (button, fire, gas) == (False, True, True)
    box.press_exit(held_s=0.05)
    assert box.relay.inputs[1]
    eventually(lambda: not box.relay.inputs[1])
    box.fire()
    assert not box.relay.inputs[2]
    box.fire(False)
    assert box.relay.inputs[2]
    box.door().fire.cut()
    assert not box.relay.inputs[2]  # an open wire is fire
    box.door().contact.cut()
    assert not box.relay.inputs[0]  # and a cut contact an open door
    box.gas()
    assert not box.relay.inputs[3]


def test_two_doors_do_not_touch_each_other(two_doors: Box) -> None:
    two_doors.relay.write_coil(1, 0xFF00)
    assert two_doors.push_door("cellar")
    assert not two_doors.push_door("main")
    assert not two_doors.relay.inputs[4]
    assert two_doors.relay.inputs[0]
    assert set(two_doors.ports) == {"io", "screen", "reader", "reader2"}
