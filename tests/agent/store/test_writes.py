"""Bytes a fact costs the flash, as the kernel counts them for a process of its own, and how fast a backlog is read."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.core import effects, events
from tests.agent.store.harness import check, fact, own_writes, record, running, written
from tests.waiting import eventually


@pytest.mark.slow
def test_bytes_a_fact(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    def cost(count: int) -> int:
        folder = tmp_path / str(count)
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.agent.store.child", str(folder), "1", str(count)],
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert child.stdout is not None
        try:
            said = b""
            while not said.endswith(b"D\n"):
                said += child.stdout.read(65536)
            return written(child.pid)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()

    single = (cost(1100) - cost(100)) / 1000
    with running(tmp_path / "bursts") as (store, posted):
        store.order(record(1))
        posted.recorded(1)
        eventually((tmp_path / "bursts" / "ballast").exists)
        before = own_writes()
        for token in range(2, 202):
            store.order(record(token, *(fact() for _ in range(20))))
            posted.recorded(token)
        burst = (own_writes() - before) / 4000
        idle = own_writes()
        posted.one(events.Recorded)
        assert own_writes() == idle
    record_property("figure", f"{single:.0f} bytes a fact alone, {burst:.0f} in bursts of 20")
    assert single <= 9_000
    assert burst <= 1_300


def test_ten_thousand_facts_are_read_fast(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with running(tmp_path) as (store, posted):
        for token in range(10):
            store.order(record(token, *(fact("refusals") for _ in range(1000))))
            posted.recorded(token)
        begun = time.perf_counter()
        for first in range(1, 10_000, 500):
            store.order(effects.LoadBatch(first))
        eventually(lambda: len(posted.of(events.BatchLoaded)) == 20, every_s=0.001)
        took = time.perf_counter() - begun
        got = posted.of(events.BatchLoaded)
        assert sum(len(each.lines) for each in got) == 10_000
        for each in got:
            check(each)
    record_property(
        "figure", f"10,000 facts read for sending in {1000 * took:.0f} ms ({10_000 / took:.0f}/s), chain checked"
    )
    assert took < 1.0
