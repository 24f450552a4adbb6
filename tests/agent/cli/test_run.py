"""run: the agent as a real process on simulated hardware, from its first status to its clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.box import Box
from simulator.wiring import hardware_yaml
from tests.agent.cli.unit import ROOT, Unit, process
from tests.waiting import eventually


@pytest.fixture
def wired(unit: Unit, tmp_path: Path) -> Iterator[Unit]:
    with Box(tmp_path / "ports") as box:
        text = hardware_yaml(box)
        unit.write(("mqtts://broker.example.cn:8883", "mqtts://127.0.0.1:1"), hardware=text)
        unit.enrol()
        yield unit


@contextmanager
def started(unit: Unit) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "agent", "-c", str(unit.config), "run"]
    agent = subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE)
    try:
        yield agent
    finally:
        agent.kill()
        agent.communicate()


@pytest.mark.slow
def test_from_start_to_a_clean_end(wired: Unit) -> None:
    with started(wired) as agent:
        eventually(lambda: wired.doorward("status").exit_code == 0, 15.0)
        eventually(lambda: wired.json("status", "--json")["devices"].get("relay") == {"state": "ok"}, 15.0)
        status = wired.json("status", "--json")
        assert (status["unit"], status["pid"]) == ("b12-u2", agent.pid)
        assert "agent.started" in wired.doorward("log").stdout
        second = process("-c", str(wired.config), "run")
        assert second.returncode != 0
        assert "Traceback" not in second.stderr
        assert wired.doorward("selftest", "--yes").exit_code == 69, "the ports are the agent's"
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
    assert wired.doorward("status").exit_code == 69
    assert "agent.stopping" in wired.doorward("log").stdout


@pytest.mark.slow
def test_tools_that_meet_a_held_port_say_so_and_exit_69(wired: Unit, tmp_path: Path) -> None:
    """Of the agent's own configuration, and of another one that knows neither its state folder nor its name."""
    other = Unit(tmp_path / "other")
    other.state.mkdir(parents=True)
    text = wired.config.read_text(encoding="utf-8")
    other.config.write_text(text.replace("id: b12-u2", "id: b12-u9", 1))
    io = re.search(r"io: \{device: ([^,]+),", text)[1]
    with started(wired):
        eventually(lambda: wired.doorward("status").exit_code == 0, 15.0)
        eventually(lambda: wired.json("status", "--json")["devices"].get("relay") == {"state": "ok"}, 15.0)
        for unit in (wired, other):
            for tool in (["selftest", "--yes"], ["monitor", io, "--seconds", "1"], ["probe", io], ["setup", io]):
                outcome = unit.doorward(*tool, input="yes\n")
                assert outcome.exit_code == 69, (tool, outcome.output)
                assert "systemctl stop doorward" in outcome.output, (tool, outcome.output)
                assert unit.config.exists()


@pytest.mark.slow
def test_a_state_folder_that_is_not_there_is_made_as_check_says(wired: Unit) -> None:
    wired.state.rmdir()
    assert "the agent makes it" in wired.doorward("check").stdout
    assert not wired.state.exists()
    with started(wired):
        eventually(lambda: wired.state.joinpath("journal.db").exists(), 15.0)
