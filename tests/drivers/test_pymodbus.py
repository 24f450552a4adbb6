"""Our master against independent slaves, each in its own process, on a pty: pymodbus' server and uModbus'."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.modbus.line import ModbusLine
from drivers.modbus.options import BoardOptions
from drivers.port import Port
from drivers.reports import (
    DeviceFoundReport,
    DeviceLostReport,
    Fact,
    InputLevel,
    OrderFailed,
    OrderSent,
    OutputLevel,
    PulseOutput,
    SetOutput,
)
from tests.waiting import eventually


class Wire:
    """Two ptys joined: what one end writes the other reads."""

    def __init__(self) -> None:
        self._pairs = [os.openpty() for _ in range(2)]
        for _, slave in self._pairs:
            tty.setraw(slave)
        self.ends = [os.ttyname(slave) for _, slave in self._pairs]
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="wire")
        self._thread.start()

    def _carry(self) -> None:
        masters = [master for master, _ in self._pairs]
        while True:
            ready, _, _ = select.select([*masters, self._stop], [], [])
            if self._stop in ready:
                return
            for master in ready:
                os.write(masters[1 - masters.index(master)], os.read(master, 256))

    def close(self) -> None:
        os.write(self._stopped, b"x")
        self._thread.join()
        for descriptor in (*self._pairs[0], *self._pairs[1], self._stop, self._stopped):
            os.close(descriptor)


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
    """The module named by the test, as a board at address 1: the path of the master's end, and what the board prints."""
    wire = Wire()
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", f"tests.drivers.{request.param}", wire.ends[0], "115200", "1"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        lines.extend(text.strip() for text in process.stdout)

    reader = threading.Thread(target=read, name="board-output")
    reader.start()
    try:
        eventually(lambda: "ready" in lines, 20.0)
        yield wire.ends[1], lines
    finally:
        process.terminate()
        process.wait(10)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
        wire.close()


@pytest.mark.slow
@pytest.mark.parametrize("board", ["pymodbus_board"], indirect=True)
def test_our_master_and_pymodbus(board: tuple[str, list[str]]) -> None:
    path, lines = board
    told: list[Fact] = []
    port = Port(
        "io", path, 115200, ModbusLine([("relay", BoardOptions(1)), ("absent", BoardOptions(9))], 115200), told.append
    )
    port.start()
    try:
        eventually(lambda: any(isinstance(fact, DeviceFoundReport) for fact in told), 10.0)
        assert DeviceFoundReport("relay", "waveshare-d V2.00") in told
        levels = {fact.number: fact.high for fact in told if isinstance(fact, InputLevel)}
        assert [number for number, high in levels.items() if high] == [1, 3, 8]
        until = time.monotonic() + 2.0
        port.order(PulseOutput("relay", 1, True, 0.7, 1, until))
        port.order(SetOutput("relay", 3, True, 2, until))
        port.order(SetOutput("relay", 9, True, 3, until))
        eventually(lambda: {fact.order for fact in told if isinstance(fact, OrderSent)} == {1, 2})
        eventually(lambda: OrderFailed("relay", 3, "refused") in told)
        eventually(lambda: any(isinstance(fact, OutputLevel) and fact.number == 3 and fact.on for fact in told))
        writes = [line for line in lines if line.startswith("5 ")]
        assert [line.split()[1] for line in writes] == ["0x0200", "0x0002"]
        eventually(lambda: [fact.device for fact in told if isinstance(fact, DeviceLostReport)] == ["absent"], 5.0)
    finally:
        port.stop(2.0)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["umodbus_board"], indirect=True)
def test_our_master_and_umodbus(board: tuple[str, list[str]]) -> None:
    """It times no pulse and says so by an exception: the order is refused, and everything else goes on."""
    path, lines = board
    told: list[Fact] = []
    port = Port("io", path, 115200, ModbusLine([("relay", BoardOptions(1))], 115200), told.append)
    port.start()
    try:
        eventually(lambda: DeviceFoundReport("relay", "waveshare-d V2.00") in told, 10.0)
        levels = {fact.number: fact.high for fact in told if isinstance(fact, InputLevel)}
        assert [number for number, high in levels.items() if high] == [1, 3, 8]
        until = time.monotonic() + 2.0
        port.order(SetOutput("relay", 3, True, 1, until))
        port.order(PulseOutput("relay", 1, True, 0.7, 2, until))
        eventually(lambda: any(isinstance(fact, OrderSent) and fact.order == 1 for fact in told))
        eventually(lambda: OrderFailed("relay", 2, "refused") in told)
        eventually(lambda: any(isinstance(fact, OutputLevel) and fact.number == 3 and fact.on for fact in told))
        assert [line for line in lines if line != "ready"] == ["2 1"]
        assert not any(isinstance(fact, DeviceLostReport) for fact in told)
    finally:
        port.stop(2.0)
