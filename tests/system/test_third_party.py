"""A platform that somebody else wrote from docs/contract.md: it enrols a unit, gives it a roster and a notice, opens its door and reads its chain."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.box import ONE_DOOR, Box
from simulator.broker import free_port, start_broker
from simulator.demo.children import Child, Commands
from simulator.wiring import UnitNames, config_yaml
from tests.waiting import eventually

EXAMPLE = Path(__file__).parents[2] / "docs" / "contract" / "own_platform.py"


def test_the_example_is_short_and_knows_nothing_of_ours() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert sum(1 for line in text.splitlines() if line.strip()) < 100, "a page that is read at once"
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert names - set(sys.stdlib_module_names) == {"paho", "cryptography"}


@pytest.mark.slow
def test_the_example_runs_a_unit(tmp_path: Path) -> None:
    port = free_port()
    config, file = tmp_path / "config.yaml", tmp_path / "unit.json"
    commands = Commands()
    with start_broker(tmp_path / "broker", port=port), Box(tmp_path / "dev", ONE_DOOR) as box:
        names = UnitNames(
            id="b1-u1",
            site="example",
            name="Door",
            scopes=(),
            broker=f"mqtt://127.0.0.1:{port}",
            identity=tmp_path / "identity",
            state=tmp_path / "state",
        )
        config.write_text(config_yaml(box, names), encoding="utf-8")
        agent = Child("agent", ["-c", str(config), "run"], tmp_path / "agent.log")
        platform = subprocess.Popen(
            [sys.executable, EXAMPLE, "127.0.0.1", str(port), tmp_path], stdout=subprocess.PIPE, text=True
        )
        try:
            eventually(file.exists, 10)
            done = commands.run(["-c", str(config), "enrol", str(file)])
            assert done.code == 0, done.err
            agent.start()
            out, _ = platform.communicate(timeout=30)
            assert platform.returncode == 0
            told = [json.loads(line) for line in out.splitlines()]
            assert [fact["seq"] for fact in told] == list(range(1, len(told) + 1))
            (granted,) = [fact for fact in told if fact["kind"] == "access.granted"]
            assert (granted["door"], granted["via"]) == ("main", "remote")
            box.tap(int("BC614E", 16))
            eventually(lambda: box.lock_unlocked, 3)
        finally:
            platform.kill()
            agent.stop()
            commands.stop()
