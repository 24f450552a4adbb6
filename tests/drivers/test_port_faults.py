"""Ports whose line is pulled, moves, hangs, is noisy or echoes; a worker that hangs. On real ptys."""

from __future__ import annotations

import os
import re
import termios
import threading
import time
from pathlib import Path

import pytest

from drivers.port import REOPEN_S, Line, Port
from drivers.registry import DRIVERS
from drivers.reports import (
    DeviceFoundReport,
    DeviceLostReport,
    Fact,
    OrderFailed,
    OrderSent,
    OutputLevel,
    SetOutput,
)
from tests.drivers.rig import Idle, Rig, Told, pulse
from tests.waiting import eventually


@pytest.mark.claim("F36")
def test_unplugged_and_back_under_another_number(rig: Rig, record_property: pytest.RecordProperty) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    first = rig.box.ports["io"].readlink()
    rig.told.clear()
    rig.box.io.unplug()
    eventually(lambda: [fact.reason for fact in rig.told.of(DeviceLostReport)] == ["port"])
    port.order(pulse(1, within=0.2))
    eventually(lambda: [fact.reason for fact in rig.told.of(OrderFailed)] == ["lost"])
    rig.box.io.plug()
    back = time.monotonic()
    assert rig.box.ports["io"].readlink() != first
    rig.found("relay")
    took = time.monotonic() - back
    record_property("figure", f"found again {took:.2f} s after its return")
    assert took < 3.0
    assert not rig.box.lock_unlocked
    port.order(pulse(2))
    eventually(lambda: rig.box.lock_unlocked)


@pytest.mark.slow
@pytest.mark.claim("F36")
def test_unplugged_for_long_it_is_found_within_three_seconds(rig: Rig) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    rig.box.io.unplug()
    eventually(lambda: port._tries > len(REOPEN_S), 10.0)
    rig.told.clear()
    rig.box.io.plug()
    eventually(lambda: rig.told.of(DeviceFoundReport), 3.0)


@pytest.mark.soak
@pytest.mark.claim("F36")
def test_two_hundred_times_unplugged(rig: Rig, record_property: pytest.RecordProperty) -> None:
    rig.port("io", "modbus-relay", "relay")
    slowest = 0.0
    for _ in range(200):
        rig.found("relay")
        rig.told.clear()
        rig.box.io.unplug()
        eventually(lambda: rig.told.of(DeviceLostReport))
        rig.box.io.plug()
        back = time.monotonic()
        eventually(lambda: rig.told.of(DeviceFoundReport), 3.0)
        slowest = max(slowest, time.monotonic() - back)
    record_property("figure", f"200 times unplugged, found again within {slowest:.2f} s")


@pytest.mark.slow
@pytest.mark.claim("F36")
def test_a_link_that_leads_elsewhere_is_followed(rig: Rig, tmp_path: Path) -> None:
    """The node moved although the old one reports no error."""
    masters = [os.openpty() for _ in range(2)]
    link = tmp_path / "tty"
    link.symlink_to(os.ttyname(masters[0][1]))
    try:
        port = rig.started(Port("moved", str(link), 9600, Idle(), lambda fact: None))
        eventually(lambda: port._line is not None)
        other = tmp_path / "new"
        other.symlink_to(os.ttyname(masters[1][1]))
        other.replace(link)
        device = link.stat().st_rdev
        eventually(lambda: port._line is not None and os.fstat(port._line.fd).st_rdev == device, 4.0)
    finally:
        rig.ports[-1].stop(1.0)
        for pair in masters:
            for end in pair:
                os.close(end)


def test_a_port_that_was_never_there_is_told_once_and_found_when_it_comes(rig: Rig, tmp_path: Path) -> None:
    rig.box.io.unplug()
    rig.port("io", "modbus-relay", "relay")
    eventually(lambda: rig.told.of(DeviceLostReport))
    assert re.fullmatch(r"could not open \S+: [A-Z][a-z ]+", rig.told.of(DeviceLostReport)[0].detail)
    rig.box.io.plug()
    rig.found("relay")
    assert len(rig.told.of(DeviceLostReport)) == 1


def test_a_second_opener_is_kept_out_until_the_first_lets_go(rig: Rig) -> None:
    first = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    rig.told.clear()
    rig.port("io", "modbus-relay", "relay")
    eventually(lambda: [fact.reason for fact in rig.told.of(DeviceLostReport)] == ["port"])
    rig.told.clear()
    first.stop(1.0)
    eventually(lambda: rig.told.of(DeviceFoundReport), 3.0)


@pytest.mark.claim("F37")
def test_an_adapter_that_hangs_loses_its_board_and_fails_the_order(rig: Rig) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    rig.box.io.faults.hang = True
    port.order(pulse(1, within=0.3))
    eventually(lambda: [fact.reason for fact in rig.told.of(OrderFailed)] == ["silent"], 3.0)
    eventually(lambda: rig.told.of(DeviceLostReport), 3.0)
    rig.told.clear()
    rig.box.io.resume()
    eventually(lambda: rig.told.of(DeviceFoundReport), 8.0)
    assert port.alive(time.monotonic())


def test_what_the_kernel_still_holds_is_dropped_before_the_next_frame_and_on_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pty passes everything on at once, so the calls themselves are looked at."""
    flushes: list[int] = []
    flush = termios.tcflush
    monkeypatch.setattr(termios, "tcflush", lambda fd, queue: (flushes.append(queue), flush(fd, queue)))
    master, slave = os.openpty()
    try:
        line = Line(os.ttyname(slave), 9600)
        flushes.clear()
        line.write(b"one")
        line.write(b"two")
        line.close()
        assert flushes[:3] == [termios.TCOFLUSH, termios.TCOFLUSH, termios.TCIOFLUSH]
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_died_of_our_own_fault_is_noticed_and_its_line_is_free(rig: Rig) -> None:
    class Broken(Idle):
        def receive(self, data: bytes, now: float, not_before: float = 0.0) -> None:
            raise ZeroDivisionError

    path = str(rig.box.ports["reader"])
    port = rig.started(Port("reader", path, 9600, Broken(), lambda fact: None))
    eventually(lambda: port._line is not None)
    assert port.alive(time.monotonic())
    rig.box.tap(17)
    eventually(lambda: not port.alive(time.monotonic()))
    rig.port("reader", "line-reader", "card")
    rig.found("card")


def test_a_full_line_is_an_error_within_the_bound(rig: Rig) -> None:
    """A pty whose other end never reads: the kernel's buffer fills, then the write stalls."""
    master, slave = os.openpty()
    closed: list[str] = []

    class Flood(Idle):
        def send(self, now: float) -> bytes | None:
            return None if closed else bytes(1 << 20)

        def wait(self, now: float) -> float:
            return 1.0 if closed else 0.0

        def closed(self, now: float, why: str) -> None:
            closed.append(why)

    try:
        rig.started(Port("full", os.ttyname(slave), 9600, Flood(), lambda fact: None))
        eventually(lambda: closed, 3.0)
        assert "hangs" in closed[0]
    finally:
        rig.ports[-1].stop(1.0)
        os.close(master)
        os.close(slave)


@pytest.mark.claim("F37")
@pytest.mark.slow
def test_a_hung_worker_is_noticed_left_behind_and_replaced(rig: Rig, record_property: pytest.RecordProperty) -> None:
    release = threading.Event()
    hung = Told()

    def stuck(fact: Fact) -> None:
        hung.append(fact)
        release.wait(30.0)

    made = DRIVERS["modbus-relay"]
    path = str(rig.box.ports["io"])
    port = Port("io", path, 115200, made.session([("relay", made.options())], 115200), stuck)
    port.start()
    begin = time.monotonic()
    eventually(lambda: hung)
    assert port.alive(time.monotonic())
    eventually(lambda: not port.alive(time.monotonic()), 8.0, 0.05)
    port.order(pulse(1, within=60.0))
    assert port.stop(0.2) is False
    fresh = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    record_property("figure", f"hung worker noticed and replaced after {time.monotonic() - begin:.1f} s")
    assert time.monotonic() - begin < 10.0
    release.set()
    port._thread.join(3.0)
    assert not port._thread.is_alive()
    assert len(hung) == 1, "a worker left behind tells nothing more"
    fresh.order(SetOutput("relay", 2, True, 2, time.monotonic() + 1))
    eventually(lambda: rig.told.of(OrderSent))
    assert not rig.box.lock_unlocked, "a worker left behind writes nothing more"


@pytest.mark.claim("F35")
def test_noise_on_the_wire(rig: Rig) -> None:
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    rig.box.io.faults.flip = 0.01
    for order in range(5):
        port.order(pulse(order))
        eventually(lambda order=order: [f for f in rig.told.of(OrderSent) if f.order == order], 2.0)
    assert all(fact.number == 1 or not fact.on for fact in rig.told.of(OutputLevel))


def test_an_echoing_adapter(rig: Rig) -> None:
    rig.box.io.faults.echo = True
    port = rig.port("io", "modbus-relay", "relay")
    rig.found("relay")
    port.order(pulse(1))
    eventually(lambda: rig.told.of(OrderSent))
    assert rig.box.lock_unlocked
