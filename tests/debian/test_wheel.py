"""The wheel, as pip and pipx take it: it is built, installed into an environment of its own, and has what an installer needs beside the code."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.debian.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new one with the wheel; the libraries it asks for are seen where the tests have them."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    made = folder / "env"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", made), check=True)
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        made / "bin/python",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    subprocess.run(pip, check=True, capture_output=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return made


def run(environment: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        (environment / "bin/doorward", *words),
        cwd="/",
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_units_rules_and_example_are_in_the_environments_share(environment: Path) -> None:
    share = environment / "share/doorward"
    for path in sorted((ROOT / "systemd").iterdir()):
        assert (share / "systemd" / path.name).read_bytes() == path.read_bytes()
    done = run(environment, "-c", share / "config.example.yaml", "check", "--no-devices")
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_code_runs_and_every_command_is_there(environment: Path) -> None:
    done = run(environment, "--help")
    for name in PROJECT["entry-points"]["doorward.commands"]:
        assert name in done.stdout
        helped = run(environment, name, "--help")
        assert helped.returncode == 0, helped.stderr
    (found,) = {
        Path(line).resolve()
        for line in subprocess.run(
            (environment / "bin/python", "-c", "import agent; print(agent.__path__[0])"),
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    }
    assert found.is_relative_to(environment.resolve())


def test_catalogues_and_migrations_came_along(environment: Path) -> None:
    (site,) = environment.glob("lib/python*/site-packages")
    for path in ("agent/locale/zh-CN.json", "centre/locale/zh/LC_MESSAGES/centre.mo", "centre/migrations/env.py"):
        assert (site / path).is_file(), path
    there = {path.name for path in (site / "centre/migrations/versions").glob("r*.py")}
    assert there == {path.name for path in (ROOT / "centre/migrations/versions").glob("r*.py")}


def test_every_joined_command_has_the_extra_that_its_hint_names() -> None:
    """`doorward X needs …: pip install 'doorward[X]'` must be a thing that pip can do."""
    assert set(PROJECT["entry-points"]["doorward.commands"]) <= set(PROJECT["optional-dependencies"])
