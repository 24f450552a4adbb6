"""run: the agent as a real process on simulated hardware, from its first status to its clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.mark.slow
def test_from_start_to_a_clean_end(wired: Unit) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "agent", "-c", str(wired.config), "run"]
    agent = subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE)
    try:
        eventually(lambda: wired.doorward("status").exit_code == 0, 15.0)
        eventually(lambda: wired.json("status", "--json")["devices"].get("relay") == {"state": "ok"}, 15.0)
        status = wired.json("status", "--json")
        assert (status["unit"], status["pid"]) == ("b12-u2", agent.pid)
        assert "agent.started" in wired.doorward("log").stdout
        second = process("-c", str(wired.config), "run")
        assert second.returncode != 0
        assert "Traceback" not in second.stderr
        assert wired.doorward("selftest", "--yes").exit_code == 1, "the ports are the agent's"
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
    finally:
        agent.kill()
        agent.communicate()
    assert wired.doorward("status").exit_code == 69
    assert "agent.stopping" in wired.doorward("log").stdout
