"""How a store begins on a disk that is slow, and how it ends there and on one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import limits
from agent.core import events
from agent.store import Store, reading
from contract.chain import FactLine, parse_line
from tests.agent.store.harness import SITE, UNIT, UTC, Posted, record
from tests.faulty.disk import FaultyDisk
from tests.faulty.state import State
from tests.waiting import eventually

pytestmark = pytest.mark.needs("fusermount3")


def store(folder: Path) -> tuple[Store, Posted]:
    posted = Posted()
    made = Store(folder, SITE, UNIT, posted, retention_days=180, journal_mb=64, ballast_bytes=4096, utc=lambda: UTC)
    made.start()
    posted.one(events.StateLoaded)
    return made, posted


def kept(folder: Path) -> list[object]:
    lines = (parse_line(entry.line) for entry in reading.facts(folder))
    return [int(str(line.data["by"]).removeprefix("h-")) for line in lines if isinstance(line, FactLine)]


@pytest.mark.soak
@pytest.mark.claim("F13")
def test_a_slow_disk_keeps_the_last_facts_before_a_stop(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with FaultyDisk(tmp_path / "state") as disk:
        made, posted = store(disk.folder)
        made.order(record(1))
        posted.recorded(1)
        disk.be(State.SLOW)
        made.order(record(2))
        time.sleep(0.5)  # its commit is under way
        made.order(record(3))
        began = time.monotonic()
        made.stop(limits.STOP_DISK_S)
        took = time.monotonic() - began
        assert made.unsaved() == 0
        assert took <= 2 * limits.STOP_DISK_S + 0.5
        record_property("figure", f"the stop took {took:.1f} s and lost nothing")
        disk.be(State.WELL)
        eventually(lambda: kept(disk.below) == [1, 2, 3])


@pytest.mark.slow
@pytest.mark.claim("F12")
def test_a_disk_that_hangs_is_not_waited_for_at_a_stop(tmp_path: Path) -> None:
    with FaultyDisk(tmp_path / "state") as disk:
        made, posted = store(disk.folder)
        disk.be(State.HANGING)
        made.order(record(1))
        time.sleep(0.5)
        made.order(record(2))
        began = time.monotonic()
        assert not made.stop(limits.STOP_DISK_S)
        assert time.monotonic() - began <= limits.STOP_DISK_S + 0.5
        assert made.unsaved() == 2
        disk.be(State.WELL)
        posted.recorded(2)
        eventually(lambda: not made._thread.is_alive())


@pytest.mark.soak
@pytest.mark.claim("F12")
@pytest.mark.parametrize("damaged", [False, True])
def test_databases_made_anew_on_a_slow_disk_are_no_hanging_disk(
    tmp_path: Path, damaged: bool, record_property: Callable[[str, object], None]
) -> None:
    with FaultyDisk(tmp_path / "state") as disk:
        if damaged:
            (disk.below / "journal.db").write_bytes(b"x" * 5000)
        disk.be(State.SLOW)
        posted, began, longest = Posted(), time.monotonic(), 0.0
        made = Store(disk.folder, SITE, UNIT, posted, retention_days=180, journal_mb=64, ballast_bytes=4096)
        made.start()
        while not posted.of(events.StateLoaded):
            assert time.monotonic() - began < 60
            longest = max(longest, made._waiting.silent_s(time.monotonic()))
            time.sleep(0.02)
        assert longest < limits.STORE_HUNG_S
        record_property("figure", f"ready after {time.monotonic() - began:.0f} s, the longest call {longest:.1f} s")
        disk.be(State.WELL)
        assert made.stop(10.0)
