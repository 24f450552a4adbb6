"""The story on other hardware: the same steps, whatever is built in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.demo.story import STORY
from tests.simulator.demo import leftovers
from tests.simulator.demo.test_story import COMMAND, environment


@pytest.mark.soak
@pytest.mark.parametrize(
    "mix",
    [
        ("--panel", "tjc", "--reader", "rdm6300", "--board", "lctech"),
        ("--panel", "tjc", "--reader", "qr", "--board", "waveshare-io8"),
        ("--panel", "dwin", "--reader", "id-12", "--board", "lctech"),
    ],
    ids=" ".join,
)
def test_the_story_holds_on_any_mix(mix: tuple[str, ...], tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    command = [*COMMAND, "--story", "--broker", "iotcore", *mix]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment(temporary), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STORY:
        assert re.search(rf"^ *[\d.]+ s  ok      {re.escape(step.title)}$", done.stdout, re.MULTILINE), step.title
    assert leftovers.all_of(temporary) == []


def test_an_unknown_part_is_a_clear_refusal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "demo", "--panel", "lcd"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "'dwin', 'tjc'" in done.stderr
