"""log: the journal for a person and for a program, also while it grows."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from zoneinfo import ZoneInfo

import pytest

from agent.cli.log import _words
from agent.words import speak
from contract.language import CHINESE, ENGLISH
from tests.agent.cli.unit import ROOT, Unit
from tests.agent.store.harness import UTC, fact, record, running


def test_facts_oldest_first_in_local_time(unit: Unit) -> None:
    with running(unit.state) as (store, posted):
        store.order(record(1, fact(), fact("door.opened")))
        store.order(record(2, fact("access.denied", clock="unknown", by=None)))
        posted.recorded(2)
        outcome = unit.doorward("log")
    assert outcome.exit_code == 0, outcome.output
    lines = [line for line in outcome.stdout.splitlines() if "agent." not in line]
    assert [line.split()[3].rstrip("?") for line in lines] == ["access.granted", "door.opened", "access.denied"]
    assert lines[0].endswith("door=main by=h-0001 via=card")
    assert lines[2].split()[2].endswith("?"), "the clock was not set"
    assert "reason=expired" in lines[2]
    local = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(UTC + 8 * 3600))
    assert local in lines[0]


def test_as_journaled_and_only_some(unit: Unit) -> None:
    with running(unit.state) as (store, posted):
        for token in range(1, 61):
            store.order(record(token, fact("door.opened", utc=UTC + token)))
        posted.recorded(60)
        assert len(unit.doorward("log").stdout.splitlines()) == 50
        assert len(unit.doorward("log", "-n", "3").stdout.splitlines()) == 3
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(UTC + 55))
        numbers = [
            json.loads(line)["seq"] for line in unit.doorward("log", "--json", "--since", at).stdout.splitlines()
        ]
        assert numbers == list(range(55, 61))


def test_a_gap_is_told_in_the_language_of_who_reads() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    try:
        speak(CHINESE)
        assert list(_words({"gap": [3, 9]}, zone)) == ["3-9 在日志库写满时被丢弃"]
    finally:
        speak(ENGLISH)
    assert list(_words({"gap": [3, 9]}, zone)) == ["3-9 were dropped when the journal was full"]


def test_no_journal_is_69_and_no_time_is_2(unit: Unit) -> None:
    outcome = unit.doorward("log")
    assert outcome.exit_code == 69
    assert outcome.stderr.count("\n") == 1
    assert unit.doorward("log", "--since", "soon").exit_code == 2


@pytest.mark.slow
def test_followed_until_interrupted(unit: Unit) -> None:
    with running(unit.state) as (store, posted):
        store.order(record(1, fact("door.opened")))
        posted.recorded(1)
        child = subprocess.Popen(
            [sys.executable, "-m", "agent", "-c", str(unit.config), "log", "--follow", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            assert json.loads(_line(child))["kind"] == "door.opened"
            store.order(record(2, fact("door.closed")))
            assert json.loads(_line(child))["kind"] == "door.closed"
            child.send_signal(signal.SIGINT)
            _, errors = child.communicate(timeout=5)
        finally:
            child.kill()
            child.wait()
    assert (child.returncode, errors) == (0, b"")


def _line(child: subprocess.Popen[bytes]) -> bytes:
    assert child.stdout is not None
    assert select.select([child.stdout], [], [], 10)[0], "nothing within 10 s"
    return child.stdout.readline()
