"""Rule D13 on real lines: loop, devices and ports as they are, the board at the far end failing as somebody asks. A strike and a maglock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from agent.clock import Clock
from agent.config import load, unit_plan
from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import initial
from agent.devices import DeviceEffect, Devices
from agent.inbox import Inbox
from agent.locale import load as texts
from agent.loop import Loop
from contract.cards import card_hash
from contract.facts import kind_of
from contract.messages import Holder
from simulator.box import Box, BoxSpec
from simulator.modbus_slave import ModbusError
from simulator.stairwell import MAGLOCK, STRIKE, DoorSpec
from simulator.wiring import UnitNames, config_yaml
from tests.agent.core.bench import UTC, holders
from tests.waiting import eventually

KEY = bytes(range(32))
CARD = 12345678
WORDS = texts()["zh-CN"]
COME_IN, SHUT = WORDS["granted.title"], WORDS["lock_silent.title"]
PULSE_S = 2.0
READERS_S = 1.3
TOLD_S = 5.0
"""A no is due within two seconds; this machine may have other things to do."""
SLACK_S = 0.05


class Unit:
    """The door with no centre and no disk. `hold_up`: called on the loop's thread with each order to the lock, ahead of its being handed over and behind it."""

    def __init__(self, folder: Path, lock: str) -> None:
        contact = "no" if lock == STRIKE else "nc"
        self.box = Box(folder / "dev", BoxSpec(doors=(DoorSpec(lock=lock, relay_contact=contact),)))
        names = UnitNames(
            "u1", "s", "u", (), "mqtt://127.0.0.1:1", folder / "identity", folder / "state", pulse_s=PULSE_S
        )
        file = folder / "config.yaml"
        file.write_text(config_yaml(self.box, names), encoding="utf-8")
        config = load(file)
        self.facts: list[str] = []
        self.hold_up: Callable[[str], None] = lambda _when: None
        self.inbox = Inbox()
        self.devices = Devices(config, {"k": KEY}, self.inbox.post, time.monotonic)
        plan = unit_plan(config, texts())
        self.loop = Loop(initial(plan), self.inbox, Clock(plan.timezone), self._dispatch, turned=self.devices.supervise)
        self._thread = threading.Thread(target=self.loop.run, args=(ev.Started("s1", frozenset()),), daemon=True)

    def __enter__(self) -> Self:
        self.box.__enter__()
        self.devices.start()
        self._thread.start()
        self.inbox.post(ev.StoreOpened(1, "e1", UTC, 1, "00", 0, (), {}, {}))
        self.inbox.post(ev.HoldersReplaced(holders(Holder("anna", key=card_hash(KEY, f"{CARD:X}"))), None, ()))
        eventually(lambda: self.box.relay.polls > 8 and self.box.panel.title, 20)
        time.sleep(READERS_S)  # what a line says in its first second does not count
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.stop()
        self._thread.join(5.0)
        assert self.devices.stop() == []
        self.box.__exit__(None, None, None)

    def _dispatch(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.AppendFacts):
            self.facts += [kind_of(each.fact) for each in effect.facts]
        elif isinstance(effect, DeviceEffect):
            pulse = isinstance(effect, fx.PulseLock)
            if pulse:
                self.hold_up("before")
            self.devices.order(effect)
            if pulse:
                self.hold_up("behind")

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
        time.sleep(1.0)

    def lets_in(self) -> None:
        since = time.monotonic()
        self.box.tap(CARD)
        eventually(lambda: COME_IN in self.shown(since) and self.unlocked_since(since), 10)


@pytest.fixture(params=[STRIKE, MAGLOCK])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Unit]:
    with Unit(tmp_path, str(request.param)) as made:
        yield made
        assert made.welcomed_before_a_shut_door() == []


def hang(unit: Unit) -> Callable[[], None]:
    """The adapter takes no more bytes."""
    unit.box.io.faults.hang = True
    return lambda: setattr(unit.box.io.faults, "hang", False)


def silence(unit: Unit) -> Callable[[], None]:
    """The board has no power, or its wire is cut."""
    unit.box.io.faults.silent = True
    return lambda: setattr(unit.box.io.faults, "silent", False)


def refuse(unit: Unit) -> Callable[[], None]:
    """It answers, and does not do as it is told."""

    def refused(address: int, value: int) -> None:
        raise ModbusError(4)

    vars(unit.box.relay)["write_coil"] = refused
    return lambda: vars(unit.box.relay).pop("write_coil")


def unplug(unit: Unit) -> Callable[[], None]:
    unit.box.io.unplug()
    return unit.box.io.plug


def hold_up(unit: Unit) -> Callable[[], None]:
    """The loop is held up between its decision and the line, for longer than an order lives."""
    unit.hold_up = lambda when: time.sleep(1.3) if when == "before" else None
    return lambda: setattr(unit, "hold_up", lambda _when: None)


@pytest.mark.slow
@pytest.mark.claim("D13", "D7", "F37")
@pytest.mark.parametrize("fault", [hang, silence, refuse, unplug, hold_up])
def test_who_cannot_be_let_in_is_told_so_and_the_next_try_opens(
    unit: Unit, fault: Callable[[Unit], Callable[[], None]]
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
def test_a_relay_that_sticks_takes_the_welcome_back_and_gives_none_until_it_moves(unit: Unit) -> None:
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
def test_an_answer_that_the_loop_hears_when_the_pulse_is_over_welcomes_nobody(unit: Unit) -> None:
    unit.hold_up = lambda when: time.sleep(PULSE_S + 0.6) if when == "behind" else None
    since = time.monotonic()
    unit.box.tap(CARD)
    eventually(lambda: SHUT in unit.shown(since), PULSE_S + TOLD_S)
    assert COME_IN not in unit.shown(since)
    assert "lock.fault" not in unit.facts, "it did as it was told"
    unit.hold_up = lambda _when: None
    unit.well()
    unit.lets_in()


@pytest.mark.slow
@pytest.mark.claim("D2", "D13")
def test_who_goes_on_pressing_the_exit_button_gets_out_when_the_board_obeys_again(unit: Unit) -> None:
    since = time.monotonic()
    mend = refuse(unit)
    unit.box.press_exit(held_s=6.0)
    eventually(lambda: SHUT in unit.shown(since), TOLD_S)
    mend()
    eventually(lambda: unit.unlocked_since(since), 3.0)
    eventually(lambda: unit.box.panel.title != SHUT, 3.0)
    assert unit.facts.count("access.granted") == 1
