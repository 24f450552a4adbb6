"""status: from the running agent's file, and only from a running one's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from agent.statusfile import save, status_path
from contract import codec
from contract.plain import LinkStatus
from tests.agent.cli.unit import Unit
from tests.agent.statuses import STATUS, UTC

TOLD = replace(STATUS, session="5e55")
WRITTEN = codec.write(TOLD)


def test_for_a_person_and_for_a_program(unit: Unit) -> None:
    save(status_path(unit.state), TOLD)
    outcome = unit.doorward("status")
    assert outcome.exit_code == 0
    assert "12号楼2单元" in outcome.stdout
    assert "backlog       17" in outcome.stdout
    assert "  main  mode normal, open -, unlocked no, lock ok, held no" in outcome.stdout
    assert "  panel  state lost, reason silent, since 2026-11-18 19:06:40" in outcome.stdout
    assert "centre        not heard" in outcome.stdout
    assert "5e55" not in outcome.stdout
    assert unit.json("status", "--json") == {**WRITTEN, "pid": os.getpid()}
    save(status_path(unit.state), replace(STATUS, centre_since=UTC))
    assert "centre        online since 2026-11-18 19:06:40" in unit.doorward("status").stdout


def test_what_a_program_reads_is_as_its_schema_says(unit: Unit) -> None:
    """docs/monitoring.md; made by `make contract`."""
    schema = json.loads(
        (Path(__file__).parents[3] / "docs/contract/schemas/unit_status.json").read_text(encoding="utf-8")
    )
    save(status_path(unit.state), TOLD)
    told = unit.json("status", "--json")
    jsonschema.validate(told, schema)
    assert told.keys() <= schema["properties"].keys(), "a key that no page tells of"
    for key in ("pid", "unit", "doors"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told, key: -1.5}, schema)


def test_a_unit_whose_link_is_down_is_not_called_online(unit: Unit) -> None:
    link = LinkStatus("down", UTC, "the broker refused: Not authorized")
    save(status_path(unit.state), replace(STATUS, link=link, centre_since=UTC))
    lines = unit.doorward("status").stdout.splitlines()
    assert "link          down since 2026-11-18 19:06:40: the broker refused: Not authorized" in lines
    assert "centre        not heard" in lines
    assert not any("online" in line for line in lines)
    assert not any(line.startswith("door only") for line in lines)
    save(status_path(unit.state), STATUS)
    assert "link          up since 2026-11-18 19:06:40" in unit.doorward("status").stdout.splitlines()


def test_with_the_door_only_the_first_lines_say_so_and_until_when(unit: Unit) -> None:
    save(status_path(unit.state), replace(STATUS, door_only=UTC + 600))
    outcome = unit.doorward("status")
    assert "door only     until 2026-11-18 19:16:40, after three crashes: no link, no notices" in outcome.stdout


def test_in_the_runtime_folder_of_the_service(unit: Unit) -> None:
    runtime = unit.folder / "run"
    runtime.mkdir()
    (runtime / "status.json").write_text(json.dumps({**WRITTEN, "pid": os.getpid()}))
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
        json.dumps({**WRITTEN, "pid": child.pid}),
        json.dumps({**WRITTEN, "unit": "b12-u3", "pid": os.getpid()}),
        "{",
        "[]",
        json.dumps({**WRITTEN, "pid": 0}),
    ):
        path.write_text(text)
        assert unit.doorward("status").exit_code == 69, text
