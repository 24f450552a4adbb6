"""A meter on a line of its own, through the port and the shell to the core's event: at its speed, with its faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.commissioning.hardware import hardware, yaml_lines
from agent.commissioning.measure import measured
from agent.commissioning.walk import Walk
from agent.config import load, unit_plan
from agent.core import events as ev
from agent.devices import Devices
from agent.inbox import Inbox
from simulator.box import Box, BoxSpec
from simulator.wiring import UnitNames, config_yaml
from tests.waiting import eventually

DIGITS = "78330123456789"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "dev", BoxSpec(meter=DIGITS)) as made:
        made.water(48_210)
        yield made


def taken(inbox: Inbox, kind: type, device: str = "water") -> list:
    """What came so far of this kind and device."""
    found = []
    while (event := inbox.take(0)) is not None:
        found.append(event)
    return [event for event in found if isinstance(event, kind) and event.device == device]


@pytest.mark.slow
@pytest.mark.claim("F36")
def test_it_is_read_told_lost_and_read_again(box: Box, tmp_path: Path) -> None:
    names = UnitNames("b12-u2", "badahu", "12-2", (), "mqtt://127.0.0.1:1", tmp_path / "identity", tmp_path / "state")
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(box, names), encoding="utf-8")
    config = load(file)
    assert [(each.name, each.room) for each in unit_plan(config, {}).meters] == [("water", "304")]
    inbox = Inbox()
    devices = Devices(config, {}, inbox.post, time.monotonic)
    devices.start()
    try:
        assert eventually(lambda: taken(inbox, ev.MeterCounted)) == [ev.MeterCounted("water", 48_210, 10)]
        assert box.meter_line is not None
        box.meter_line.unplug()
        assert [event.reason for event in eventually(lambda: taken(inbox, ev.DeviceGone))] == ["port"]
        box.water(30)
        box.meter_line.plug()
        assert eventually(lambda: taken(inbox, ev.MeterCounted)) == [ev.MeterCounted("water", 48_240, 10)]
    finally:
        assert devices.stop() == []


def test_a_selftest_asks_it_no_more_than_it_must(box: Box, tmp_path: Path) -> None:
    """Two hundred questions to measure a line by would be a month of its battery."""
    names = UnitNames("b12-u2", "badahu", "12-2", (), "mqtt://127.0.0.1:1", tmp_path / "identity", tmp_path / "state")
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(box, names), encoding="utf-8")
    rows, timings = measured(load(file), ["water"], 200)
    assert rows == [], "an open row would wait for a person, and there is nothing to look at"
    assert timings == []
    assert box.meter is not None
    assert box.meter.asked == 0


@pytest.mark.slow
def test_the_probe_finds_it_with_its_parity_and_tells_no_count(box: Box) -> None:
    (look,) = Walk().look([str(box.ports["meters"])])
    assert look.speed == 2400
    found = hardware([look])
    text = "\n".join(yaml_lines(found))
    assert "baud: 2400, parity: even}" in text
    assert f"water: {{driver: meter, port: meters, protocol: cjt188, address: {DIGITS}}}" in text.replace("'", "")
    assert "4821" not in text
