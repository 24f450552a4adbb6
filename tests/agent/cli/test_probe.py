"""probe: everything on a box is found, at whatever speed, without an output moving; and its YAML is the configuration."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.alone import HELD
from agent.cli.bench import Bench
from agent.cli.portname import stable
from agent.config import Config, load
from agent.store.folder import FolderLock
from drivers.port import Line, adapters
from simulator.box import TJC_BOX, Box, BoxSpec
from simulator.demo.children import Child
from tests.agent.cli.unit import Unit, process
from tests.waiting import eventually

FOUR = BoxSpec(io_baud=19200, further_boards=(5,), reader_baud=9600, screen_baud=115200, reader_form="facility")
DOOR = """doors:
  main: {lock: {device: relay, output: 1, kind: fail-secure, energised: unlocks, safe_state: locked}, exit: mechanical,
         on_fire: nothing, readers: [card]}
displays: [panel]
"""


@contextmanager
def somebody_taps(box: Box, every_s: float = 0.3, reader: str = "reader") -> Iterator[None]:
    """A person who holds a card to the reader again and again."""
    over = threading.Event()

    def tap() -> None:
        while not over.wait(every_s):
            box.tap(12345678, reader)

    person = threading.Thread(target=tap, name="person")
    person.start()
    try:
        yield
    finally:
        over.set()
        person.join()


def ports(box: Box) -> list[str]:
    return [str(path) for path in box.ports.values()]


@pytest.mark.slow
def test_four_devices_on_three_ports_at_three_speeds(
    unit: Unit, tmp_path: Path, record_property: pytest.FixtureRequest
) -> None:
    with Box(tmp_path / "ports", FOUR) as box, somebody_taps(box):
        begun = time.monotonic()
        outcome = unit.doorward("probe", *ports(box))
        took = time.monotonic() - begun
        assert outcome.exit_code == 0, outcome.output
        assert took < 20
        record_property("figure", f"four devices on three ports at three speeds found in {took:.1f} s")
        unit.write(hardware=outcome.stdout + DOOR)
        checked = unit.doorward("check", "--no-devices")
        assert checked.exit_code == 0, checked.output
        config = load(unit.config)
        assert {name: port.baud for name, port in config.ports.items()} == {
            "io": 19200,
            "screen": 115200,
            "reader": 9600,
        }
        assert {name: device.driver for name, device in config.devices.items()} == {
            "relay": "modbus-relay",
            "relay2": "modbus-relay",
            "panel": "dwin",
            "card": "line-reader",
        }
        assert [config.devices[name].options.address for name in ("relay", "relay2")] == [1, 5]
        assert config.devices["card"].options.radix == "facility"
        with Bench(config) as bench:
            assert all(bench.known(name, 5.0) is not None for name in config.devices)
        frames = [moment.value for board in ("relay", "relay 5") for moment in box.trace.moments(board, "frame")]
        assert frames
        assert {frame.split()[1] for frame in frames} == {"03"}, "only reads"
        assert "12345678" not in outcome.output
        runs_as_it_is(unit, config)


def runs_as_it_is(unit: Unit, config: Config) -> None:
    """The agent itself starts with this configuration, not enrolled and without a broker, and finds every device."""
    agent = Child("agent", ["-c", str(unit.config), "run"], unit.folder / "agent.log")
    agent.start()
    try:
        eventually(lambda: found_by_agent(unit) == dict.fromkeys(config.devices, "ok"), 10.0)
    finally:
        assert agent.stop() == 0, (unit.folder / "agent.log").read_text(encoding="utf-8")


def found_by_agent(unit: Unit) -> dict[str, str]:
    status = unit.state / "status.json"
    if not status.exists():
        return {}
    devices = json.loads(status.read_text(encoding="utf-8"))["devices"]
    return {name: device["state"] for name, device in devices.items()}


@pytest.mark.slow
def test_a_second_speed_is_tried_when_a_card_does_not_read(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", BoxSpec(reader_baud=19200)) as box, somebody_taps(box, 0.6):
        outcome = unit.doorward("probe", str(box.ports["reader"]), "--speeds", "9600,19200", "--addresses", "1")
    assert outcome.exit_code == 0, outcome.output
    assert "Hold the card to it once more" in outcome.stderr
    assert "reader: {device: " in outcome.stdout
    assert "baud: 19200}" in outcome.stdout


@pytest.mark.slow
def test_what_is_silent_busy_or_missing_is_said(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports") as box:
        held = Line(str(box.ports["screen"]), 115200)
        named = [str(box.ports["reader"]), str(box.ports["screen"]), str(tmp_path / "none")]
        outcome = unit.doorward("probe", *named, "--speeds", "9600", "--addresses", "1", "--listen", "0")
        held.close()
        as_json = unit.doorward("probe", named[0], "--speeds", "9600", "--addresses", "1", "--listen", "0", "--json")
    assert outcome.exit_code == 69
    assert outcome.stdout.splitlines() == [
        f"# {named[0]}: nothing that is known here",
        f"# {named[1]}: {HELD}",
        f"# {named[2]}: is not there",
    ]
    assert json.loads(as_json.stdout) == {
        "ports": [{"device": named[0], "stable": named[0], "speed": None, "fault": None, "found": []}],
        "yaml": "",
    }


@pytest.mark.slow
def test_a_panel_with_crc_is_configured_so(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", BoxSpec(panel_crc=True)) as box:
        outcome = unit.doorward("probe", str(box.ports["screen"]), "--speeds", "115200", "--listen", "0", "--json")
    (port,) = json.loads(outcome.stdout)["ports"]
    assert (port["speed"], port["found"][0]["options"]) == (115200, {"crc": True})
    assert "{driver: dwin, port: screen, crc: true}" in json.loads(outcome.stdout)["yaml"]


@pytest.mark.slow
def test_an_osdp_reader(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", BoxSpec(reader_baud=115200, reader_form="osdp")) as box:
        outcome = unit.doorward("probe", str(box.ports["reader"]), "--listen", "0")
        assert outcome.exit_code == 0, outcome.output
    assert "osdp at address 0: OSDP reader, vendor" in outcome.stdout
    assert "reader: {device: " in outcome.stdout
    assert "baud: 115200}" in outcome.stdout
    assert "card: {driver: osdp, port: reader, address: 0}" in outcome.stdout
    assert "not used before it has a key of its own: doorward pair card" in outcome.stdout


@pytest.mark.slow
def test_a_tjc_panel_and_a_reader_of_tags(unit: Unit, tmp_path: Path) -> None:
    with Box(tmp_path / "ports", replace(TJC_BOX, screen_baud=9600)) as box, somebody_taps(box):
        outcome = unit.doorward("probe", str(box.ports["screen"]), str(box.ports["reader"]), "--speeds", "9600")
        assert outcome.exit_code == 0, outcome.output
    assert "screen: {device: " in outcome.stdout
    assert "panel: {driver: tjc, port: screen}" in outcome.stdout
    assert "card: {driver: rdm6300, port: reader}" in outcome.stdout


def test_not_while_the_agent_runs(unit: Unit, tmp_path: Path) -> None:
    held = FolderLock(unit.state)
    try:
        outcome = unit.doorward("probe", str(tmp_path / "none"))
    finally:
        held.release()
    assert outcome.exit_code == 69
    assert (
        outcome.stderr == "the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards\n"
    )


def test_wrong_numbers_are_one_line() -> None:
    for arguments in (("--speeds", "fast"), ("--addresses", "8-1"), ("--addresses", "300")):
        outcome = process("probe", "port", *arguments)
        assert outcome.returncode == 2
        assert outcome.stderr.count("\n") == 1


def test_a_name_that_stays_is_preferred(tmp_path: Path) -> None:
    by_path, by_id = tmp_path / "by-path", tmp_path / "by-id"
    for folder in (by_path, by_id):
        folder.mkdir()
        (folder / "usb-1").symlink_to("/dev/null")
    assert stable("/dev/null", (tmp_path / "none", by_path, by_id)) == str(by_path / "usb-1")
    assert stable("/dev/zero", (by_path, by_id)) == "/dev/zero"
    assert stable(str(by_id / "usb-1"), (by_path,)) == str(by_id / "usb-1"), "the name somebody chose"
    assert stable("socket://127.0.0.1:1", (by_path,)) == "socket://127.0.0.1:1"


def test_without_a_name_the_adapters_are_meant(unit: Unit) -> None:
    there = adapters()
    assert all(Path(port).exists() for port in there)
    if not there:
        outcome = unit.doorward("probe")
        assert (outcome.exit_code, outcome.stderr) == (
            69,
            "no USB serial adapter is plugged in; name the ports: doorward probe /dev/ttyS1 …\n",
        )
