"""A unit on this machine for tests of the commands: configuration, identity and state in a folder, and the command line as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from agent.cli import doorward
from agent.identity import enrol
from contract.enrolment import Enrolment, build_enrolment
from contract.messages import Kind, WorkingKey

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "config.example.yaml"

ENROLMENT = Enrolment(
    site="badahu",
    unit="b12-u2",
    broker="mqtts://broker.example.cn:8883",
    password="a-long-password",
    root_key="11" * 32,
    working_keys=(WorkingKey("c1", "22" * 32, frozenset({Kind.COMMAND, Kind.CONFIRM})),),
    card_keys={"k1": "33" * 32},
    pin_keys={},
    token="55" * 32,
)


@dataclass(frozen=True)
class Unit:
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    def write(self, *changes: tuple[str, str], hardware: str | None = None) -> None:
        """The example's configuration with this folder's identity and state; `hardware` replaces everything from `ports` on."""
        text = EXAMPLE.read_text(encoding="utf-8")
        text = text.replace("/etc/doorward/identity", "identity").replace("/var/lib/doorward", "state")
        if hardware is not None:
            text = text[: text.index("ports:")] + hardware
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.config.write_text(text, encoding="utf-8")

    def enrolment(self, name: str = "b12-u2.enrolment") -> Path:
        path = self.folder / name
        path.write_bytes(build_enrolment(ENROLMENT))
        return path

    def enrol(self) -> None:
        enrol(self.enrolment(), self.identity)

    def doorward(self, *arguments: str, input: str | None = None, env: Mapping[str, str] | None = None) -> Result:  # noqa: A002
        """In this process."""
        return CliRunner().invoke(doorward, ["-c", str(self.config), *arguments], input=input, env=env)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.doorward(*arguments).stdout)


def process(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m agent` as a real process."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=surroundings,
        check=False,
    )
