"""`doorward simulate`: what docs/simulate.md says can be built in and done, and the page's commands on it as an installer uses them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.config import load
from simulator.practice import BOARDS, DEEDS, PANELS, READERS
from tests.agent.cli.unit import ROOT, Unit
from tests.waiting import eventually

PAGE = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
STARTED, COMMANDS = (block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
ANSWERS = {
    "unit.id": "b12-u2",
    "unit.site": "badahu",
    "link": "none",
    "panel.design": "own",
    "door.main.lock.output": "1",
    "door.main.lock.without_power": "locked",
    "door.main.lock.terminal": "NO",
    "door.main.lock.safe_state": "locked",
    "door.main.contact.input": "1",
    "door.main.exit": "button",
    "door.main.exit_button.input": "2",
    "door.main.on_fire": "release",
    "door.main.fire.input": "3",
}


class Hands:
    """At the terminal of `doorward simulate`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._ear = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(iter(self.process.stdout.readline, ""))

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hears(self, text: str) -> None:
        eventually(lambda: any(text in line for line in list(self.said)), 10.0)


@contextmanager
def simulated(folder: Path, *arguments: str) -> Iterator[Hands]:
    with subprocess.Popen(
        [sys.executable, "-m", "agent", "simulate", *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8"},
    ) as process:
        try:
            hands = Hands(process)
            hands.hears("quit")
            yield hands
        finally:
            process.kill()


@pytest.mark.slow
def test_the_pages_commands_run_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With answers for setup, a yes for pair and nobody at the door for selftest: an OSDP reader is paired and everything found."""
    monkeypatch.chdir(tmp_path)
    unit = Unit(tmp_path)
    unit.state.mkdir()
    unit.enrol()
    answers = {**ANSWERS, "identity": str(unit.identity), "state": str(unit.state)}
    (tmp_path / "answers").write_text("".join(f"{key}: {value}\n" for key, value in answers.items()))
    further = {"setup": ["--answers", "answers"], "pair": ["--yes"], "selftest": ["--yes"]}
    (start,) = STARTED
    with simulated(tmp_path, *shlex.split(start)[2:]) as hands:
        for line in COMMANDS:
            _, _, config, name, *arguments = shlex.split(line)
            assert config == "config.yaml"
            outcome = unit.doorward(name, *arguments, *further.get(name, []))
            wanted = 1 if name == "setup" else 0  # its check names the reader that has no key yet
            assert outcome.exit_code == wanted, f"{line}\n{outcome.output}"
            if name == "setup":
                assert "Next: doorward pair card, then doorward selftest" in outcome.stderr
            if name == "pair":
                hands.hears("keyset")
                text = unit.config.read_text(encoding="utf-8")
                unit.config.write_text(text.replace("address: 0}", "address: 0, key: card.osdp-key}"))
        hands.hears("door main: unlocked")
    assert {device.driver for device in load(unit.config).devices.values()} == {"modbus-relay", "osdp", "tjc"}


def test_it_speaks_chinese(tmp_path: Path) -> None:
    """To who practises; what is typed is the same."""
    with simulated(tmp_path, "--language", "zh-CN", "--reader", "osdp") as hands:
        hands.hears("门口能做什么：输入 help。")
        for typed, told in {
            "help": "推门：开了锁就推得开",
            "tap 12345678": "reader：卡 已出示",
            "push": "门 main：被推 推不开",
            "exit": "门 main：被按下 出门按钮",
            "jump": "没看懂：这里不能做 jump",
            "tap x": "没看懂：卡是一个数字",
        }.items():
            hands.type(typed)
            hands.hears(told)


def test_everything_that_can_be_typed(tmp_path: Path) -> None:
    with simulated(tmp_path, "box", "--two-doors", "--reader", "osdp", "--panel", "tjc", "--meter") as hands:
        hands.hears(f"doorward probe {tmp_path / 'box' / 'io'} ")
        for typed, told in {
            "tap 12345678 reader2": "reader2: card shown",
            "keys 12#": "reader: keys typed 3",
            "push cellar": "door cellar: pushed it holds",
            "force": "door main: broken-open",
            "exit cellar": "door cellar: pressed exit button",
            "fire": "door main: fire",
            "safe": "door cellar: fire-over",
            "gas": "gas: leak",
            "nogas": "gas: clear",
            "water 30": "meter: used 30 l",
            "water x": "not understood: litres are a number",
            "unplug screen": "screen: unplugged",
            "plug screen": "screen: plugged",
            "power": "panel: power-cycled",
            "install": "",
            "screen": "  +--",
            "help": "unplug PORT",
            "jump": "not understood: jump",
            "tap": "not understood: say tap CARD [READER]",
            "tap x": "not understood: a card is a number",
            "push roof": "not understood: the doors are main, cellar",
        }.items():
            hands.type(typed)
            hands.hears(told)
        hands.type("quit")
        assert hands.process.wait(10) == 0
    assert not os.path.lexists(tmp_path / "box" / "io"), "no port is left behind"


def test_a_signal_ends_it_and_its_folder_goes(tmp_path: Path) -> None:
    with simulated(tmp_path, "--board", "lctech") as hands:
        folder = Path(hands.said[0].split()[2]).parent
        assert folder.is_dir()
        hands.process.send_signal(signal.SIGTERM)
        assert hands.process.wait(10) == 0
    assert not folder.exists()


def test_the_page_names_all_there_is() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE)
    named = set(re.findall(r"`([^`]+)`", " ".join(rows)))
    assert {f"{verb} {deed.takes}".strip() for verb, deed in DEEDS.items()} <= named
    for option, choices in (("--panel", PANELS), ("--reader", READERS), ("--board", BOARDS)):
        (row,) = re.findall(rf"^\| `{option}` \| (.*) \|$", PAGE, re.MULTILINE)
        assert set(re.findall(r"`([^`]+)`", row)) == set(choices)
