"""The door with no centre and no disk: loop, devices and ports as they are. `python -m tests.agent.door_alone CONFIG` is one to be stopped."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

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
from tests.agent.core.bench import UTC, holders

KEY = bytes(range(32))
CARD = 12345678
"""Whoever has it may come in."""


class DoorAlone:
    """`hold_up` is called on the loop's thread with each order to unlock, `before` it is handed over and `behind` that."""

    def __init__(self, config_file: Path) -> None:
        config = load(config_file)
        self.facts: list[str] = []
        self.hold_up: Callable[[str], None] = lambda _when: None
        self._inbox = Inbox()
        self._devices = Devices(config, {"k": KEY}, self._inbox.post, time.monotonic)
        plan = unit_plan(config, texts())
        clock = Clock(plan.timezone)
        self._loop = Loop(initial(plan), self._inbox, clock, self._dispatch, turned=self._devices.supervise)
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        self._devices.start()
        self._inbox.post(ev.StoreOpened(1, "e1", UTC, 1, "00", 0, (), {}, {}))
        self._inbox.post(ev.HoldersReplaced(holders(Holder("anna", key=card_hash(KEY, f"{CARD:X}"))), None, ()))
        self._loop.run(ev.Started("s1", frozenset()))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.stop()
        self._thread.join(5.0)
        assert self._devices.stop() == []

    def _dispatch(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.AppendFacts):
            self.facts += [kind_of(each.fact) for each in effect.facts]
        elif isinstance(effect, DeviceEffect):
            pulse = isinstance(effect, fx.PulseLock)
            if pulse:
                self.hold_up("before")
            self._devices.order(effect)
            if pulse:
                self.hold_up("behind")


if __name__ == "__main__":
    DoorAlone(Path(sys.argv[1])).run()
