"""The way out at a relay board that takes long to answer, on the real process and a line at line speed."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.box import ONE_DOOR
from simulator.demo.stage import Stage
from tests.system.test_fire import PULSE, first_after, leave
from tests.waiting import eventually

PRESSES = 9
FAST = 115200


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Stage]:
    """The unit alone, its relay board at 115200 baud."""
    with Stage(tmp_path, mix=replace(ONE_DOOR, io_baud=FAST)) as stage:
        stage.found()
        stage.start_agent()
        yield stage
        assert stage.agent.stop() == 0


def presses(stage: Stage, answers_s: tuple[float, float], seed: int) -> list[float]:
    """Seconds from each press to its pulse at the board, which answers within `answers_s`."""
    dice, box, took = random.Random(seed), stage.box, []
    for press in range(PRESSES):
        until = time.monotonic() + 0.7 + press * 0.013  # another moment of the poll each time
        while time.monotonic() < until:
            box.io.faults.slow_s = dice.uniform(*answers_s)
            time.sleep(0.02)
        pressed = time.monotonic()
        box.press_exit(held_s=0.5)
        took.append(eventually(lambda pressed=pressed: first_after(stage, pressed, PULSE), 2.0) - pressed)
        leave(stage)
    return sorted(took)


@pytest.mark.soak
@pytest.mark.claim("D2")
def test_the_exit_button_at_a_board_that_answers_in_60_to_90_ms(
    quick: Stage, seed: int, record_property: Callable[[str, object], None]
) -> None:
    took = presses(quick, (0.060, 0.090), seed)
    middle = statistics.median(took)
    record_property("figure", f"answers in 60-90 ms: p50 {middle * 1000:.0f} ms, at most {took[-1] * 1000:.0f} ms")
    assert middle <= 0.24, "an exchange for the wait, and two looks: nothing else comes between"


@pytest.mark.slow
@pytest.mark.claim("D2")
def test_the_exit_button_is_in_time_at_a_board_that_answers_in_40_ms(
    quick: Stage, seed: int, record_property: Callable[[str, object], None]
) -> None:
    took = presses(quick, (0.030, 0.040), seed)
    record_property("figure", f"answers in 30-40 ms: at most {took[-1] * 1000:.0f} ms of {PRESSES}")
    assert took[-1] <= 0.2


@pytest.mark.soak
@pytest.mark.claim("D2", "D3")
def test_eight_presses_in_seven_seconds_are_one_unlock(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text("utf-8").replace("pulse_s: 2.0", "pulse_s: 5.0"), "utf-8")
    stage.start_agent()
    began, box = time.monotonic(), stage.box
    for press in range(8):
        eventually(lambda press=press: time.monotonic() >= began + press * 0.9, 2.0)
        box.press_exit(held_s=0.3)
    eventually(lambda: not box.lock_unlocked and time.monotonic() > began + 9.0, 8.0)
    moved = [moment.value for moment in box.trace.moments("relay", "relay", began)]
    assert moved == ["1 on", "1 off"]
    assert len(box.trace.moments("relay", "pulse", began)) <= 4
    assert stage.agent.stop() == 0
