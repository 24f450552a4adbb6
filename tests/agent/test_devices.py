"""The ports as the loop sees them: what is left of one that hangs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from agent import limits
from agent.config import load
from agent.core import effects as fx
from agent.core import events as ev
from agent.devices import Devices
from agent.inbox import Inbox
from drivers.port import HUNG_S, Port
from simulator.box import Box
from simulator.wiring import UnitNames, config_yaml
from tests.drivers.rig import Idle
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("F37")
def test_a_replaced_port_leaves_nothing_behind_of_its_orders(tmp_path: Path) -> None:
    names = UnitNames("b12-u2", "badahu", "12-2", (), "mqtt://127.0.0.1:1", tmp_path / "identity", tmp_path / "state")
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(Box(tmp_path / "dev"), names), encoding="utf-8")  # nothing is plugged in
    inbox, ahead = Inbox(), 0.0
    devices = Devices(load(file), {}, inbox.post, lambda: time.monotonic() + ahead)
    devices.start()
    try:
        for order in range(3):
            devices.order(fx.PulseLock("main", order, 5.0, time.monotonic() + 60.0))
        ahead = 2 * HUNG_S
        devices.supervise()
        assert not devices._door_of_order
        told = []
        while (event := inbox.take(0)) is not None:
            told.append(event)
        assert "hung" in [e.reason for e in told if isinstance(e, ev.DeviceGone) and e.device == "relay"]
    finally:
        assert devices.stop() == []


@pytest.mark.slow
def test_ports_that_hang_together_hold_up_a_stop_no_longer_than_one(tmp_path: Path) -> None:
    let_go = threading.Event()

    class Stuck(Idle):
        def wait(self, now: float) -> float:
            let_go.wait(20.0)
            return 0.0

    names = UnitNames("b12-u2", "badahu", "12-2", (), "mqtt://127.0.0.1:1", tmp_path / "identity", tmp_path / "state")
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(Box(tmp_path / "dev"), names), encoding="utf-8")
    devices = Devices(load(file), {}, Inbox().post, time.monotonic)
    devices._ports = {f"p{n}": Port(f"p{n}", str(tmp_path / "gone"), 9600, Stuck(), lambda _: None) for n in range(4)}
    for port in devices._ports.values():
        port.start()
    time.sleep(0.1)
    began = time.monotonic()
    assert devices.stop() == ["p0", "p1", "p2", "p3"]
    assert time.monotonic() - began < limits.STOP_THREAD_S + 1.0
    let_go.set()


@pytest.mark.claim("F37")
@pytest.mark.claim("F43")
def test_a_line_that_hangs_for_days_keeps_few_threads_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service may have 64 tasks: a hanging line that took one every 4 s would end it within minutes."""
    let_go = threading.Event()

    class Stuck(Idle):
        def wait(self, now: float) -> float:
            let_go.wait(20.0)
            return 0.01

    names = UnitNames("b12-u2", "badahu", "12-2", (), "mqtt://127.0.0.1:1", tmp_path / "identity", tmp_path / "state")
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(Box(tmp_path / "dev"), names), encoding="utf-8")
    ahead = 0.0
    devices = Devices(load(file), {}, Inbox().post, lambda: time.monotonic() + ahead)

    def stuck(name: str) -> Port:
        port = Port(f"stuck-{name}", str(tmp_path / "gone"), 9600, Stuck(), lambda _: None)
        port.start()
        return port

    def threads() -> int:
        return sum(thread.name == "port-stuck-io" for thread in threading.enumerate())

    monkeypatch.setattr(devices, "_open", stuck)
    before = threads()
    devices._ports = {"io": stuck("io")}
    for _ in range(20):
        ahead += 2 * HUNG_S
        devices.supervise()
    assert threads() - before == limits.LEFT_PORTS + 1 <= 8
    let_go.set()
    eventually(lambda: devices._ports["io"].alive(time.monotonic()) and threads() - before == 1)
    assert devices.stop() == []
