"""A line of meters in simulated time: how often each is asked, what is told of one that is silent, and that noise makes no reading."""

from __future__ import annotations

import random

import pytest

from drivers.meter import cjt188
from drivers.meter.gas import detector_line
from drivers.meter.options import DetectorOptions, MeterOptions
from drivers.meter.water import meter_line
from drivers.reports import DeviceFoundReport, DeviceLostReport, InputLevel, MeterReading, OrderFailed, PulseOutput
from simulator.clockwork import Clockwork
from simulator.trace import Trace
from simulator.water_meter import HIGH_FIRST, LOW_FIRST, WaterMeter
from tests.drivers.bus import Bus, closed

HOUR = 3600.0


def meter(digits: str, count: int = 100) -> WaterMeter:
    made = WaterMeter(Clockwork(), digits, Trace())
    made.count = count
    return made


def line(*meters: WaterMeter, **more: object) -> Bus:
    devices = [(f"m{place}", MeterOptions(address=each.digits, **more)) for place, each in enumerate(meters)]  # type: ignore[arg-type]
    bus = Bus(meter_line(devices, 2400), lambda frame, now: b"".join(each.answer(frame) for each in meters), 2400)
    bus.open()
    return bus


def test_each_is_read_at_once_and_then_as_often_as_it_should() -> None:
    one, two = meter("1", 100), meter("2", 7)
    bus = line(one, two, every_min=60)
    bus.run(10.0)
    assert [(r.device, r.litres, r.step) for r in bus.of(MeterReading)] == [("m0", 1000, 10), ("m1", 70, 10)]
    assert [f.device for f in bus.of(DeviceFoundReport)] == ["m0", "m1"]
    one.count += 3
    bus.run(24 * HOUR)
    assert (one.asked, two.asked) == (25, 25), "and no more: a meter lives on its battery"
    assert bus.of(MeterReading)[-2].litres == 1030
    assert len(bus.of(DeviceFoundReport)) == 2


@pytest.mark.parametrize("order", [HIGH_FIRST, LOW_FIRST])
def test_the_order_a_meter_wants_is_learnt(order: bytes) -> None:
    far = meter("12345678901234")
    far.wants = (order,)
    bus = line(far)
    bus.run(120.0)
    assert len(bus.of(MeterReading)) == 1
    assert bus.of(DeviceLostReport) == []
    bus.run(HOUR)
    assert len(bus.of(MeterReading)) == 2
    assert bus.written[-1][1] == cjt188.count_request(cjt188.wire_address(far.digits), order).frame


def test_a_silent_meter_is_told_once_and_asked_over_the_whole_day() -> None:
    far, other = meter("1"), meter("2")
    bus = line(far, other)
    bus.run(10.0)
    far.alive = False
    bus.run(2 * HOUR)
    assert [(f.device, f.reason) for f in bus.of(DeviceLostReport)] == [("m0", "silent")]
    began = len(bus.written)
    bus.run(20 * HOUR)
    asked = len(bus.written) - began - 20
    assert 100 < asked < 130, "every ten minutes"
    far.alive = True
    bus.run(700.0)
    assert [f.device for f in bus.of(DeviceFoundReport)] == ["m0", "m1", "m0"]
    assert bus.of(MeterReading)[-1].device in {"m0", "m1"}


def test_one_that_refuses_is_wrong_and_comes_back() -> None:
    far = meter("1")
    far.refuses = True
    bus = line(far)
    bus.run(HOUR)
    assert [(f.reason, "count" in f.detail) for f in bus.of(DeviceLostReport)] == [("wrong", True)]
    far.refuses = False
    bus.run(HOUR)
    assert bus.of(MeterReading)


@pytest.mark.claim("F34", "F35")
def test_a_line_full_of_noise_makes_no_reading_that_was_not_there() -> None:
    dice = random.Random(7)
    far = meter("12345678901234", 4711)

    def noisy(frame: bytes, now: float) -> bytes:
        said = bytearray(far.answer(frame))
        for place in range(len(said)):
            if dice.random() < 0.01:
                said[place] ^= 1 << dice.randrange(8)
        return dice.randbytes(dice.randrange(4)) + bytes(said)

    bus = Bus(meter_line([("m", MeterOptions(address=far.digits, every_min=15))], 2400), noisy, 2400)
    bus.open()
    bus.run(400 * HOUR)
    assert len(bus.of(MeterReading)) > 1000
    assert {r.litres for r in bus.of(MeterReading)} == {47_110}


def test_a_line_that_is_gone_is_told_and_read_again_at_once() -> None:
    bus = line(meter("1"))
    bus.run(10.0)
    bus.session.closed(bus.now, "unplugged")
    bus.run(5.0)
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["port"]
    bus.open()
    bus.run(5.0)
    assert len(bus.of(DeviceFoundReport)) == 2
    assert len(bus.of(MeterReading)) == 2


def test_it_has_no_outputs() -> None:
    bus = line(meter("1"))
    bus.session.order(PulseOutput("m0", 1, True, 5.0, 9, bus.now + 1), bus.now)
    bus.run(1.0)
    assert bus.of(OrderFailed) == [OrderFailed("m0", 9, "refused")]


# --- gas


class Detector:
    def __init__(self) -> None:
        self.value: int | None = 0

    def __call__(self, frame: bytes, now: float) -> bytes:
        if self.value is None:
            return b""
        return closed(bytes((frame[0], frame[1], 2)) + self.value.to_bytes(2, "big"))


def detector(**more: object) -> tuple[Detector, Bus]:
    far = Detector()
    bus = Bus(detector_line([("gas", DetectorOptions("3", **more))], 9600), far, 9600)  # type: ignore[arg-type]
    bus.open()
    bus.run(2.0)
    assert [(f.number, f.high) for f in bus.of(InputLevel)] == [(1, False), (2, False)]
    bus.facts.clear()
    return far, bus


def test_gas_is_told_within_the_next_look() -> None:
    far, bus = detector(alarm=(1, 2), fault=(4,))
    far.value = 2
    before = bus.now
    bus.run(1.5)
    (level,) = bus.of(InputLevel)
    assert (level.number, level.high) == (1, True)
    assert level.at - before < 1.3
    far.value = 4
    bus.run(1.5)
    assert [(f.number, f.high) for f in bus.of(InputLevel)][1:] == [(1, False), (2, True)]


@pytest.mark.parametrize(
    ("keys", "alarms", "rests"),
    [
        ({}, (1, 9, 0xFFFF), (0,)),
        ({"fault": (3,)}, (1, 4), (0, 3)),
        ({"alarm": (2,)}, (2,), (0, 1, 3)),
        ({"alarm_from": 200}, (200, 0xFFFE), (0, 199)),
        ({"alarm_from": 200, "fault": (0xFFFF,)}, (200,), (0xFFFF,)),
    ],
)
def test_what_is_an_alarm(keys: dict[str, object], alarms: tuple[int, ...], rests: tuple[int, ...]) -> None:
    options = DetectorOptions(**keys)  # type: ignore[arg-type]
    assert options.check() == []
    assert all(map(options.alarms, alarms))
    assert not any(map(options.alarms, rests))


def test_a_silent_detector_is_lost_and_says_its_state_anew_when_it_is_back() -> None:
    far, bus = detector()
    far.value = None
    bus.run(10.0)
    assert [f.reason for f in bus.of(DeviceLostReport)] == ["silent"]
    far.value = 1
    bus.run(6.0)
    assert [(f.number, f.high) for f in bus.of(InputLevel)] == [(1, True), (2, False)]


# --- options


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (MeterOptions(address="78330123456789", room="301"), []),
        (MeterOptions(address="7833012345678X"), ["address"]),
        (MeterOptions(address="123456789012345"), ["address"]),
        (MeterOptions(type=0x20), ["type"]),
        (MeterOptions(register=5), ["register"]),
        (MeterOptions(daily="4:00"), ["daily"]),
        (MeterOptions(daily="24:00"), ["daily"]),
        (MeterOptions(every_min=1440), ["every_min"]),
        (MeterOptions(room=""), ["room"]),
        (MeterOptions("modbus", "1"), []),
        (MeterOptions("modbus"), ["address"]),
        (MeterOptions("modbus", "248", words=3, litres=0.0, register=-1), ["address", "words", "register", "litres"]),
        (DetectorOptions("0"), ["address"]),
        (DetectorOptions(alarm=(1,), alarm_from=5), ["alarm_from"]),
        (DetectorOptions(alarm=(1,), fault=(1,)), ["fault"]),
        (DetectorOptions(alarm=(70_000,), poll_ms=1), ["alarm", "poll_ms"]),
    ],
)
def test_options_are_checked(options: MeterOptions | DetectorOptions, keys: list[str]) -> None:
    assert [key for key, _ in options.check()] == keys


def test_a_reading_stands_in_no_repr() -> None:
    assert "4711" not in repr(MeterReading("m", 4711, 1, 5.0))
