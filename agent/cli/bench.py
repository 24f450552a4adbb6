"""The unit's ports opened for a test by hand: orders go out, facts are kept as they come. No core, no store, no link."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from agent.config import Config
from drivers import facts
from drivers.port import Port
from drivers.registry import DRIVERS

STOP_S = 2.0


class Bench:
    """`with Bench(config) as bench`: every port that has a device on it is open. What is known is read with `wait` or under `lock`."""

    def __init__(self, config: Config) -> None:
        self.lock = threading.Condition()
        self.found: dict[str, str] = {}
        self.lost: dict[str, facts.DeviceLost] = {}
        self.outputs: dict[tuple[str, int], bool] = {}
        self.inputs: dict[tuple[str, int], bool] = {}
        self.answers: dict[int, facts.OrderSent | facts.OrderFailed] = {}
        self.drawn: set[int] = set()
        self._ports: dict[str, Port] = {}
        self._port_of = {name: device.port for name, device in config.devices.items()}
        self._orders = 0
        for name, port in config.ports.items():
            members = [(device, entry) for device, entry in config.devices.items() if entry.port == name]
            if members:
                session = DRIVERS[members[0][1].driver].session(
                    [(each, entry.options) for each, entry in members], port.baud
                )
                self._ports[name] = Port(name, port.device, port.baud, session, self._take)

    def __enter__(self) -> Self:
        for port in self._ports.values():
            port.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for port in self._ports.values():
            port.stop(STOP_S)

    def next_order(self) -> int:
        self._orders += 1
        return self._orders

    def order(self, order: facts.Order) -> None:
        self._ports[self._port_of[order.device]].order(order)

    def wait(self, predicate: Callable[[], object], limit_s: float) -> bool:
        """Whether `predicate` came to hold within `limit_s`; it is called with the lock held."""
        with self.lock:
            return bool(self.lock.wait_for(predicate, limit_s))

    def known(self, device: str, limit_s: float) -> str | None:
        """What the device said when it was found; None where it was not, and `why` says more."""
        self.wait(lambda: device in self.found, limit_s)
        return self.found.get(device)

    def why(self, device: str) -> str:
        lost = self.lost.get(device)
        return "no answer" if lost is None else f"{lost.reason}: {lost.detail}" if lost.detail else lost.reason

    def pulse(self, device: str, number: int, seconds: float, *, on: bool) -> str | None:
        """Have the device pulse an output; None when it took the order, else why not."""
        order = self.next_order()
        self.order(facts.PulseOutput(device, number, on, seconds, order, time.monotonic() + 1.0))
        if not self.wait(lambda: order in self.answers, 3.0):
            return "no answer to the order"
        answer = self.answers[order]
        return answer.reason if isinstance(answer, facts.OrderFailed) else None

    def _take(self, fact: facts.Fact) -> None:
        """On the port's thread."""
        with self.lock:
            match fact:
                case facts.DeviceFound(device, detail):
                    self.found[device] = detail
                    self.lost.pop(device, None)
                case facts.DeviceLost(device):
                    self.lost[device] = fact
                    self.found.pop(device, None)
                case facts.OutputLevel(device, number, on):
                    self.outputs[device, number] = on
                case facts.InputLevel(device, number, high):
                    self.inputs[device, number] = high
                case facts.OrderSent(_, order) | facts.OrderFailed(_, order):
                    self.answers[order] = fact
                case facts.PageDrawn(_, token):
                    self.drawn.add(token)
                case _:
                    pass
            self.lock.notify_all()
