"""The story's clock: it leaps for every process that follows it, and forward alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.demo.children import Commands, environment
from simulator.demo.clock import StoryClock
from simulator.demo.stage import TIMEZONE

SAYS = "import time, simulator.demo.clocked; print(time.time(), time.monotonic())"


@pytest.fixture
def clock(tmp_path: Path) -> StoryClock:
    return StoryClock(tmp_path / "clock", TIMEZONE)


def test_it_leaps_to_a_time_of_day_and_never_back(clock: StoryClock) -> None:
    for text, before_s in (("12:00", 4.0), ("12:00", 0.0), ("12:10", 0.0), ("00:05", 0.0), ("00:04", 0.0)):
        was = clock.now()
        clock.leap_to(text, before_s)
        seconds = (clock.now() - was).total_seconds()
        assert 0 <= seconds < 86_401
        passed = (clock.now().hour * 3600 + clock.now().minute * 60 + clock.now().second) + before_s
        hour, minute = map(int, text.split(":"))
        assert 0 <= passed - (hour * 3600 + minute * 60) < 2
    clock.close()


def test_a_process_follows_it_by_the_wall_clock_alone(clock: StoryClock) -> None:
    clock.leap_to(f"{clock.now().hour:02}:{clock.now().minute:02}")  # a day ahead, less a minute at most
    wall, mono = time.time(), time.monotonic()
    said = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, text=True, check=True, env=environment(clock.environment)
    ).stdout
    there, there_mono = map(float, said.split())
    assert 86_000 < there - wall < 86_500
    assert 0 <= there_mono - mono < 60
    clock.close()


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True])
def test_a_command_says_the_same_however_it_is_begun(clock: StoryClock, tmp_path: Path, warm: bool) -> None:
    commands = Commands(clock.environment, warm=warm)
    lost = commands.run(["centre", "--dir", str(tmp_path / "none"), "unit", "list"])
    assert (lost.code, lost.out) == (78, "")
    assert "no centre here" in lost.err
    assert "Usage: doorward centre" in commands.run(["centre", "--help"]).out
    commands.stop()
    assert commands.run(["centre", "--help"]).err == "stopped"
    clock.close()
