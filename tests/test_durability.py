"""What the store calls durable was handed to the disk before it was told (`synchronous=FULL`): the setting, and the system calls themselves."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import database
from agent.store.schema import CACHE_KIND, journal_kind
from tests.agent.store.harness import running

FACTS = 20
FULL = 2
"""PRAGMA synchronous: 0 OFF, 1 NORMAL, 2 FULL (sqlite.org/pragma.html)."""


@pytest.mark.claim("D10")
def test_both_databases_are_opened_with_full_syncing_and_a_log(tmp_path: Path) -> None:
    with running(tmp_path / "state"):
        pass
    for name, kind in (("journal.db", journal_kind(64)), ("cache.db", CACHE_KIND)):
        db = database.connect(tmp_path / "state" / name, kind)
        try:
            assert db.conn.execute("PRAGMA synchronous").fetchone()[0] == FULL
            assert db.conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        finally:
            db.conn.close()


def told_unsynced(calls: Iterator[str]) -> tuple[int, list[str]]:
    """From strace's lines: how many facts were told, and those told while a write to the journal was not yet synced."""
    told, early, dirty = 0, [], False
    for call in calls:
        if "journal.db" in call:
            if re.search(r"\bp?write(?:v|64)?\(", call):
                dirty = True
            elif re.search(r"\bf(?:data)?sync\(.*= 0$", call):
                dirty = False
        elif (said := re.search(r'\bwrite\(1<[^>]*>, "(R \d+ \d+)', call)) is not None:
            told += 1
            if dirty:
                early.append(said[1])
    return told, early


@pytest.mark.claim("D10")
@pytest.mark.slow
@pytest.mark.needs("strace")
def test_no_fact_is_told_before_its_bytes_are_synced(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-s", "64", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", str(trace)]
    child = [sys.executable, "-m", "tests.agent.store.child", str(tmp_path / "state"), "1", str(FACTS)]
    with subprocess.Popen([*command, *child], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = [line for line in iter(process.stdout.readline, "D\n") if line]
        finally:
            process.kill()  # strace; what it traced is ended below
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(trace.read_text(encoding="utf-8", errors="replace").split(maxsplit=1)[0]), signal.SIGKILL)
    assert sum(line.startswith("R ") for line in said) >= FACTS - 1  # "D" may overtake the last one
    with trace.open(encoding="utf-8", errors="replace") as calls:
        told, early = told_unsynced(calls)
    assert told >= FACTS - 1
    assert early == []
    record_property("figure", f"{told} facts, each synced before it was told")


def test_a_fact_told_early_is_seen() -> None:
    write = '7 pwrite64(7<journal.db-wal>, "", 24, 0) = 24'
    sync = "7 fdatasync(7<journal.db-wal>) = 0"
    tell = '7 write(1</dev/null>, "R 1 2 1 56fd"..., 75) = 75'
    assert told_unsynced(iter([write, sync, tell])) == (1, [])
    assert told_unsynced(iter([write, tell, sync])) == (1, ["R 1 2"])
