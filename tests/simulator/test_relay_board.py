"""The board against the frames of its maker's wiki, and against pymodbus as an independent client."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from simulator import modbus_slave
from simulator.box import Box, BoxSpec
from simulator.relay_board import LINKAGE
from tests.simulator.host import Host
from tests.waiting import eventually

VECTORS = [
    # (request, answer): Waveshare's register map; CRCs as published
    ("01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A"),  # relay 1 on: the answer is the request
    ("01 05 00 00 00 00 CD CA", "01 05 00 00 00 00 CD CA"),  # off
    ("01 05 00 00 55 00 F2 9A", "01 05 00 00 55 00 F2 9A"),  # toggle
    ("01 05 00 FF FF 00 BC 0A", "01 05 00 FF FF 00 BC 0A"),  # all on
    ("01 05 00 FF 00 00 FD FA", "01 05 00 FF 00 00 FD FA"),  # all off
    ("01 05 02 00 00 07 8D B0", "01 05 02 00 00 07 8D B0"),  # on for 0.7 s
    ("01 05 04 00 00 07 8D 38", "01 05 04 00 00 07 8D 38"),  # off for 0.7 s
    ("01 01 00 00 00 08 3D CC", "01 01 01 00 51 88"),  # eight relays, all off
    ("01 03 80 00 00 01 AD CA", "01 03 02 00 C8 B9 D2"),  # version 2.00
    ("00 03 40 00 00 01 90 1B", "01 03 02 00 01 79 84"),  # lost address, asked by broadcast
]


@pytest.mark.parametrize(("request_hex", "answer_hex"), VECTORS)
def test_frames_of_the_wiki(box: Box, request_hex: str, answer_hex: str) -> None:
    with Host(box.ports["io"], 115200) as host:
        assert host.ask(request_hex, len(bytes.fromhex(answer_hex))) == answer_hex


def test_inputs_as_bits(box: Box) -> None:
    for number in range(1, 9):
        box.relay.set_input(number, number in {1, 3, 8})
    with Host(box.ports["io"], 115200) as host:
        assert host.ask("01 02 00 00 00 08 79 CC", 6) == "01 02 01 85 60 2B"


def test_write_eight_coils(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        request = "01 0F 00 00 00 08 01 FF BE D5"
        answer = modbus_slave.with_crc(bytes.fromhex("01 0F 00 00 00 08")).hex(" ").upper()
        assert host.ask(request, 8) == answer
    assert all(box.relay.coil(relay) for relay in range(1, 9))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("01 07 00 00", 1),  # unknown function
        ("01 05 00 08 FF 00", 2),  # no ninth relay
        ("01 05 02 08 00 07", 2),
        ("01 01 00 04 00 08", 2),  # beyond the last
        ("01 02 00 00 00 00", 3),  # none asked
        ("01 05 00 00 12 34", 3),
        ("01 06 10 00 00 09", 3),
        ("01 03 50 00 00 01", 2),
        ("01 0F 00 00 00 08 02 FF", 3),  # says two bytes, has one
    ],
)
def test_exceptions(box: Box, body: str, code: int) -> None:
    request = modbus_slave.with_crc(bytes.fromhex(body))
    expected = modbus_slave.with_crc(bytes([1, request[1] | 0x80, code]))
    with Host(box.ports["io"], 115200) as host:
        assert host.ask(request.hex(), 5) == expected.hex(" ").upper()


@pytest.mark.parametrize(
    "frame",
    [
        "01 05 00 00 FF 00 8C 3B",  # one bit of the CRC
        "02 05 00 00 FF 00 8C 09",  # for another
        "01 05 00",
        "01 05 00 00 FF 00 8C 3A 01",  # a byte too many before the silence
    ],
)
def test_silent_on_anything_else(box: Box, frame: str) -> None:
    with Host(box.ports["io"], 115200) as host:
        assert host.ask(frame, 1, 0.03) == ""
    assert not box.relay.coil(1)


def test_a_frame_in_two_writes_with_a_pause_is_two_frames(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        host.write(bytes.fromhex("01 05 00 00"))
        time.sleep(0.01)
        assert host.ask("FF 00 8C 3A", 1, 0.03) == ""
    assert not box.relay.coil(1)


def test_broadcast_is_obeyed_in_silence(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        assert host.ask(modbus_slave.with_crc(bytes.fromhex("00 05 00 00 FF 00")).hex(), 1, 0.03) == ""
        assert box.relay.coil(1)
        assert host.ask("00 06 40 00 00 02 1C 1A", 8) != ""
        assert box.relay.address == 2


def test_the_pulse_ends_by_itself(box: Box, record_property: pytest.RecordProperty) -> None:
    with Host(box.ports["io"], 115200) as host:
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 05 02 00 00 02")).hex(), 8)
        assert box.relay.coil(1)
    box.io.unplug()  # no host, no line: the timer is the board's own
    eventually(lambda: not box.relay.coil(1), 1.0)
    on, off = box.trace.moments("relay", "relay")
    record_property("figure", f"pulse of 0.200 s lasted {off.at - on.at:.4f} s")
    assert 0.2 <= off.at - on.at < 0.25


def test_a_new_pulse_replaces_the_running_one_and_off_ends_it(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        started = time.monotonic()
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 05 02 00 00 01")).hex(), 8)
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 05 02 00 00 03")).hex(), 8)
        eventually(lambda: not box.relay.coil(1), 1.0)
        assert time.monotonic() - started >= 0.3
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 05 02 00 00 01")).hex(), 8)
        host.ask("01 05 00 00 00 00 CD CA", 8)
        assert not box.relay.coil(1)
        host.ask("01 05 00 00 FF 00 8C 3A", 8)
        time.sleep(0.12)
        assert box.relay.coil(1)  # the cancelled timer did not end what was switched on for good


def test_off_pulse_of_a_relay_that_was_on(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        host.ask("01 05 00 00 FF 00 8C 3A", 8)
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 05 04 00 00 01")).hex(), 8)
        assert not box.relay.coil(1)
        eventually(lambda: box.relay.coil(1), 1.0)


def test_an_input_drives_its_relay_unless_the_mode_is_normal(box: Box) -> None:
    box.relay.modes[4] = LINKAGE
    box.relay.set_input(5, True)
    assert box.relay.coil(5)
    box.relay.set_input(5, False)
    with Host(box.ports["io"], 115200) as host:
        host.ask(modbus_slave.with_crc(bytes.fromhex("01 06 10 04 00 00")).hex(), 8)
    box.relay.set_input(5, True)
    assert not box.relay.coil(5)


def test_two_boards_on_one_line(tmp_path: Path) -> None:
    spec = BoxSpec(io_baud=115200, further_boards=(2,))
    with Box(tmp_path / "box", spec) as box, Host(box.ports["io"], 115200) as host:
        host.ask(modbus_slave.with_crc(bytes.fromhex("02 05 00 00 FF 00")).hex(), 8)
        assert box.boards[2].coil(1)
        assert not box.relay.coil(1)


def test_a_stuck_relay_and_a_reboot(box: Box) -> None:
    with Host(box.ports["io"], 115200) as host:
        box.relay.stuck[1] = False
        assert host.ask("01 05 00 00 FF 00 8C 3A", 8) == "01 05 00 00 FF 00 8C 3A"
        assert host.ask("01 01 00 00 00 08 3D CC", 6) == "01 01 01 00 51 88"
        box.relay.stuck.clear()
        host.ask("01 05 00 00 FF 00 8C 3A", 8)
        box.relay.reboot()
        assert host.ask("01 01 00 00 00 08 3D CC", 6) == "01 01 01 00 51 88"


@pytest.mark.parametrize("baud", [9600, 115200])
def test_pymodbus_reads_and_writes(tmp_path: Path, baud: int) -> None:
    """An independent master: what it understands is Modbus, not just our own reading of it."""
    with Box(tmp_path / "box", BoxSpec(io_baud=baud, gas=4)) as box:
        client = ModbusSerialClient(str(box.ports["io"]), baudrate=baud, timeout=0.2, retries=0)
        assert client.connect()
        try:
            assert client.read_discrete_inputs(0, count=8, device_id=1).bits == [True, False, True, True] + [False] * 4
            assert not client.write_coil(1, True, device_id=1).isError()
            assert client.read_coils(0, count=8, device_id=1).bits == [False, True] + [False] * 6
            assert not client.write_coils(0, [True, False, True], device_id=1).isError()
            assert client.read_coils(0, count=3, device_id=1).bits[:3] == [True, False, True]
            assert client.read_holding_registers(0x8000, count=1, device_id=1).registers == [200]
            assert not client.write_registers(0x1000, [0] * 8, device_id=1).isError()
            assert not client.write_register(0x1001, 0, device_id=1).isError()
            assert client.read_holding_registers(0x1000, count=8, device_id=1).registers == [0] * 8
            assert client.read_coils(4, count=8, device_id=1).exception_code == 2
            with pytest.raises(ModbusIOException):
                client.read_coils(0, count=8, device_id=9)
        finally:
            client.close()
