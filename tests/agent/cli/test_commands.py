"""The command line as a whole: one line an error, the exit codes, other packages' commands, nothing imported too early."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent import __version__
from agent.cli import COMMANDS
from tests.agent.cli.unit import ROOT, Unit, process


def test_version_and_help() -> None:
    assert process("--version").stdout == f"doorward {__version__}\n"
    shown = process("--help")
    assert shown.returncode == 0
    assert all(f"  {name} " in shown.stdout for name in COMMANDS)


@pytest.mark.parametrize("arguments", [(), ("centre",), ("centre", "notice")])
def test_no_command_shows_which_there_are(arguments: tuple[str, ...]) -> None:
    outcome = process(*arguments)
    shown = outcome.stderr or outcome.stdout
    assert outcome.returncode in {0, 2}
    assert shown.startswith("Usage: doorward")
    assert "\nCommands:\n" in shown


def test_every_command_has_a_help_of_its_own(unit: Unit) -> None:
    for name in COMMANDS:
        outcome = unit.doorward(name, "--help")
        assert outcome.exit_code == 0, name
        assert f"Usage: doorward {name}" in outcome.stdout


@pytest.mark.parametrize("arguments", [("nope",), ("check", "--nope"), ("enrol",), ("check", "--json=1")])
def test_wrong_use_is_one_line_and_2(unit: Unit, arguments: tuple[str, ...]) -> None:
    outcome = unit.doorward(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stderr.count("\n") == 1
    assert "--help)" in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize("command", ["check", "run", "status", "log", "selftest"])
def test_a_faulty_configuration_is_78_for_every_command(unit: Unit, command: str) -> None:
    unit.write(("output: 1 ", "output: 9 "), ("on_fire: release", "on_fire: relase"))
    outcome = unit.doorward(command)
    assert outcome.exit_code == 78
    assert outcome.stdout == ""
    lines = outcome.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{unit.config}:") for line in lines)


def test_a_real_process_ends_with_78_and_no_traceback(tmp_path: Path) -> None:
    outcome = process("-c", str(tmp_path / "none.yaml"), "run")
    assert outcome.returncode == 78
    assert outcome.stderr == f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory\n"


def test_the_configuration_may_come_from_the_environment(unit: Unit) -> None:
    outcome = process("check", "--no-devices", env={"DOORWARD_CONFIG": str(unit.config)})
    assert outcome.returncode == 0, outcome.stderr


def test_a_file_of_another_kind_does_not_flood_the_terminal(unit: Unit) -> None:
    unit.config.write_text("".join(f"key{n}: value\n" for n in range(500)))
    outcome = unit.doorward("check")
    assert outcome.exit_code == 78
    assert len(outcome.stderr.splitlines()) == 101
    assert outcome.stderr.endswith("more\n")


def joined(folder: Path, text: str, module: str) -> dict[str, str]:
    """Surroundings in which another installed package adds a command."""
    info = folder / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[doorward.commands]\n{text}\n")
    (folder / "other.py").write_text(module)
    return {"PYTHONPATH": f"{ROOT}:{folder}"}


def test_another_package_joins_and_is_imported_only_when_used(tmp_path: Path) -> None:
    module = "import click, sys\nprint('imported', file=sys.stderr)\n@click.command()\ndef greet(): print('hello')\n"
    env = joined(tmp_path, "greet = other:greet\ncheck = other:greet", module)
    assert process("--version", env=env).stderr == ""
    shown = process("--help", env=env)
    assert "greet" in shown.stdout
    assert shown.stdout.count("  check ") == 1
    assert shown.stderr == ""
    assert process("greet", env=env).stdout == "hello\n"
    assert process("check", "--help", env=env).stderr == "", "our own commands cannot be replaced"


def test_a_missing_extra_is_one_line(tmp_path: Path) -> None:
    env = joined(tmp_path, "extra = other:command", "import a_library_nobody_has\n")
    outcome = process("extra", "--anything", "goes", env=env)
    assert outcome.returncode == 69
    assert (
        outcome.stderr
        == "doorward extra needs a_library_nobody_has, which is not installed: pip install 'doorward[extra]'\n"
    )


def test_our_own_fault_is_70_with_its_traceback(tmp_path: Path) -> None:
    env = joined(tmp_path, "oops = other:oops", "import click\n@click.command()\ndef oops(): raise KeyError('ours')\n")
    outcome = process("oops", env=env)
    assert outcome.returncode == 70
    assert "KeyError: 'ours'" in outcome.stderr


def test_a_command_imports_only_what_it_uses() -> None:
    """Import cost counts on a small board."""
    heavy = ("paho", "apscheduler", "serial", "sqlite_utils", "yaml", "cryptography")
    script = (
        "import sys\nfrom agent.__main__ import main\n"
        "code = main(['--version'])\n"
        f"print([name for name in {heavy!r} if name in sys.modules], code)"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert outcome.stdout.splitlines()[1] == "[] 0"


def test_the_agent_keeps_no_other_command_and_not_what_only_makes_tables() -> None:
    """What is imported stays in memory for as long as the agent runs."""
    script = (
        "import sys, agent.__main__, agent.cli.run, agent.app\n"
        "print(sorted(name for name in sys.modules if name.startswith('agent.cli')))\n"
        "print([name for name in ('sqlite_utils', 'dateutil', 'ctypes', 'centre', 'simulator') if name in sys.modules])"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert outcome.stdout.splitlines() == ["['agent.cli', 'agent.cli.language', 'agent.cli.run']", "[]"]
