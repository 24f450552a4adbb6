"""The ways out of a real unit at 9600 baud, from the switch to the relay: exit button and fire input."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from simulator.demo.stage import PULSE_S, Stage
from tests.system.test_faults import pulses
from tests.waiting import eventually


def _pass_until(end: float) -> None:
    eventually(lambda: time.monotonic() > end, 6)


@pytest.mark.slow
@pytest.mark.claim("D2")
def test_each_press_of_somebody_impatient_is_answered(
    stage: Stage, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Four presses within two seconds, five times over: the first unlocks at once, and the lock stays unlocked as long as the last asks."""
    stage.start_agent()
    chance = random.Random(seed)
    lags = []
    for _ in range(5):
        began = time.monotonic()
        for _ in range(4):
            pressed = time.monotonic()
            stage.box.press_exit(held_s=0.25)
            eventually(lambda: stage.box.lock_unlocked, 2)
            lags.append(max(0.0, pulses(stage, began)[0] - pressed))
            _pass_until(pressed + 0.48 + chance.random() * 0.05)
        eventually(lambda: not stage.box.lock_unlocked, 6)
        moved = stage.box.trace.moments("relay", "relay", began)
        assert [moment.value for moment in moved] == ["1 on", "1 off"], "it never falls shut between"
        assert moved[1].at - pressed >= PULSE_S - 0.2
    worst = max(lags)
    record_property(
        "figure", f"exit button to an unlocked door, 20 presses by fours in 2 s: at most {worst * 1000:.0f} ms"
    )
    assert sorted(lags)[-2] <= 0.2, f"seed {seed}"
    assert worst <= 0.4, f"seed {seed}: more than a busy machine explains"
    assert stage.agent.stop() == 0


@pytest.mark.slow
@pytest.mark.claim("D1")
def test_fire_releases_within_a_second_also_while_somebody_presses_and_its_contact_flutters(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.start_agent()
    stage.box.press_exit(held_s=0.2)
    for burning in (True, False, True, False, True):
        began = time.monotonic()
        stage.box.fire(burning)
        stage.box.press_exit(held_s=0.1)
        _pass_until(began + 0.15)
    eventually(lambda: stage.box.relay.coil(1), 2)
    released = [m.at for m in stage.box.trace.moments("relay", "frame", 0.0) if m.value.startswith("01 05 00 00 ff 00")]
    lag = released[0] - next(m.at for m in stage.box.trace.moments("door main", "fire", 0.0))
    record_property("figure", f"fire input to the release on the wire {lag * 1000:.0f} ms")
    assert lag <= 1.0
    _pass_until(time.monotonic() + 4.0)
    assert stage.box.lock_unlocked, "released for good, whatever was pressed"
    assert stage.agent.stop() == 0
