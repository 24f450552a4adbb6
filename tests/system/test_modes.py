"""A lockdown by the centre's own command, through kills of the real process and starts on a slow disk."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.store import lockdown
from simulator.demo.people import NEIGHBOUR, RESIDENT
from simulator.demo.stage import READERS_S, UNIT, Stage
from tests.faulty.disk import FaultyDisk
from tests.faulty.state import State
from tests.system.test_faults import opens, pulses
from tests.system.test_state_folder import Unit
from tests.waiting import eventually


@pytest.mark.slow
@pytest.mark.claim("D4")
def test_a_lockdown_outlives_a_kill_and_ends_by_command(stage: Stage) -> None:
    def order(*mode: str) -> str:
        return stage.bureau.do("mode", *mode, "--unit", UNIT, "--why", "test")

    def refused() -> None:
        began, told = time.monotonic(), len(stage.bureau.facts(kind="access.denied", reason="lockdown"))

        def shown() -> bool:
            stage.box.tap(RESIDENT)  # again: what comes in a line's first second is too old to count
            return len(stage.bureau.facts(kind="access.denied", reason="lockdown")) > told

        eventually(shown, 5, every_s=0.5)
        assert not pulses(stage, began)

    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert "done" in order("lockdown", "--until", "1h")
    refused()
    eventually(lambda: stage.bureau.facts(kind="command.done", action="mode"), 5)
    stage.agent.kill()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="door.mode", detail="goes on after a restart"), 10)
    refused()
    began = time.monotonic()
    stage.box.press_exit()
    eventually(lambda: pulses(stage, began), 2)
    eventually(lambda: not stage.box.lock_unlocked, 10)
    assert "done" in order("normal")
    opens(stage, RESIDENT)
    assert stage.agent.stop() == 0


@pytest.mark.slow
@pytest.mark.needs("fusermount3")
@pytest.mark.claim("D4", "F13")
def test_a_lockdown_holds_from_the_first_moment_of_a_start_on_a_slow_disk(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Killed, and started again on a disk of two seconds a sync: the journal is open long after the door is served."""
    disk = FaultyDisk(tmp_path / "state")
    with Stage(tmp_path, disk=disk) as stage:
        stage.found()
        unit = Unit(stage, disk)
        unit.start_well()
        assert "done" in stage.bureau.do("mode", "lockdown", "--unit", UNIT, "--until", "1h", "--why", "test")
        eventually(lambda: lockdown.read(disk.below).doors, 5)
        unit.settled()
        unit.end(signal.SIGKILL)
        disk.be(State.SLOW)
        started = len(unit.facts("agent.started"))
        polls = unit.box.relay.polls
        stage.agent.start()
        eventually(lambda: unit.box.relay.polls > polls, 10)
        began = time.monotonic()
        time.sleep(READERS_S)  # what comes in a line's first second is too old to count
        shown, taps = set(), 0
        while len(unit.facts("agent.started")) == started and time.monotonic() - began < 10.0:
            unit.box.tap((RESIDENT, NEIGHBOUR)[taps % 2])
            taps += 1
            end = time.monotonic() + 0.6
            while time.monotonic() < end:
                assert not unit.box.lock_unlocked
                shown.add(unit.box.panel.title)
                time.sleep(0.01)
        assert "本门临时管控" in shown, "told while the journal was not open yet"
        assert taps >= 1
        unit.box.press_exit()
        eventually(lambda: unit.box.lock_unlocked, 1.0)
        record_property("figure", f"{taps} cards within {time.monotonic() - began:.1f} s, none opened")
        disk.be(State.WELL)
        eventually(lambda: unit.facts("door.mode")[-1].data.get("detail") == "goes on after a restart", 15)
        denied = [fact for fact in unit.facts("access.denied") if fact.data["reason"] == "lockdown"]
        assert denied
        stage.agent.stop()
