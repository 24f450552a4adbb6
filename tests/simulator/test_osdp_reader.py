"""The simulated OSDP reader against bytes of its own protocol, and on a slowed line against the driver that it was not written from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.port import Port
from drivers.reports import CardSeen, DeviceFoundReport, KeyReport, OrderSent, OutputLevel, PulseOutput
from simulator.box import Box, BoxSpec
from simulator.osdp_reader import Peripheral, crc
from simulator.osdp_secure import FACTORY_KEY, ReaderSession
from simulator.wiring import UnitNames, config_yaml
from tests.drivers.rig import Told
from tests.vectors import osdp
from tests.waiting import eventually

yaml = pytest.importorskip("yaml")
KEY = bytes.fromhex("8A1F33C7E05B9D4268F70E91BC25A6D3")


def command(code: int, data: bytes = b"", sequence: int = 0, address: int = 0) -> bytes:
    body = bytes((0x53, address)) + (8 + len(data)).to_bytes(2, "little") + bytes((sequence | 4, code)) + data
    return b"\xff" + body + crc(body)


def reply(frame: bytes) -> tuple[int, bytes]:
    assert crc(frame[:-2]) == frame[-2:]
    return frame[5], frame[6:-2]


@pytest.mark.parametrize("body", osdp.CRC)
def test_its_crc_is_the_standards(body: str) -> None:
    assert crc(bytes.fromhex(body)) == bytes.fromhex(osdp.CRC[body][0])


def test_its_handshake_is_the_standards() -> None:
    ours, theirs = bytes.fromhex(osdp.CONTROLLER_RANDOM), bytes.fromhex(osdp.READER_RANDOM)
    session = ReaderSession(FACTORY_KEY, ours, theirs)
    assert session.cryptogram == bytes.fromhex(osdp.CLIENT_CRYPTOGRAM)
    assert session.prove(bytes.fromhex(osdp.SERVER_CRYPTOGRAM)) == bytes.fromhex(osdp.FIRST_MAC)
    assert session.prove(bytes(16)) is None


def test_outside_a_session_it_says_only_who_it_is() -> None:
    reader = Peripheral(KEY)
    assert reply(reader.answer(command(0x61, b"\0"), 0.0))[0] == 0x45
    assert reply(reader.answer(command(0x62, b"\0", 1), 0.0))[0] == 0x46
    assert reply(reader.answer(command(0x60, sequence=2), 0.0)) == (0x41, b"\x06")
    assert reply(reader.answer(command(0x68, b"\0\x05\x1e\0", 3), 0.0)) == (0x41, b"\x06")
    assert reader.outputs == [False, False]


def test_it_hears_only_what_is_whole_and_for_it() -> None:
    reader = Peripheral(KEY)
    frame = command(0x61, b"\0")
    assert reader.answer(frame[:-1] + b"\0", 0.0) == b""
    assert reader.answer(command(0x61, b"\0", address=1), 0.0) == b""
    assert reader.answer(b"", 0.0) == b""


def test_the_same_number_is_answered_as_before_and_another_refused() -> None:
    reader = Peripheral(KEY, secure_only=False)
    reader.answer(command(0x60), 0.0)
    reader.press("1")
    first = reader.answer(command(0x60, sequence=1), 0.0)
    assert reply(first) == (0x53, b"\x00\x011")
    assert reader.answer(command(0x60, sequence=1), 0.0) == first
    assert reply(reader.answer(command(0x60, sequence=3), 0.0)) == (0x41, b"\x04")


def test_it_times_its_relays_itself() -> None:
    reader = Peripheral(KEY, secure_only=False)
    reader.answer(command(0x68, b"\0\x05\x1e\0"), 10.0)
    assert reader.outputs == [True, False]
    reader.expire(12.9)
    assert reader.outputs == [True, False]
    reader.expire(13.0)
    assert reader.outputs == [False, False]


@pytest.mark.parametrize("installing", [False, True])
def test_the_factory_key_only_while_it_is_being_installed(installing: bool) -> None:
    reader = Peripheral(KEY, installing=installing)
    body = bytes((0x53, 0, 0x13, 0, 0x0C, 3, 0x11, 0, 0x76)) + bytes(8)
    answer = reader.answer(body + crc(body), 0.0)
    assert (answer[8] == 0x76) is installing


def test_a_box_with_it_works_with_the_driver(tmp_path: Path) -> None:
    told = Told()
    with Box(tmp_path / "box", BoxSpec(reader_form="osdp", reader_baud=115200)) as box:
        key = box.key_file("reader").read_text(encoding="ascii").strip()
        assert stat.S_IMODE(box.key_file("reader").stat().st_mode) == 0o600
        session = OsdpLine([("card", ReaderOptions(key=key, outputs=2))], 115200)
        port = Port("reader", str(box.ports["reader"]), 115200, session, told.append)
        port.start()
        try:
            eventually(lambda: told.of(DeviceFoundReport))
            box.tap(12345678)
            box.press_keys("1#")
            eventually(lambda: len(told.of(KeyReport)) == 2)
            port.order(PulseOutput("card", 1, True, 0.2, 1, told.of(CardSeen)[0].at + 5.0))
            eventually(lambda: [f.on for f in told.of(OutputLevel) if f.number == 1] == [False, True, False], 2.0)
            assert told.of(OrderSent)
            assert [m.value for m in box.trace.moments("reader", "relay")] == ["1 on", "1 off"]
        finally:
            port.stop(2.0)


def test_the_configuration_names_its_key_and_does_not_hold_it(tmp_path: Path) -> None:
    box = Box(tmp_path / "box", BoxSpec(reader_form="osdp"))
    names = UnitNames("b12-u2", "badahu", "x", ["yard/y07"], "mqtt://127.0.0.1:1", tmp_path / "id", tmp_path)
    text = config_yaml(box, names)
    card = yaml.safe_load(text)["devices"]["card"]
    assert card == {"driver": "osdp", "port": "reader", "address": 0, "key": str(box.key_file("reader"))}
    assert box.reader_keys["reader"].hex() not in text
