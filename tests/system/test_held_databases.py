"""Somebody else's hand on the databases of a unit that starts: a copy under way, an editor. The door does not wait for it, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from agent.store import reading
from contract.chain import FactLine, parse_line
from simulator.demo.people import PATROL, RESIDENT
from simulator.demo.stage import PULSE_S, Stage
from tests.waiting import eventually

HOLDER = "r-0301"


def held(path: Path) -> sqlite3.Connection:
    """Nobody else may read or write it until this is closed."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("BEGIN EXCLUSIVE")
    return conn


def status(stage: Stage) -> dict[str, object]:
    return dict(json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8")))


def facts(stage: Stage, kind: str) -> list[FactLine]:
    lines = (parse_line(entry.line) for entry in reading.facts(stage.disk.folder))
    return [fact for fact in lines if isinstance(fact, FactLine) and fact.kind == kind]


@pytest.mark.slow
@pytest.mark.claim("D6")
@pytest.mark.parametrize(
    "names",
    [
        ("cache.db", "journal.db"),
        pytest.param(("cache.db",), marks=pytest.mark.soak),
        pytest.param(("journal.db",), marks=pytest.mark.soak),
    ],
    ids="+".join,
)
def test_a_database_in_somebody_elses_hand_costs_no_first_tap(
    stage: Stage, names: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert stage.agent.stop() == 0
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(closing(held(stage.disk.folder / name)))
        began = time.monotonic()
        stage.start_agent()
        tapped = stage.box.tap(RESIDENT)
        eventually(lambda: stage.box.lock_unlocked, 1.0)
        record_property(
            "figure", f"opened {time.monotonic() - tapped:.2f} s after a tap {tapped - began:.1f} s after the start"
        )
        eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)
        if "journal.db" in names:
            stage.box.tap(PATROL)
            eventually(lambda: "签到" in (stage.box.panel.title or "") and "未" in (stage.box.panel.title or ""), 5)
            assert status(stage)["storage"] != "ok"
    eventually(lambda: status(stage)["storage"] == "ok", 10)
    eventually(lambda: status(stage)["backlog"] == 0, 15)
    mine = [fact for fact in facts(stage, "access.granted") if fact.data["by"] == HOLDER]
    assert len(mine) == 1
    booked = eventually(lambda: [f for f in stage.bureau.facts(kind="access.granted") if f.data["by"] == HOLDER], 10)
    assert len(booked) == 1
    assert not facts(stage, "journal.recovered")
    stage.box.tap(RESIDENT)
    eventually(lambda: stage.box.lock_unlocked, 1.0)
