"""Fire, and a disk that is busy, hangs or takes nothing: what the next start knows of the release, on the real process."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent import limits
from agent.store import latch
from agent.store.latch_keeper import RETRY_S
from simulator.demo.people import UNKNOWN, WARDEN
from simulator.demo.stage import Stage
from tests.faulty.disk import FaultyDisk
from tests.faulty.filesystem import SLOW_S
from tests.faulty.state import State
from tests.system.test_state_folder import Unit
from tests.waiting import eventually

pytestmark = [pytest.mark.needs("fusermount3"), pytest.mark.slow]

SOON_S = 0.3
STOP_S = limits.STOP_THREAD_S + 2 * limits.STOP_DISK_S + 2 * limits.STOP_THREAD_S
"""Link; store and latch; ports and status file."""
HANGS = "the fire latch cannot be saved: the disk does not answer"
NONE: frozenset[str] = frozenset()


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    disk = FaultyDisk(tmp_path / "state")
    with Stage(tmp_path, disk=disk) as stage:
        stage.found()
        unit = Unit(stage, disk)
        unit.start_well()
        yield unit
        disk.be(State.WELL)
        stage.agent.stop()


def fire(unit: Unit) -> None:
    unit.box.fire(True)
    eventually(lambda: unit.box.lock_unlocked, 1.0)


def busy(unit: Unit) -> None:
    """A commit has begun, and takes `SLOW_S` for each sync: of a card that opens nothing."""
    unit.settled()
    unit.disk.keep()
    unit.disk.be(State.SLOW)
    unit.box.tap(UNKNOWN)
    time.sleep(SOON_S)
    assert not unit.box.lock_unlocked


def known_to_the_next_start(unit: Unit) -> bool:
    """With the fire input clear and the board's relays dropped: only the latch can bring the release back."""
    unit.disk.be(State.WELL)
    unit.box.fire(False)
    unit.box.relay.reboot()
    eventually(lambda: not unit.box.lock_unlocked, 2.0)
    polls = unit.box.relay.polls
    unit.stage.agent.start()
    eventually(lambda: unit.box.relay.polls > polls + 10, 10)
    time.sleep(1.0)
    return unit.box.lock_unlocked


@pytest.mark.claim("D1", "F13")
def test_fire_during_a_slow_commit_is_latched_through_a_kill(unit: Unit) -> None:
    busy(unit)
    fire(unit)
    time.sleep(SOON_S)
    unit.end(signal.SIGKILL)
    assert known_to_the_next_start(unit)


@pytest.mark.claim("D1", "F13")
def test_fire_during_a_slow_commit_is_latched_through_a_power_cut_once_one_file_is_synced(unit: Unit) -> None:
    busy(unit)
    fire(unit)
    time.sleep(SLOW_S + SOON_S)
    unit.disk.power_fails()
    unit.end(signal.SIGKILL)
    unit.disk.cut()
    assert known_to_the_next_start(unit)


@pytest.mark.claim("D1", "F12")
def test_a_latch_that_hangs_is_told_and_saved_once_the_disk_answers(unit: Unit) -> None:
    unit.settled()
    unit.disk.be(State.HANGING)
    fire(unit)
    eventually(lambda: HANGS in unit.log(), limits.STORE_HUNG_S + 3)
    unit.disk.be(State.WELL)
    eventually(lambda: latch.read(unit.disk.below) == {"main"}, 5)
    for kind in ("storage.failed", "storage.mended"):
        eventually(lambda kind=kind: [f for f in unit.facts(kind) if f.data["mode"] == "latch"], 15)
    eventually(lambda: unit.status()["storage"] == "ok", 10)
    unit.end(signal.SIGKILL)
    assert known_to_the_next_start(unit)


@pytest.mark.claim("D1", "F12")
def test_a_stop_while_the_latch_hangs_ends_within_its_limit_and_says_so(
    unit: Unit, record_property: Callable[[str, object], None]
) -> None:
    unit.settled()
    unit.disk.be(State.HANGING)
    fire(unit)
    time.sleep(SOON_S)
    process = unit.stage.agent._process
    assert process is not None
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    eventually(lambda: "did not end in time" in unit.log(), STOP_S)  # its last words
    record_property("figure", f"the stop took {time.monotonic() - began:.1f} s of {STOP_S:.0f} s")
    assert "the fire latch is not on disk" in unit.log()
    unit.end(signal.SIGKILL)


@pytest.mark.claim("D1", "F10")
def test_fire_on_a_full_disk_is_latched_through_a_kill(unit: Unit) -> None:
    unit.settled()
    unit.disk.be(State.FULL)
    fire(unit)
    time.sleep(SOON_S)
    unit.end(signal.SIGKILL)
    assert known_to_the_next_start(unit)


@pytest.mark.claim("D1", "F11")
@pytest.mark.parametrize("state", [State.READ_ONLY, State.FAILING])
def test_fire_on_a_disk_that_takes_nothing_is_latched_soon_after_it_does(unit: Unit, state: State) -> None:
    unit.settled()
    unit.disk.be(state)
    fire(unit)
    eventually(lambda: "the fire latch cannot be saved" in unit.log(), 2)
    unit.disk.be(State.WELL)
    time.sleep(RETRY_S + SOON_S)
    unit.end(signal.SIGKILL)
    assert known_to_the_next_start(unit)


@pytest.mark.claim("D1", "F13")
@pytest.mark.parametrize(
    "again",
    [
        pytest.param(False, id="fire and reset", marks=pytest.mark.soak),
        pytest.param(True, id="fire, reset and fire"),
    ],
)
def test_what_was_last_within_one_slow_write_is_what_the_next_start_knows(unit: Unit, again: bool) -> None:
    busy(unit)
    began = time.monotonic()
    fire(unit)
    unit.box.fire(False)
    time.sleep(SOON_S)  # the input has been read clear
    unit.box.tap(WARDEN)
    eventually(lambda: not unit.box.lock_unlocked, 1.0)
    if again:
        fire(unit)
    assert time.monotonic() - began < 2 * SLOW_S, "the first write goes on"
    last = {"main"} if again else NONE
    time.sleep(2 * 2 * SLOW_S)  # the write that was under way, and the last
    assert latch.read(unit.disk.below) == last
    unit.end(signal.SIGKILL)
    assert known_to_the_next_start(unit) is again
