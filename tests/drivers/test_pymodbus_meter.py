"""Our master of a meter line against pymodbus' server in its own process, by every form that a count may have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.meter.gas import detector_line
from drivers.meter.options import DetectorOptions, MeterOptions
from drivers.meter.water import meter_line
from drivers.port import Port
from drivers.reports import DeviceFoundReport, DeviceLostReport, Fact, InputLevel, MeterReading
from tests.drivers.pymodbus_meter import COUNT
from tests.drivers.test_pymodbus import Wire
from tests.waiting import eventually


@pytest.fixture(scope="module")
def far_end() -> Iterator[str]:
    """The path of the master's end; unit 7 is there."""
    wire = Wire()
    command = [sys.executable, "-m", "tests.drivers.pymodbus_meter", wire.ends[0], "9600", "7"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield wire.ends[1]
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
        wire.close()


def modbus(**more: object) -> MeterOptions:
    made = MeterOptions(**{"protocol": "modbus", "address": "7", "litres": 10.0, **more})  # type: ignore[arg-type]
    assert made.check() == []
    return made


@pytest.mark.slow
def test_counts_in_every_form(far_end: str) -> None:
    meters = {
        "two-words": modbus(register=0x10),
        "low-word-first": modbus(register=0x20, order="cdab"),
        "bcd": modbus(register=0x30, form="bcd"),
        "float": modbus(table="input", form="float", litres=1000.0),
        "ones": modbus(register=0x40, words=4),
        "not-there": modbus(register=0x3000),
        "nobody": modbus(address="9"),
    }
    told: list[Fact] = []
    port = Port("meters", far_end, 9600, meter_line([*meters.items()], 9600), told.append)
    port.start()
    try:
        eventually(lambda: any(isinstance(fact, MeterReading) and fact.device == "float" for fact in told) or None, 20)
        eventually(lambda: len([f for f in told if isinstance(f, DeviceLostReport)]) >= 2 or None, 20)
    finally:
        assert port.stop(2.0)
    litres = {fact.device: (fact.litres, fact.step) for fact in told if isinstance(fact, MeterReading)}
    assert litres == {
        "two-words": (10 * COUNT, 10),
        "low-word-first": (10 * COUNT, 10),
        "bcd": (10 * 1_234_567, 10),
        "float": (12_345_500, 1),
    }
    lost = {fact.device: fact.reason for fact in told if isinstance(fact, DeviceLostReport)}
    assert lost == {"ones": "wrong", "not-there": "wrong"}, "a meter that is silent is asked again before that is told"
    assert {fact.device for fact in told if isinstance(fact, DeviceFoundReport)} == set(litres)


@pytest.mark.slow
def test_a_detector(far_end: str) -> None:
    told: list[Fact] = []
    options = DetectorOptions("7", register=0x100, poll_ms=200)
    port = Port("gas", far_end, 9600, detector_line([("gas", options)], 9600), told.append)
    port.start()
    try:
        eventually(lambda: len([f for f in told if isinstance(f, InputLevel)]) == 2 or None, 10)
    finally:
        assert port.stop(2.0)
    assert [(f.number, f.high) for f in told if isinstance(f, InputLevel)] == [(1, False), (2, False)]
