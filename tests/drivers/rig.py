"""A simulated unit and the ports a test opened on it; what the drivers told."""

from __future__ import annotations

import time

from drivers.port import Port
from drivers.registry import DRIVERS
from drivers.reports import (
    DeviceFoundReport,
    Fact,
    PulseOutput,
)
from simulator.box import Box
from tests.waiting import eventually


class Told(list[Fact]):
    def of(self, kind: type) -> list:
        return [fact for fact in list(self) if isinstance(fact, kind)]


class Rig:
    """A box and the ports a test opened on it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.told = Told()
        self.ports: list[Port] = []

    def port(self, line: str, driver: str, device: str, **options) -> Port:
        made = DRIVERS[driver]
        baud = self.box.bauds[line]
        session = made.session([(device, made.options(**options))], baud)
        return self.started(Port(line, str(self.box.ports[line]), baud, session, self.told.append))

    def started(self, port: Port) -> Port:
        self.ports.append(port)
        port.start()
        return port

    def found(self, device: str) -> None:
        eventually(lambda: [fact for fact in self.told.of(DeviceFoundReport) if fact.device == device])


def pulse(order: int, within: float = 1.0, number: int = 1) -> PulseOutput:
    return PulseOutput("relay", number, True, 1.0, order, time.monotonic() + within)


class Idle:
    """A session that writes one frame for each order and nothing else."""

    unasked = True

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def opened(self, now: float) -> None: ...

    def closed(self, now: float, why: str) -> None: ...

    def order(self, order, now: float) -> None:
        self.frames.append(b"\x01\x05\x02\x00\x00\x1e\x4c\x7a")

    def receive(self, data: bytes, now: float, not_before: float = 0.0) -> None: ...

    def send(self, now: float) -> bytes | None:
        return self.frames.pop(0) if self.frames else None

    def wait(self, now: float) -> float:
        return float("inf")

    def facts(self) -> list[Fact]:
        return []

    def pending(self) -> int:
        return len(self.frames)
