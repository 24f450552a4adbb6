"""monitor: what passes is told as it passes, in words, and no card number with it."""

from __future__ import annotations

import json
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.folder import FolderLock
from drivers.modbus import codec
from drivers.wire import crc16
from simulator.box import Box
from simulator.wiring import hardware_yaml
from tests.agent.cli.dialogue import talk
from tests.agent.cli.test_probe import somebody_taps
from tests.agent.cli.unit import Unit


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "ports") as box:
        yield box


@pytest.fixture
def wired(unit: Unit, box: Box) -> Unit:
    unit.write(hardware=hardware_yaml(box))
    return unit


@pytest.mark.slow
def test_a_reader_by_the_ports_name(wired: Unit, box: Box) -> None:
    with somebody_taps(box, 0.2):
        outcome = wired.doorward("monitor", "reader", "--seconds", "0.7")
    assert outcome.exit_code == 0, outcome.output
    assert "<- 12 characters: 00••••••••<CR><LF>" in outcome.stdout
    assert "12345678" not in outcome.output
    assert "0 that were none" in outcome.stderr


@pytest.mark.slow
def test_a_board_and_a_panel_asked(wired: Unit) -> None:
    outcome = wired.doorward("monitor", "io", "--ask", "--seconds", "0.4")
    assert [line[10:] for line in outcome.stdout.splitlines()] == [
        "-> address 1: read outputs, 8 from 0x0000   [01 01 00 00 00 08 3d cc]",
        "<- address 1: outputs on: none   [01 01 01 00 51 88]",
    ]
    seen = [
        json.loads(line)
        for line in wired.doorward("monitor", "screen", "--ask", "--seconds", "0.4", "--json").stdout.splitlines()
    ]
    assert [each["way"] for each in seen] == ["out", "in"]
    assert (seen[1]["text"], seen[1]["raw"]) == ("1 words from 0x000f: 40 10", "5aa50683000f014010")


@pytest.mark.slow
def test_listening_only_at_a_path(unit: Unit, tmp_path: Path) -> None:
    """A second adapter on the two wires hears both sides."""
    master, slave = os.openpty()
    tty.setraw(slave)
    body = bytes.fromhex("010101 05")

    def pass_by() -> None:
        os.write(master, codec.read_coils(1, 0, 8).frame)
        os.write(master, body + crc16(body))
        os.write(master, b"0012345678\r\n")

    outcome = None
    timer = threading.Event()
    passing = threading.Thread(target=lambda: (timer.wait(0.3), pass_by()), name="wire")
    passing.start()
    try:
        outcome = unit.doorward("monitor", os.ttyname(slave), "--speed", "19200", "--seconds", "0.8")
    finally:
        passing.join()
        os.close(master)
        os.close(slave)
    lines = [line[10:].split("   [")[0] for line in outcome.stdout.splitlines()]
    assert lines == [
        "-> address 1: read outputs, 8 from 0x0000",
        "<- address 1: outputs on: 1 3",
        "   ?? 12 bytes that are no frame: 00••••••••<CR><LF>",
    ]
    assert "at 19200 baud" in outcome.stderr


def test_what_the_agent_holds_and_what_is_not_there(wired: Unit, box: Box) -> None:
    held = FolderLock(wired.state)
    try:
        outcome = wired.doorward("monitor", str(box.ports["io"]), "--seconds", "1")
    finally:
        held.release()
    assert (outcome.exit_code, outcome.stderr[:41]) == (69, "the agent runs and holds the ports: syste")
    outcome = wired.doorward("monitor", "oi")
    assert (outcome.exit_code, outcome.stderr) == (69, "no port is called oi; there are io, screen, reader\n")
    outcome = wired.doorward("monitor", "/dev/none")
    assert (outcome.exit_code, outcome.stderr) == (69, "/dev/none: is not there\n")


def test_unplugged_meanwhile_is_said(wired: Unit, box: Box) -> None:
    outcome = talk(
        ["-c", str(wired.config), "monitor", "reader"], {"Ctrl-C ends it": box.reader_lines["reader"].unplug}
    )
    assert outcome.returncode == 69
    assert "gone" in outcome.stderr
