"""docs/install.md and its Chinese twin: the same steps and commands, pictures as their script draws them, and the example for a Raspberry Pi."""

from __future__ import annotations

import re
import runpy
import xml.etree.ElementTree as ET

import pytest
import yaml

from agent.firstboot import network
from tests.test_readme import ROOT, blocks, page

IMAGES = ROOT / "docs" / "img"
PAGES = ("docs/install.md", "docs/install.zh-CN.md")


def test_the_pictures_are_what_their_script_draws() -> None:
    drawn = runpy.run_path(str(IMAGES / "install_steps.py"))
    for step in drawn["STEPS"]:
        text = (IMAGES / f"{step.name}.svg").read_text(encoding="utf-8")
        assert text == drawn["svg"](step), f"{step.name}: python docs/img/install_steps.py"
        ET.fromstring(text)


@pytest.mark.parametrize("name", PAGES)
def test_each_picture_is_shown_in_its_order(name: str) -> None:
    steps = [step.name for step in runpy.run_path(str(IMAGES / "install_steps.py"))["STEPS"]]
    assert re.findall(r"\(img/([\w-]+)\.svg\)", page(name)) == steps


def test_every_label_is_in_both_languages() -> None:
    """Of each drawing: Chinese and English words."""
    for step in runpy.run_path(str(IMAGES / "install_steps.py"))["STEPS"]:
        text = " ".join(line for part in step.parts for line in getattr(part, "lines", ()))
        assert re.search(r"[\u4e00-\u9fff]", text), step.name
        assert re.search(r"[a-z]{3}", text), step.name


def test_both_pages_show_the_same_commands_files_and_sections() -> None:
    english, chinese = map(page, PAGES)
    assert [block.text for block in blocks(english)] == [block.text for block in blocks(chinese)]
    for found in (r"`([\w./-]+\.(?:yaml|json|txt|img|key))`", r"`((?:doorward|make|systemctl) [^`]+)`"):
        assert set(re.findall(found, english)) == set(re.findall(found, chinese))
    assert english.count("\n#") == chinese.count("\n#")


def test_the_example_for_a_raspberry_pi_reads_as_cloud_init_reads_it() -> None:
    text = (ROOT / "packaging/raspberry-pi/user-data").read_text(encoding="utf-8")
    assert text.startswith("#cloud-config\n")
    data = yaml.safe_load(text)
    assert not set(data) - {"hostname", "timezone", "ssh_pwauth", "bootcmd", "write_files", "runcmd"}
    (unit,) = [each["content"] for each in data["write_files"] if each["path"].endswith("firstboot.service")]
    assert "doorward firstboot /boot/firmware" in unit
    assert "Before=doorward.service" in unit


def test_the_example_of_a_network_is_whole() -> None:
    found = network.parse((ROOT / "packaging/image/people/network.example.txt").read_bytes())
    assert all((found.wifi, found.password, found.address, found.gateway, found.dns, found.time))
