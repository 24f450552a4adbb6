"""What the journal keeps of water meters: over restarts and damage, and not beyond its end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.effects import DatedFact
from contract import facts
from contract.facts import Doubt
from tests.agent.store.harness import UTC, as_before_signed_time, record, running

ONE = effects.KeptMeter("water-301", 48_213_440, UTC, 1.25, "2026-11-26", "li")
TWO = effects.KeptMeter("water-302", 10**12)


def left(folder: Path) -> tuple[effects.KeptMeter, ...]:
    with running(folder) as (_, posted):
        return posted.one(events.StoreOpened).meters


def fill(folder: Path) -> None:
    with running(folder) as (store, posted):
        fact = DatedFact(facts.MeterRead("water-301", "301", 48_213_440), UTC, "synced", 1.0)
        doubt = DatedFact(facts.MeterDoubt("water-302", None, Doubt.LOWER, 1, 10**12), UTC, "synced", 1.0)
        store.order(record(1, fact, doubt, meters=(ONE, TWO)))
        posted.recorded(1)


def test_they_are_there_after_a_restart_and_go_when_they_are_gone(tmp_path: Path) -> None:
    fill(tmp_path)
    assert left(tmp_path) == (ONE, TWO)
    with running(tmp_path) as (store, posted):
        store.order(record(1, meters=(effects.KeptMeter("water-301", 0, gone=True),)))
        posted.recorded(1)
    assert left(tmp_path) == (TWO,)


@pytest.mark.claim("F8")
def test_a_damaged_journal_hands_on_what_is_whole(tmp_path: Path) -> None:
    fill(tmp_path)
    conn = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    conn.execute("UPDATE meters SET litres = litres + 8 WHERE name = 'water-301'")
    conn.close()
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered == ("journal",)
        assert opened.meters == (TWO,), "a wrong count would be somebody's sign of life"


@pytest.mark.claim("F53")
def test_a_journal_of_before_has_none(tmp_path: Path) -> None:
    fill(tmp_path)
    as_before_signed_time(tmp_path / "journal.db", UTC)
    assert left(tmp_path) == ()
