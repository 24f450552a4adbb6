"""The wheel, as pip and pipx take it: it is built, installed into an environment of its own, and has what an installer needs beside the code."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from urllib.request import urlopen

import pytest

from simulator.broker import free_port
from tests.debian.conftest import ROOT
from tests.waiting import eventually

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
    for folder in ("templates", "static"):
        ours = {path.name for path in (ROOT / "centre/console" / folder).iterdir()}
        assert {path.name for path in (site / "centre/console" / folder).iterdir()} == ours
    there = {path.name for path in (site / "centre/migrations/versions").glob("r*.py")}
    assert there == {path.name for path in (ROOT / "centre/migrations/versions").glob("r*.py")}


def test_the_console_answers_and_draws_with_what_the_wheel_brought(environment: Path, tmp_path: Path) -> None:
    """By the wheel's own code: so do the processes that it starts."""
    folder = tmp_path / "centre"
    made = run(environment, "centre", "init", folder, "--site", "badahu", "--broker", "mqtt://127.0.0.1:1")
    assert made.returncode == 0, made.stderr
    port = free_port()
    listen = (environment / "bin/doorward", "centre", "--dir", folder, "serve", "--listen", f"127.0.0.1:{port}")
    log = tmp_path / "log"
    with log.open("wb") as told:
        serve = subprocess.Popen(listen, cwd="/", stdin=subprocess.DEVNULL, stdout=told, stderr=told)
    try:
        eventually(lambda: "console at" in log.read_text(), 60.0, every_s=0.2)
        for path, kind in (("/sign-in", "text/html"), ("/static/console.css", "text/css")):
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                assert (answer.status, answer.headers.get_content_type()) == (200, kind)
    finally:
        serve.terminate()
        assert serve.wait(30) == 0, log.read_text()
    assert "started again" not in log.read_text()
    (site,) = environment.glob("lib/python*/site-packages")
    begun = (environment / "bin/python", "-P", site / "centre/cli/begin.py", "agent", "panel", "notices")
    drawn = subprocess.run(begun, cwd="/", input=b"{}\n", capture_output=True, check=False, timeout=60)
    assert b"fault" in drawn.stdout, drawn


def test_every_joined_command_has_the_extra_that_its_hint_names() -> None:
    """`doorward X needs …: pip install 'doorward[X]'` must be a thing that pip can do."""
    assert set(PROJECT["entry-points"]["doorward.commands"]) <= set(PROJECT["optional-dependencies"])
