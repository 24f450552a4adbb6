"""The example of docs/architecture.md: a new kind of fact touches three files, and is then made, journaled and read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIFF = re.search(r"```diff\n(.*?\n)```", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.DOTALL)
TRY = """
import sqlite3
from agent.core import effects as fx, events as ev
from agent.store import evidence
from contract.chain import line
from contract.facts import DoorUnlocked, data_of, fact_of, kind_of
from tests.agent.core.bench import Bench

bench = Bench().start()
bench.do(ev.LockRead("main", unlocked=False))
bench.do(ev.ExitChanged("main", pressed=True))
bench.settle()
made = [dated.fact for e in bench.all(fx.AppendFacts) for dated in e.facts if isinstance(dated.fact, DoorUnlocked)]
assert made == [DoorUnlocked("main")]
assert fact_of(kind_of(made[0]), data_of(made[0])) == made[0]

conn = sqlite3.connect(":memory:")
conn.execute("CREATE TABLE facts (seq INTEGER, line BLOB)")
told = [("access.granted", {"door": "main", "by": None, "via": "remote", "command": "c1"}), ("door.unlocked", {"door": "main"})]
for seq, (kind, data) in enumerate(told, 1):
    conn.execute("INSERT INTO facts VALUES (?, ?)", (seq, line(seq, 1.7e9, "synced", 1, 1.0, kind, data)))
assert evidence.course(conn, 3, "c1", "main") == (True, True)
"""


@pytest.mark.slow
def test_a_new_kind_of_fact_touches_three_files(tmp_path: Path) -> None:
    assert DIFF is not None
    touched = re.findall(r"^\+\+\+ b/(.*)$", DIFF[1], re.MULTILINE)
    assert len(touched) == 3
    for folder in ("agent", "contract", "drivers", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], input=DIFF[1], text=True, cwd=tmp_path, check=True)
    done = subprocess.run([sys.executable, "-c", TRY], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
