"""Fire and the way out on the real process, on lines at line speed: how fast, and what a kill changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from simulator.demo.stage import PULSE_S, Stage
from tests.waiting import eventually

PULSE = "01 05 02 00"
PRESSES = 8


@pytest.fixture
def alone(stage: Stage) -> Iterator[Stage]:
    """The unit alone: neither broker nor centre runs."""
    stage.start_agent()
    yield stage
    assert stage.agent.stop() == 0


def first_after(stage: Stage, since: float, start: str) -> float:
    """When the first frame that begins so was whole at the relay board."""
    frames = stage.box.trace.moments("relay", "frame", since)
    return next((moment.at for moment in frames if moment.value.startswith(start)), 0.0)


def leave(stage: Stage) -> None:
    """Go out by the unlocked door; it locks behind."""
    eventually(lambda: stage.box.lock_unlocked and stage.box.push_door(), 1.0)
    eventually(lambda: not stage.box.lock_unlocked, 3.0)


@pytest.mark.slow
@pytest.mark.claim("D1", "F1")
def test_fire_releases_within_a_second_and_outlives_a_kill(
    alone: Stage, record_property: Callable[[str, object], None]
) -> None:
    box, began = alone.box, time.monotonic()
    box.fire(True)
    eventually(lambda: box.lock_unlocked, 2.0)
    took = time.monotonic() - began
    assert took <= 1.0
    record_property("figure", f"released {took * 1000:.0f} ms after the contact opened, at 9600 baud")
    eventually((alone.disk.folder / "fire-latch").exists, 2.0)
    alone.agent.kill()
    box.fire(False)
    box.relay.reboot()  # its relays drop: only the latch can bring the release back
    eventually(lambda: not box.lock_unlocked, 2.0)
    alone.start_agent()
    eventually(lambda: box.lock_unlocked, 2.0)
    until = time.monotonic() + PULSE_S + 1.0
    eventually(lambda: time.monotonic() > until, PULSE_S + 2.0)
    assert box.lock_unlocked, "a clear input alone does not end a release"


@pytest.mark.slow
@pytest.mark.claim("D2")
def test_the_exit_button_moves_the_lock_within_200_ms(
    alone: Stage, record_property: Callable[[str, object], None]
) -> None:
    box, worst = alone.box, 0.0
    for press in range(PRESSES):
        until = time.monotonic() + 0.7 + press * 0.013  # another moment of the poll each time
        eventually(lambda until=until: time.monotonic() > until, 2.0)
        pressed = time.monotonic()
        box.press_exit()
        took = eventually(lambda pressed=pressed: first_after(alone, pressed, PULSE), 1.0) - pressed
        worst = max(worst, took)
        leave(alone)
    assert worst <= 0.2
    record_property("figure", f"pressed to pulse on the wire, at 9600 baud: at most {worst * 1000:.0f} ms of {PRESSES}")
