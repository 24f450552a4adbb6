"""Rule D13 on real lines: loop, devices and ports as they are, the board at the far end failing as somebody asks. A strike and a maglock."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from agent.locale import load as texts
from simulator.box import Box, BoxSpec
from simulator.modbus_slave import ModbusError
from simulator.mortal import mortal
from simulator.stairwell import MAGLOCK, STRIKE, DoorSpec
from simulator.wiring import UnitNames, config_yaml
from tests.agent.door_alone import CARD, DoorAlone
from tests.waiting import eventually

WORDS = texts()["zh-CN"]
COME_IN, SHUT = WORDS["granted.title"], WORDS["lock_silent.title"]
LATE = WORDS["late.title"]
PULSE_S = 2.0
READERS_S = 1.3
AGAIN_S = 1.8
"""A card that was away for so long is shown anew."""
TOLD_S = 5.0
"""A no is due within two seconds; this machine may have other things to do."""
SLACK_S = 0.05
LATE_S = 1.2
"""An order dies after 1 s: nothing comes later than that and the time on the wire."""


class Unit:
    """A door in its box, and the agent's part that serves it: in this process, or as one of its own that can be stopped."""

    def __init__(self, folder: Path, lock: str) -> None:
        contact = "no" if lock == STRIKE else "nc"
        self.box = Box(folder / "dev", BoxSpec(doors=(DoorSpec(lock=lock, relay_contact=contact),)))
        names = UnitNames(
            "u1", "s", "u", (), "mqtt://127.0.0.1:1", folder / "identity", folder / "state", pulse_s=PULSE_S
        )
        self.config = folder / "config.yaml"
        self.config.write_text(config_yaml(self.box, names), encoding="utf-8")

    def __enter__(self) -> Self:
        self.box.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.box.__exit__(None, None, None)

    def ready(self) -> None:
        eventually(lambda: self.box.relay.polls > 8 and self.box.panel.title, 60)
        time.sleep(READERS_S)  # what a line says in its first second does not count

    def shown(self, since: float) -> list[str]:
        return [screen.title for at, screen in list(self.box.panel.history) if at >= since]

    def welcomed_before_a_shut_door(self) -> list[float]:
        """When “come in” began to show, and the lock was locked."""
        moved = [(m.at, m.what) for m in self.box.trace.moments("door main") if m.what in {"locked", "unlocked"}]
        began, before = [], ""
        for at, screen in list(self.box.panel.history):
            if screen.title == COME_IN != before:
                began.append(at)
            before = screen.title
        return [at for at in began if [what for when, what in moved if when <= at + SLACK_S][-1:] != ["unlocked"]]

    def unlocked_since(self, since: float) -> list[float]:
        return [moment.at - since for moment in self.box.trace.moments("door main", "unlocked", since)]

    def well(self) -> None:
        """The board is found and polled, the lock at rest; the card counts as shown anew."""
        eventually(lambda: not self.box.lock_unlocked, 10)
        polls = self.box.relay.polls
        eventually(lambda: self.box.relay.polls > polls + 8, 20)
        time.sleep(AGAIN_S)

    def lets_in(self) -> None:
        """With one card shown; with another where a busy machine asked for it once more (D12)."""
        for _ in range(4):
            since = time.monotonic()
            self.box.tap(CARD)
            eventually(lambda: {COME_IN, LATE} & {*self.shown(since)}, 10)  # noqa: B023
            if COME_IN in self.shown(since):
                break
            time.sleep(AGAIN_S)
        eventually(lambda: self.unlocked_since(since), 2)


class Here(Unit):
    """Served in this process."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.alone = DoorAlone(self.config)
        self.alone.start()
        self.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.alone.stop()
        super().__exit__()

    @property
    def facts(self) -> list[str]:
        return self.alone.facts


LOCKS = [STRIKE, pytest.param(MAGLOCK, marks=pytest.mark.soak)]
"""A maglock's with the long runs: what differs is the level of one output, which tests/system/test_two_doors.py has each time."""


@pytest.fixture(params=LOCKS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    with Here(tmp_path, str(request.param)) as made:
        yield made
        assert made.welcomed_before_a_shut_door() == []


def hang(unit: Here) -> Callable[[], None]:
    """The adapter takes no more bytes."""
    unit.box.io.faults.hang = True
    return lambda: setattr(unit.box.io.faults, "hang", False)


def silence(unit: Here) -> Callable[[], None]:
    """The board has no power, or its wire is cut."""
    unit.box.io.faults.silent = True
    return lambda: setattr(unit.box.io.faults, "silent", False)


def refuse(unit: Here) -> Callable[[], None]:
    """It answers, and does not do as it is told."""

    def refused(address: int, value: int) -> None:
        raise ModbusError(4)

    vars(unit.box.relay)["write_coil"] = refused
    return lambda: vars(unit.box.relay).pop("write_coil")


def unplug(unit: Here) -> Callable[[], None]:
    unit.box.io.unplug()
    return unit.box.io.plug


def hold_up(unit: Here) -> Callable[[], None]:
    """The loop is held up between its decision and the line, for longer than an order lives."""
    unit.alone.hold_up = lambda when: time.sleep(1.3) if when == "before" else None
    return lambda: setattr(unit.alone, "hold_up", lambda _when: None)


@pytest.mark.slow
@pytest.mark.claim("D13", "D7", "F37")
@pytest.mark.parametrize("fault", [hang, silence, refuse, unplug, hold_up])
def test_who_cannot_be_let_in_is_told_so_and_the_next_try_opens(
    unit: Here, fault: Callable[[Here], Callable[[], None]]
) -> None:
    since = time.monotonic()
    mend = fault(unit)
    unit.box.tap(CARD)
    eventually(lambda: SHUT in unit.shown(since), TOLD_S)
    assert COME_IN not in unit.shown(since)
    assert {"access.granted", "door.no_entry", "lock.fault"} <= set(unit.facts)
    mend()
    unit.well()
    assert unit.unlocked_since(since) == [], "opened after its no"
    unit.lets_in()


@pytest.mark.slow
@pytest.mark.claim("D13")
def test_a_relay_that_sticks_takes_the_welcome_back_and_gives_none_until_it_moves(unit: Here) -> None:
    since = time.monotonic()
    relay = unit.box.relay
    relay.stuck[1] = relay.coil(1)
    try:
        unit.box.tap(CARD)
        eventually(lambda: SHUT in unit.shown(since), TOLD_S)
        assert not unit.box.lock_unlocked
        unit.well()
        again = time.monotonic()
        unit.box.tap(CARD)
        eventually(lambda: SHUT in unit.shown(again), TOLD_S)
        assert COME_IN not in unit.shown(again), "it has lied once"
    finally:
        relay.stuck.clear()
    unit.well()
    unit.box.panel.history.clear()  # the first welcome was of the lock's word
    unit.lets_in()


@pytest.mark.slow
@pytest.mark.claim("D13")
def test_an_answer_that_the_loop_hears_when_the_pulse_is_over_welcomes_nobody(unit: Here) -> None:
    unit.alone.hold_up = lambda when: time.sleep(PULSE_S + 0.6) if when == "behind" else None
    since = time.monotonic()
    unit.box.tap(CARD)
    eventually(lambda: SHUT in unit.shown(since), PULSE_S + TOLD_S)
    assert COME_IN not in unit.shown(since)
    assert "lock.fault" not in unit.facts, "it did as it was told"
    unit.alone.hold_up = lambda _when: None
    unit.well()
    unit.lets_in()


@pytest.mark.slow
@pytest.mark.claim("D2", "D13")
def test_who_goes_on_pressing_the_exit_button_gets_out_when_the_board_obeys_again(unit: Here) -> None:
    since = time.monotonic()
    mend = refuse(unit)
    unit.box.press_exit(held_s=6.0)
    eventually(lambda: SHUT in unit.shown(since), TOLD_S)
    mend()
    eventually(lambda: unit.unlocked_since(since), 3.0)
    eventually(lambda: unit.box.panel.title != SHUT, 3.0)
    assert unit.facts.count("access.granted") == 1


@pytest.mark.soak
@pytest.mark.claim("D7", "D13", "F41")
@pytest.mark.parametrize("lock", [STRIKE, MAGLOCK])
def test_a_process_that_is_stopped_as_somebody_asks(lock: str, tmp_path: Path, seed: int) -> None:
    """At any moment of it: before the order, behind it, before its answer. Nothing opens late, and “come in” is true or not said."""
    dice = random.Random(seed)
    with Unit(tmp_path, lock) as unit:
        words = [sys.executable, "-m", "tests.agent.door_alone", str(unit.config)]
        child = subprocess.Popen(mortal(words), stdin=subprocess.DEVNULL)
        try:
            unit.ready()
            asked = []
            for turn in range(8):
                asked.append(time.monotonic())
                unit.box.press_exit(held_s=0.3) if turn % 2 else unit.box.tap(CARD)
                time.sleep(dice.uniform(0.0, 0.08))
                os.kill(child.pid, signal.SIGSTOP)
                time.sleep((0.6, 1.5, 3.0)[turn % 3])
                os.kill(child.pid, signal.SIGCONT)
                unit.well()
            opened = [moment.at for moment in unit.box.trace.moments("door main", "unlocked", asked[0])]
            late = [at - max(each for each in asked if each <= at) for at in opened]
            assert [each for each in late if each > LATE_S] == [], "opened when nobody asked any more"
            unit.lets_in()
            assert unit.welcomed_before_a_shut_door() == []
        finally:
            child.kill()
            child.wait()
