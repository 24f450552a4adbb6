"""A unit whose reader speaks OSDP with Secure Channel: card, keypad, tamper and the reader's return, through the real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.devicekeys import REMEMBERED
from simulator.box import BoxSpec
from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage
from simulator.osdp_reader import OsdpReader
from tests.system.test_faults import facts, opens
from tests.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, mix=BoxSpec(reader_form="osdp")) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: state(stage) == "ok", 5)
        yield stage
        assert stage.agent.stop() == 0


def state(stage: Stage) -> object:
    """Of the reader, as the unit itself says."""
    devices = json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8"))["devices"]
    return devices.get("card", {}).get("state")


def reader(stage: Stage) -> OsdpReader:
    found = stage.box.readers["reader"]
    assert isinstance(found, OsdpReader)
    return found


def test_a_card_opens_and_keys_show_as_dots(running: Stage) -> None:
    opens(running, RESIDENT)
    running.box.press_keys("47")
    eventually(lambda: "●●" in "".join(running.box.panel.body), 8)
    running.box.press_keys("**")
    eventually(lambda: "●" not in "".join(running.box.panel.body), 3)
    lights = [moment.value for moment in running.box.trace.moments("reader", "light")]
    assert lights == ["green 2.0"]


def test_an_opened_reader_is_an_alarm_at_the_centre(running: Stage) -> None:
    reader(running).open_case()
    eventually(lambda: running.bureau.facts(kind="device.tamper"), 5)
    assert [(f.data["device"], f.data["detail"], f.data["value"]) for f in facts(running, "device.tamper")] == [
        ("card", "tamper", True)
    ]


def test_a_cut_wire_is_told_and_the_door_works_again_after_it(running: Stage) -> None:
    running.box.reader_lines["reader"].faults.silent = True
    eventually(lambda: state(running) == "lost", 5)
    running.box.reader_lines["reader"].faults.silent = False
    eventually(lambda: state(running) == "ok", 5)
    opens(running, RESIDENT)


def test_what_was_secure_is_remembered_and_no_secret_is_written(running: Stage) -> None:
    opens(running, RESIDENT)
    eventually((running.disk.folder / REMEMBERED).exists)
    assert (running.disk.folder / REMEMBERED).read_text(encoding="utf-8") == "card\n"
    key = running.box.reader_keys["reader"]
    secrets = [key, key.hex().encode(), f"{RESIDENT:X}".encode(), str(RESIDENT).encode()]
    log = running.folder / "agent.log"
    for path in (log, *(each for each in running.disk.folder.rglob("*") if each.is_file())):
        data = path.read_bytes().upper()
        assert not [secret for secret in secrets if secret.upper() in data], path.name
