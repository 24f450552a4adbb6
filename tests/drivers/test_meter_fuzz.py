"""Whatever a line of meters hears: no fault of ours, no reading that nobody made, buffers in bounds, and it goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.meter.cjt188 import count_request, wire_address
from drivers.meter.gas import detector_line
from drivers.meter.line import BUFFER_BYTES
from drivers.meter.options import MOST_LITRES, DetectorOptions, MeterOptions
from drivers.meter.registers import number
from drivers.meter.water import meter_line
from drivers.reports import InputLevel, MeterReading
from simulator.clockwork import Clockwork
from simulator.trace import Trace
from simulator.water_meter import WaterMeter
from tests.drivers.bus import Bus, closed

DIGITS = "78330123456789"
CJT = MeterOptions(address=DIGITS, every_min=15)
MODBUS = MeterOptions("modbus", "7", every_min=15)
SAID = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=30).map(lambda data: b"\xfe\xfe\x68\x10" + data + b"\x16"),
    st.binary(max_size=30).map(lambda data: b"\x68\x10" + wire_address(DIGITS) + b"\x81\x16\x90\x1f" + data),
    st.binary(max_size=30).map(lambda data: b"\x07\x03\x04" + data),
)


@pytest.mark.claim("F34")
@given(st.lists(SAID, max_size=12))
def test_a_line_that_says_anything(said: list[bytes]) -> None:
    answers = iter(said)
    bus = Bus(meter_line([("c", CJT), ("m", MODBUS)], 9600), lambda frame, now: next(answers, b""), 9600)
    bus.open()
    bus.run(7200.0)
    assert bus.of(MeterReading) == [], "no sum and no CRC holds by such chance here"
    far = WaterMeter(Clockwork(), DIGITS, Trace())
    far.count = 42
    bus.answer = lambda frame, now: far.answer(frame)
    bus.run(1500.0)
    assert {reading.litres for reading in bus.of(MeterReading)} == {420}


@given(st.lists(st.binary(max_size=2 * BUFFER_BYTES), max_size=8))
def test_a_babbling_line_fills_nothing_and_is_not_waited_for(said: list[bytes]) -> None:
    session = meter_line([("c", CJT)], 2400)
    session.opened(0.0)
    for place, data in enumerate(said):
        session.send(place * 0.5)
        session.receive(data, place * 0.5)
        assert len(session._buffer) <= BUFFER_BYTES
    assert session.send(1000.0) == count_request(wire_address(DIGITS)).frame or session.wait(1000.0) < 3600.0


@given(
    st.binary(min_size=2, max_size=8).filter(lambda data: len(data) in {2, 4, 8}),
    st.sampled_from(["abcd", "cdab", "badc", "dcba"]),
    st.sampled_from(["whole", "bcd", "float"]),
)
def test_registers_of_any_content_are_a_count_in_bounds_or_wrong(data: bytes, order: str, form: str) -> None:
    options = MeterOptions("modbus", "7", words=len(data) // 2, order=order, form=form, every_min=15)  # type: ignore[arg-type]
    assert options.check() == []
    reply = closed(bytes((7, 3, len(data))) + data)
    bus = Bus(meter_line([("m", options)], 9600), lambda frame, now: reply, 9600)
    bus.open()
    bus.run(10.0)
    value = number(data, options.order, options.form)
    if value is not None and 0 <= value <= MOST_LITRES:
        assert [reading.litres for reading in bus.of(MeterReading)] == [int(value + 1e-6)]
    else:
        assert bus.of(MeterReading) == []


@given(st.lists(SAID, max_size=12))
def test_a_detectors_line_that_says_anything_is_no_gas(said: list[bytes]) -> None:
    answers = iter(said)
    bus = Bus(detector_line([("gas", DetectorOptions("9"))], 9600), lambda frame, now: next(answers, b""), 9600)
    bus.open()
    bus.run(60.0)
    assert bus.of(InputLevel) == []
