"""status: from the running agent's file, and only from a running one's."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from agent.statusfile import save, status_path
from tests.agent.cli.unit import Unit

STATUS = {
    "state": "online",
    "session": "5e55",
    "boot": 3,
    "version": "0.1.0",
    "unit": "b12-u2",
    "name": "12号楼2单元",
    "scopes": ["site/badahu"],
    "clock": "synced",
    "stale": False,
    "doors": {"main": {"mode": "normal", "locked": True, "open": None}},
    "devices": {"relay": {"state": "ok"}, "panel": {"state": "lost", "reason": "silent", "since": 1_795_000_000.25}},
    "backlog": 17,
    "oldest": None,
    "digest": "ab" * 32,
    "centre_since": None,
}


def test_for_a_person_and_for_a_program(unit: Unit) -> None:
    save(status_path(unit.state), STATUS)
    outcome = unit.doorward("status")
    assert outcome.exit_code == 0
    assert "12号楼2单元" in outcome.stdout
    assert "backlog       17" in outcome.stdout
    assert "  main  mode normal, locked yes, open -" in outcome.stdout
    assert "  panel  state lost, reason silent, since 2026-11-18 19:06:40" in outcome.stdout
    assert "centre        not heard" in outcome.stdout
    assert "5e55" not in outcome.stdout
    assert unit.json("status", "--json") == {**STATUS, "pid": os.getpid()}
    save(status_path(unit.state), {**STATUS, "centre_since": 1_795_000_000})
    assert "centre        online since 2026-11-18 19:06:40" in unit.doorward("status").stdout


def test_a_unit_whose_link_is_down_is_not_called_online(unit: Unit) -> None:
    link = {"state": "down", "since": "2026-11-18T11:06:40.250Z", "why": "the broker refused: Not authorized"}
    save(status_path(unit.state), {**STATUS, "link": link, "door_only": None, "centre_since": 1_795_000_000})
    lines = unit.doorward("status").stdout.splitlines()
    assert "link          down since 2026-11-18 19:06:40: the broker refused: Not authorized" in lines
    assert "centre        not heard" in lines
    assert not any("online" in line for line in lines)
    assert not any(line.startswith("door only") for line in lines)
    save(status_path(unit.state), {**STATUS, "link": {**link, "state": "up", "why": None}})
    assert "link          up since 2026-11-18 19:06:40" in unit.doorward("status").stdout.splitlines()


def test_with_the_door_only_the_first_lines_say_so_and_until_when(unit: Unit) -> None:
    save(status_path(unit.state), {**STATUS, "door_only": "2026-11-18T11:16:40.250Z"})
    outcome = unit.doorward("status")
    assert "door only     until 2026-11-18 19:16:40, after three crashes: no link, no notices" in outcome.stdout


def test_in_the_runtime_folder_of_the_service(unit: Unit) -> None:
    runtime = unit.folder / "run"
    runtime.mkdir()
    (runtime / "status.json").write_text(json.dumps({**STATUS, "pid": os.getpid()}))
    assert unit.doorward("status").exit_code == 69
    assert unit.doorward("status", env={"RUNTIME_DIRECTORY": str(runtime)}).exit_code == 0


def test_no_agent_a_dead_one_and_another_units(unit: Unit) -> None:
    outcome = unit.doorward("status")
    assert outcome.exit_code == 69
    assert outcome.stderr == "no agent runs here: systemctl start doorward\n"
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    path = unit.state / "status.json"
    for text in (
        json.dumps({**STATUS, "pid": child.pid}),
        json.dumps({**STATUS, "unit": "b12-u3", "pid": os.getpid()}),
        "{",
        "[]",
        json.dumps({**STATUS, "pid": 0}),
    ):
        path.write_text(text)
        assert unit.doorward("status").exit_code == 69, text
