"""Boards of other makes as data: LC Technology's, and cheap ones that cannot time a pulse."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.modbus import codec
from drivers.modbus.line import ModbusLine
from drivers.modbus.models import MODELS
from drivers.modbus.options import BoardOptions
from drivers.registry import DRIVERS
from drivers.reports import DeviceFoundReport, InputLevel, OrderFailed, OrderSent, OutputLevel, PulseOutput, SetOutput
from simulator.box import Box, BoxSpec
from tests.drivers.bus import Bus, closed
from tests.drivers.rig import Rig, pulse
from tests.vectors import modbus_rtu as vectors
from tests.waiting import eventually

LC = BoardOptions(model="lctech")
FLASH = MODELS["lctech"].pulse
BUILT = {
    "relay 1 on": LC.board().set_request(255, 0, True),
    "relay 1 off": LC.board().set_request(255, 0, False),
    "relay 2 on": LC.board().set_request(255, 1, True),
    "read relays": codec.read_coils(255, 0, 8),
    "read inputs": codec.read_discrete_inputs(255, 0, 8),
    "pulse on 2.0 s": FLASH.request(255, 0, True, 2.0),
    "pulse off 3.0 s": FLASH.request(255, 0, False, 3.0),
}


@pytest.mark.parametrize("name", vectors.LC_REQUESTS)
def test_lctech_requests_are_the_makers_bytes(name: str) -> None:
    assert BUILT[name].frame == bytes.fromhex(vectors.LC_REQUESTS[name][0])


def test_lctech_pulse_registers_are_five_apart() -> None:
    assert [FLASH.request(255, index, True, 1.0).start for index in range(4)] == [0x0003, 0x0008, 0x000D, 0x0012]


@pytest.mark.parametrize(
    ("request_name", "reply", "data"),
    [("pulse on 2.0 s", "pulse", "00 03 00 02"), ("read relays", "relays", "01"), ("read inputs", "inputs", "01")],
)
def test_lctech_replies(request_name: str, reply: str, data: str) -> None:
    found = codec.find_reply(BUILT[request_name], bytes.fromhex(vectors.LC_REPLIES[reply][0]))
    assert found is not None
    assert found.data == bytes.fromhex(data)


def test_a_cheap_board_counts_coils_from_one_and_has_a_value_of_its_own_for_on() -> None:
    options = BoardOptions(model="generic", outputs=4, coil_base=1, coil_on=0x0100)
    assert options.check() == []
    assert options.board().set_request(1, 0, True).frame == bytes.fromhex(vectors.CHEAP_ON[0])


def recorded(frame: bytes, now: float) -> bytes:
    """An LC board that says only what its maker wrote down."""
    replies = {
        vectors.LC_REQUESTS["read relays"][0]: vectors.LC_REPLIES["relays"][0],
        vectors.LC_REQUESTS["read inputs"][0]: vectors.LC_REPLIES["inputs"][0],
        vectors.LC_REQUESTS["pulse on 2.0 s"][0]: vectors.LC_REPLIES["pulse"][0],
    }
    return bytes.fromhex(replies.get(frame.hex(" ").upper(), ""))


def test_an_lctech_board_is_found_read_and_pulsed() -> None:
    bus = Bus(ModbusLine([("relay", LC)], 9600), recorded)
    bus.open()
    bus.run(0.3)
    assert bus.of(DeviceFoundReport) == [DeviceFoundReport("relay", "lctech")]
    assert [fact.high for fact in bus.of(InputLevel)] == [True, False, False, False]
    assert [fact.on for fact in bus.of(OutputLevel)] == [True, False, False, False]
    bus.facts.clear()
    bus.session.order(PulseOutput("relay", 1, True, 2.0, 7, bus.now + 1), bus.now)
    bus.run(0.2)
    assert [type(fact) for fact in bus.facts] == [OrderSent, OutputLevel]


def test_a_board_that_cannot_time_a_pulse_refuses_it_and_still_switches() -> None:
    def answer(frame: bytes, now: float) -> bytes:
        if frame[1] == 1:
            return closed(bytes((1, 1, 1, 0)))
        return frame if frame[1] == 5 else b""

    bus = Bus(ModbusLine([("relay", BoardOptions(model="generic", coil_base=1, coil_on=0x0100))], 9600), answer)
    bus.open()
    bus.run(0.3)
    bus.facts.clear()
    bus.session.order(PulseOutput("relay", 1, True, 2.0, 7, bus.now + 1), bus.now)
    bus.session.order(SetOutput("relay", 1, True, 8, bus.now + 1), bus.now)
    bus.run(0.3)
    assert bus.facts[0] == OrderFailed("relay", 7, "refused")
    assert [fact.order for fact in bus.of(OrderSent)] == [8]
    assert bytes.fromhex(vectors.CHEAP_ON[0]) in [frame for _, frame in bus.written]


@pytest.mark.claim("D3")
def test_only_boards_that_end_a_pulse_themselves_may_carry_a_lock() -> None:
    driver = DRIVERS["modbus-relay"]
    able = {model for model in MODELS if driver.times_pulses(BoardOptions(model=model))}
    assert able == {"waveshare-d", "waveshare-io8", "lctech"}


def test_the_factory_address_and_the_size() -> None:
    assert [BoardOptions(model=model).address for model in MODELS] == [1, 1, 255, 1]
    driver = DRIVERS["modbus-relay"]
    assert (driver.outputs(LC), driver.inputs(LC)) == (4, 4)
    small = BoardOptions(model="lctech", outputs=2, inputs=0)
    assert (driver.outputs(small), driver.inputs(small)) == (2, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"model": "lctech", "outputs": 3}, ["outputs"]),
        ({"model": "lctech", "address": 256}, ["address"]),
        ({"model": "waveshare-d", "address": 255}, ["address"]),
        ({"model": "waveshare-d", "outputs": 8}, ["outputs"]),
        ({"model": "lctech", "coil_base": 1, "coil_on": 0x0100}, ["coil_base", "coil_on"]),
        ({"model": "generic", "coil_on": 1, "input_base": 0xFFFF, "inputs": 33}, ["inputs", "input_base", "coil_on"]),
        ({"model": "generic", "inputs": 0, "outputs": 16, "input_base": 16}, []),
    ],
)
def test_options_fit_the_model(options: dict, keys: list[str]) -> None:
    assert [key for key, _ in BoardOptions(**options).check()] == keys


@pytest.mark.slow
def test_an_lctech_board_in_the_box(tmp_path: Path) -> None:
    with Box(tmp_path / "box", BoxSpec(board="lctech", address=255, io_baud=115200)) as box:
        rig = Rig(box)
        port = rig.port("io", "modbus-relay", "relay", model="lctech", poll_ms=20)
        rig.found("relay")
        port.order(pulse(1))
        eventually(lambda: box.lock_unlocked)
        eventually(lambda: not box.lock_unlocked, 3.0)
        assert [moment.value for moment in box.trace.moments("relay", "pulse")] == ["1 on 1.0"]
        port.stop(2.0)
