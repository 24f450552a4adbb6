"""Readers, scanners, keypads and the panel's keypad at the end of real ports, set up as the simulated box says they are wired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import Config, loads
from drivers.port import Port
from drivers.reader.card import from_decimal, from_printed
from drivers.reader.keypad import Keypad, KeypadOptions
from drivers.registry import DRIVERS
from drivers.reports import CardSeen, DeviceFoundReport, DeviceLostReport, KeyReport
from simulator.box import QR_BOX, TJC_BOX, Box, BoxSpec
from simulator.wiring import READER_OPTIONS, UnitNames, config_yaml
from tests.drivers.rig import Told
from tests.vectors.readers import QR
from tests.waiting import eventually

CARD = 12345678


class Bench:
    def __init__(self, box: Box, folder: Path) -> None:
        names = UnitNames("b12-u2", "badahu", "x", ["yard/y07"], "mqtt://127.0.0.1:1", folder / "id", folder)
        self.box = box
        self.told = Told()
        self.config: Config = loads(config_yaml(box, names), folder / "config.yaml")
        self.ports: list[Port] = []

    def open(self, name: str) -> Port:
        device = self.config.devices[name]
        baud = self.config.ports[device.port].baud
        session = DRIVERS[device.driver].session([(name, device.options)], baud)
        port = Port(device.port, self.config.ports[device.port].device, baud, session, self.told.append)
        self.ports.append(port)
        port.start()
        eventually(lambda: self.told.of(DeviceFoundReport))
        return port


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[[BoxSpec], Bench]]:
    made: list[Bench] = []

    def make(spec: BoxSpec) -> Bench:
        box = Box(tmp_path / "box", spec)
        box.__enter__()
        made.append(Bench(box, tmp_path))
        return made[-1]

    yield make
    for each in made:
        for port in each.ports:
            port.stop(2.0)
        each.box.__exit__(None, None, None)


@pytest.mark.parametrize("form", READER_OPTIONS)
def test_every_form_of_reader_gives_the_number_that_is_printed(bench: Callable[[BoxSpec], Bench], form: str) -> None:
    made = bench(BoxSpec(reader_form=form))
    made.open("card")
    made.box.tap(CARD)
    eventually(lambda: [fact.card for fact in made.told.of(CardSeen)] == [from_decimal(f"{CARD:010}")])


def test_a_scanner_reads_what_a_visitor_was_sent(bench: Callable[[BoxSpec], Bench]) -> None:
    made = bench(QR_BOX)
    made.open("card")
    made.box.show_code(f"qr:{QR}")
    eventually(lambda: [fact.card for fact in made.told.of(CardSeen)] == [from_printed(f"qr:{QR}")])


def test_the_panel_s_keypad(bench: Callable[[BoxSpec], Bench]) -> None:
    made = bench(TJC_BOX)
    made.open("panel")
    made.box.touch("20*417#")
    eventually(lambda: "".join(fact.key for fact in made.told.of(KeyReport)) == "20*417#")


@pytest.mark.claim("F36")
def test_a_reader_that_is_unplugged_and_back_reads_again(bench: Callable[[BoxSpec], Bench]) -> None:
    made = bench(TJC_BOX)
    made.open("card")
    line = made.box.reader_lines["reader"]
    line.unplug()
    eventually(lambda: made.told.of(DeviceLostReport))
    line.plug()
    eventually(lambda: len(made.told.of(DeviceFoundReport)) == 2, 3.0)
    made.box.tap(CARD)
    eventually(lambda: made.told.of(CardSeen))


def test_a_keypad_of_its_own(bench: Callable[[BoxSpec], Bench]) -> None:
    made = bench(BoxSpec())
    session = Keypad([("keys", KeypadOptions())], 9600)
    port = Port("reader", str(made.box.ports["reader"]), 9600, session, made.told.append)
    made.ports.append(port)
    port.start()
    eventually(lambda: made.told.of(DeviceFoundReport))
    made.box.readers["reader"].say(b"1234\r")
    eventually(lambda: "".join(fact.key for fact in made.told.of(KeyReport)) == "1234#")
