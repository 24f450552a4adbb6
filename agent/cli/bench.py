"""The unit's ports opened for a test by hand: orders go out, facts are kept as they come. No core, no store, no link."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from agent.config import DeviceConfig, PortConfig
from agent.driver_words import explained
from agent.words import _
from drivers import reports
from drivers.port import Port
from drivers.registry import DRIVERS
from drivers.session import Session

STOP_S = 2.0
ANSWER_S = 3.0


class BenchDevices(Protocol):
    """What of a configuration is needed here; a whole one has it."""

    @property
    def ports(self) -> Mapping[str, PortConfig]: ...

    @property
    def devices(self) -> Mapping[str, DeviceConfig]: ...


class Bench:
    """`with Bench(config) as bench`: every port that has a device on it is open. What is known is read with `wait` or under `lock`."""

    def __init__(self, config: BenchDevices) -> None:
        self.lock = threading.Condition()
        self.found: dict[str, str] = {}
        self.lost: dict[str, reports.DeviceLostReport] = {}
        self.outputs: dict[tuple[str, int], bool] = {}
        self.inputs: dict[tuple[str, int], bool] = {}
        self.moves: list[tuple[str, int]] = []
        """Inputs (device, number) in the order in which they changed."""
        self.answers: dict[int, reports.OrderSent | reports.OrderFailed] = {}
        self.drawn: set[int] = set()
        self.steps: set[str] = set()
        """Of a pairing (facts.PairingStep)."""
        self.hung = False
        """A port did not end: what it did at last is not known."""
        self.cards: Counter[str] = Counter()
        """Cards read, by device. How many, never which."""
        self.keys: Counter[str] = Counter()
        """Keys pressed, by device. Likewise."""
        self.heard: Counter[str] = Counter()
        """Bytes received, by port."""
        self._ports: dict[str, Port] = {}
        self._port_of = {name: device.port for name, device in config.devices.items()}
        self._orders = 0
        for name, port in config.ports.items():
            members = [(device, entry) for device, entry in config.devices.items() if entry.port == name]
            if members:
                session = DRIVERS[members[0][1].driver].session(
                    [(each, entry.options) for each, entry in members], port.baud
                )
                self._ports[name] = Port(
                    name, port.device, port.baud, _Counted(session, name, self.heard), self._take, parity=port.parity
                )

    def __enter__(self) -> Self:
        for port in self._ports.values():
            port.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for port in self._ports.values():
            self.hung |= not port.stop(STOP_S)

    def next_order(self) -> int:
        self._orders += 1
        return self._orders

    def order(self, order: reports.Order) -> None:
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
        return _("no answer") if lost is None else _told(lost)

    def detail(self, device: str) -> str:
        """What was said of its loss beside the reason; the reason where nothing was."""
        lost = self.lost.get(device)
        return self.why(device) if lost is None or not lost.detail else explained(lost.detail)

    def pulse(self, device: str, number: int, seconds: float, *, on: bool) -> str | None:
        """Have the device pulse an output; None when it took the order, else why not."""
        order = self.next_order()
        return self._carried_out(reports.PulseOutput(device, number, on, seconds, order, time.monotonic() + 1.0))

    def set(self, device: str, number: int, *, on: bool) -> str | None:
        """Set an output for good; None when the device took the order and reads back so, else why not."""
        order = self.next_order()
        refused = self._carried_out(reports.SetOutput(device, number, on, order, time.monotonic() + 1.0))
        if refused is not None:
            return refused
        there = self.wait(lambda: self.outputs.get((device, number)) is on, ANSWER_S)
        return (
            None
            if there
            else (
                _("output {number} of {device} stays off") if on else _("output {number} of {device} stays on")
            ).format(number=number, device=device)
        )

    def _carried_out(self, order: reports.PulseOutput | reports.SetOutput) -> str | None:
        self.order(order)
        if not self.wait(lambda: order.order in self.answers, ANSWER_S):
            return _("no answer to the order")
        answer = self.answers[order.order]
        return explained(answer.reason) if isinstance(answer, reports.OrderFailed) else None

    def _take(self, fact: reports.Fact) -> None:
        """On the port's thread."""
        with self.lock:
            match fact:
                case reports.DeviceFoundReport(device, detail):
                    self.found[device] = detail
                    self.lost.pop(device, None)
                case reports.DeviceLostReport(device):
                    self.lost[device] = fact
                    self.found.pop(device, None)
                case reports.OutputLevel(device, number, on):
                    self.outputs[device, number] = on
                case reports.InputLevel(device, number, high):
                    if self.inputs.get((device, number), high) != high:
                        self.moves.append((device, number))
                    self.inputs[device, number] = high
                case reports.OrderSent(_, order) | reports.OrderFailed(_, order):
                    self.answers[order] = fact
                case reports.PairingStep(_, _, step):
                    self.steps.add(step)
                case reports.PageReport(_, token):
                    self.drawn.add(token)
                case reports.CardSeen(device):
                    self.cards[device] += 1
                case reports.KeyReport(device):
                    self.keys[device] += 1
                case _:
                    pass
            self.lock.notify_all()


def _told(lost: reports.DeviceLostReport) -> str:
    if not lost.detail:
        return explained(lost.reason)
    return _("{reason}: {detail}").format(reason=explained(lost.reason), detail=explained(lost.detail))


class _Counted:
    """A session whose received bytes are counted: a reader that is heard but not understood differs from a silent one."""

    def __init__(self, session: Session, port: str, heard: Counter[str]) -> None:
        self._port = port
        self._heard = heard
        self._receive = session.receive
        self.unasked = session.unasked
        self.opened, self.closed = session.opened, session.closed
        self.order, self.send = session.order, session.send
        self.wait, self.facts, self.pending = session.wait, session.facts, session.pending

    def receive(self, data: bytes, now: float, not_before: float = reports.UNKNOWN) -> None:
        self._heard[self._port] += len(data)
        self._receive(data, now, not_before)
