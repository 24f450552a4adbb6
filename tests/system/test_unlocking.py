"""Rule D13 on the real process: a line or an agent that fails as somebody asks to be let in, at a strike and at a maglock. Nobody reads “come in” before a shut door."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.locale import load
from simulator.demo.people import RESIDENT
from simulator.demo.stage import PULSE_S, Stage
from simulator.modbus_slave import ModbusError
from simulator.stairwell import MAGLOCK, STRIKE
from tests.system.test_faults import facts
from tests.waiting import eventually

TEXTS = load()["zh-CN"]
COME_IN, SHUT = TEXTS["granted.title"], TEXTS["lock_silent.title"]
TOLD_S = 3.0
"""An order has a second, and half of one for what became of it; a page takes its time, and this machine does other things too."""
SLACK_S = 0.05
"""Between the relay's contact and what the trace says of the lock."""


@pytest.fixture(params=[STRIKE, MAGLOCK])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """At work, the roster in force; nobody speaks to the centre any more."""
    with Stage(tmp_path, lock=str(request.param)) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        yield stage
        assert stage.agent.stop() == 0
        assert welcomes_before_a_shut_door(stage) == []


def welcomes_before_a_shut_door(stage: Stage) -> list[float]:
    """When somebody began to read “come in”, and the lock was locked."""
    moved = [(m.at, m.what) for m in stage.box.trace.moments("door main") if m.what in {"locked", "unlocked"}]
    began, before = [], ""
    for at, screen in list(stage.box.panel.history):
        if screen.title == COME_IN != before:
            began.append(at)
        before = screen.title
    return [at for at in began if [what for when, what in moved if when <= at + SLACK_S][-1:] != ["unlocked"]]


def shown(stage: Stage, since: float) -> list[str]:
    return [screen.title for at, screen in list(stage.box.panel.history) if at >= since]


def opens(stage: Stage, card: int) -> None:
    """The next try: unlocked, said, and locked again."""
    since = time.monotonic()
    stage.box.tap(card)
    eventually(lambda: stage.box.lock_unlocked and COME_IN in shown(stage, since), 5)
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)


def hang(stage: Stage) -> Callable[[], None]:
    """The adapter takes no more bytes; what piled up is lost with it."""
    stage.box.io.faults.hang = True

    def mend() -> None:
        stage.box.io.faults.hang = False

    return mend


def silence(stage: Stage) -> Callable[[], None]:
    """The board has no power, or its wire is cut."""
    stage.box.io.faults.silent = True

    def mend() -> None:
        stage.box.io.faults.silent = False

    return mend


def refuse(stage: Stage) -> Callable[[], None]:
    """It answers, and does not do as it is told."""

    def refused(address: int, value: int) -> None:
        raise ModbusError(4)

    stage.box.relay.write_coil = refused  # type: ignore[method-assign]

    def mend() -> None:
        del stage.box.relay.write_coil

    return mend


def unplug(stage: Stage) -> Callable[[], None]:
    stage.box.io.unplug()
    return stage.box.io.plug


def stick(stage: Stage) -> Callable[[], None]:
    """It says yes, and its contact does not move."""
    stage.box.relay.stuck[1] = stage.box.relay.coil(1)
    return stage.box.relay.stuck.clear


def press(stage: Stage) -> None:
    stage.box.press_exit(held_s=0.3)


def tap(stage: Stage) -> None:
    stage.box.tap(RESIDENT)


@pytest.mark.slow
@pytest.mark.claim("D13", "F37")
@pytest.mark.parametrize("fault", [hang, silence, refuse, unplug, stick])
def test_who_cannot_be_let_in_is_told_so_and_the_next_try_opens(
    unit: Stage, fault: Callable[[Stage], Callable[[], None]]
) -> None:
    since = time.monotonic()
    mend = fault(unit)
    tap(unit)
    eventually(lambda: SHUT in shown(unit, since), TOLD_S)
    if fault is not stick:
        assert COME_IN not in shown(unit, since)
    assert not unit.box.lock_unlocked
    mend()
    eventually(lambda: facts(unit, "lock.fault"), 5)
    (no_entry,) = facts(unit, "door.no_entry")
    assert no_entry.data["by"] == "r-0301"
    eventually(lambda: _well(unit), 15)
    opens(unit, RESIDENT)


def _well(stage: Stage) -> bool:
    """The board is polled again, with all it says of itself."""
    polls = stage.box.relay.polls
    time.sleep(0.7)
    return stage.box.relay.polls > polls + 4 and not stage.box.lock_unlocked


@pytest.mark.slow
@pytest.mark.claim("D2", "D13")
def test_who_goes_on_pressing_the_exit_button_gets_out_when_the_board_obeys_again(unit: Stage) -> None:
    since = time.monotonic()
    mend = refuse(unit)
    unit.box.press_exit(held_s=4.0)
    eventually(lambda: SHUT in shown(unit, since), TOLD_S)
    mend()
    eventually(lambda: unit.box.lock_unlocked, 1.5)
    eventually(lambda: unit.box.panel.title != SHUT, 2.0)


@pytest.mark.slow
@pytest.mark.claim("D7", "D13")
@pytest.mark.parametrize("stopped_s", [0.6, 3.0])
def test_an_agent_that_is_stopped_as_somebody_asks(unit: Stage, stopped_s: float, seed: int) -> None:
    """At any moment of it: before the order, after it, before its answer. Nothing opens late, and “come in” is true or not said."""
    dice, pid = random.Random(seed), unit.agent.pid
    assert pid is not None
    asked = []
    for turn in range(6):
        asked.append(time.monotonic())
        (tap, press)[turn % 2](unit)
        time.sleep(dice.uniform(0.0, 0.08))
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(stopped_s)
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: _well(unit), 10)
    opened = [m.at for m in unit.box.trace.moments("door main", "unlocked", asked[0])]
    late = [at - max(each for each in asked if each <= at) for at in opened]
    assert not [each for each in late if each > 1.2], f"opened {late} s after it was asked"
    opens(unit, RESIDENT)
