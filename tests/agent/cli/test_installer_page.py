"""docs/installer.md: its commands run as they stand, on a box whose adapters carry the page's names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from agent.cli import COMMANDS
from agent.config import load
from simulator.box import Box
from tests.agent.cli.test_probe import somebody_taps
from tests.agent.cli.unit import ROOT, Unit

PAGE = (ROOT / "docs" / "installer.md").read_text(encoding="utf-8")
(COMMAND_LINES,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(ANSWERS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the page's answers for setup, and nobody at the door for selftest."""
    monkeypatch.chdir(tmp_path)
    unit = Unit(tmp_path)
    unit.state.mkdir()
    unit.enrol()
    answers = tmp_path / "answers"
    answers.write_text(f"{ANSWERS}identity: {unit.identity}\nstate: {unit.state}\n")
    unattended = {"setup": ["--answers", str(answers)], "selftest": ["--yes"]}
    with Box(tmp_path / "dev") as box, somebody_taps(box):
        places = {f"/dev/ttyUSB{number}": str(path) for number, path in enumerate(box.ports.values())}
        for line in COMMAND_LINES.splitlines():
            program, name, *arguments = shlex.split(line)
            assert (program, name in COMMANDS) == ("doorward", True)
            arguments = [places.get(each, each) for each in arguments]
            outcome = unit.doorward(name, *arguments, *unattended.get(name, []))
            assert outcome.exit_code == 0, f"{line}\n{outcome.output}"
    assert load(unit.config).doors["main"].on_fire == "release"
    assert (tmp_path / "support.tar.gz").exists()


def test_options_and_keys_named_in_the_page_exist() -> None:
    from click import Option

    from agent.cli import doorward

    known = set()
    for name in ("probe", "setup", "pair", "selftest", "monitor", "bundle"):
        command = doorward.get_command(None, name)
        known |= {option for each in command.params if isinstance(each, Option) for option in each.opts}
    assert set(re.findall(r"`(?:[a-z ]*)(--[a-z]+)", PAGE)) <= known
