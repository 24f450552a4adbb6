"""docs/wiring.md is held to what it says: each configuration passes `doorward check`, and its drawings are what their script draws."""

from __future__ import annotations

import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from agent.config import ConfigFaults, loads
from drivers.modbus.models import MODELS
from drivers.registry import DRIVERS
from tests.agent.cli.unit import process
from tests.test_readme import ROOT, blocks, page

PAGE = page("docs/wiring.md")
BLOCKS = blocks(PAGE)
CONFIGS = [block.text for block in BLOCKS if block.how == "config"]
DEVICES = [block.text for block in BLOCKS if block.how == "devices"]
IMAGES = ROOT / "docs" / "img"

HEAD = "unit: {id: b12-u2, site: badahu, name: x}\n"
BOARD = "  board: {driver: modbus-relay, port: board, model: waveshare-d}\n"
DOOR = """doors:
  main:
    lock: {device: DEVICE, output: 1, kind: fail-secure, energised: unlocks, safe_state: locked}
    exit: mechanical
    on_fire: nothing
    readers: [READERS]
displays: [DISPLAYS]
"""


def whole(part: str) -> str:
    """A configuration around a block that has only ports and devices: every device of it is used for what it can do."""
    said = yaml.safe_load(part)
    drivers = {name: DRIVERS[device["driver"]] for name, device in said["devices"].items()}
    lock = next((name for name, driver in drivers.items() if driver.name == "modbus-relay"), "board")
    readers = [name for name, driver in drivers.items() if driver.reads_cards or driver.reads_keys]
    readers = [
        name
        for name in readers
        if not drivers[name].draws or {"keys", "design"} & said["devices"][name]["layout"].keys()
    ]
    displays = [name for name, driver in drivers.items() if driver.draws]
    text = part.rstrip("\n") + "\n"
    if lock == "board":
        text = text.replace("ports: {", "ports: {board: {device: /dev/ttyS9}, ", 1) + BOARD
    door = DOOR.replace("DEVICE", lock).replace("READERS", ", ".join(readers)).replace("DISPLAYS", ", ".join(displays))
    return HEAD + text + door


def test_every_block_says_how_it_is_tested() -> None:
    assert {block.how for block in BLOCKS} == {"config", "devices"}
    assert all(block.language == "yaml" for block in BLOCKS)


@pytest.mark.parametrize("text", CONFIGS, ids=range(len(CONFIGS)))
def test_the_boxes_configurations_pass_the_check(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    outcome = process("-c", str(tmp_path / "config.yaml"), "check", "--no-devices")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""


@pytest.mark.parametrize("part", DEVICES, ids=range(len(DEVICES)))
def test_the_devices_configurations_pass_the_check(part: str) -> None:
    config = loads(whole(part), Path("config.yaml"))
    assert set(yaml.safe_load(part)["devices"]) <= set(config.devices)


def test_a_mistake_on_the_page_would_be_seen() -> None:
    with pytest.raises(ConfigFaults, match="no such key here"):
        loads(whole(DEVICES[0].replace("poll_ms", "pol_ms")), Path("config.yaml"))


def test_every_driver_and_every_model_has_a_configuration_here() -> None:
    said = [yaml.safe_load(block.text)["devices"].values() for block in BLOCKS]
    devices = [device for some in said for device in some]
    assert {device["driver"] for device in devices} == set(DRIVERS)
    assert {device["model"] for device in devices if "model" in device} == set(MODELS)


def test_the_drawings_are_what_their_script_draws() -> None:
    drawn = runpy.run_path(str(IMAGES / "boxes.py"))
    for drawing in drawn["DRAWINGS"]:
        text = (IMAGES / f"{drawing.name}.svg").read_text(encoding="utf-8")
        assert text == drawn["svg"](drawing), "python docs/img/boxes.py"
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert f"img/{drawing.name}.svg" in PAGE
