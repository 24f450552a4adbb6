"""The examples of docs/architecture.md: a new kind of fact, and one of message, touches three files each; then it is made, kept and read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIFFS = re.findall(r"```diff\n(.*?\n)```", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.DOTALL)
PACKAGES = ("agent", "centre", "contract", "drivers", "tests")
FACT = """
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
MESSAGE = """
from pathlib import Path
from agent.core import effects as fx, events as ev
from agent.core.status import applied_entries
from agent.link.translate import AcceptedMessage, MessageReader
from agent.store.cache import open_cache
from agent.store.database import create
from agent.store.schema import CACHE_KIND
from centre import founding, greetings, state
from centre.folder import Site
from centre.opened import OpenCentre
from contract.digest import digest
from contract.envelope import key_ring
from contract.scopes import Scope
from tests.agent.core.bench import SITE, UNIT, UTC, YARD, Bench

founding.found(Path("centre-folder"), Site("badahu", "mqtt://127.0.0.1:1883", "Asia/Shanghai"), None, UTC)
centre = OpenCentre(Path("centre-folder"))
for text in ("happy new year", "and a calm one"):
    greetings.put(centre, YARD, text, UTC)
with centre.books.changing() as conn:
    state.clear_scope(conn, SITE, UTC)  # the first keys: no matter here
    (sent,) = [item for item in state.unsent(conn) if item.kind == "greeting"]
    due, _ = state.digest_of(state.due(conn), (SITE, YARD, UNIT), UTC)
ring = key_ring(bytes.fromhex(centre.keys.root_public), centre.keys.working)
read = MessageReader("badahu", "b12-u2", (SITE, YARD)).read(sent.topic, sent.token, ring, retained=True)
assert isinstance(read, AcceptedMessage), read

bench = Bench().start()
found = bench.do(ev.MessageReceived(7, read.message, True, signed=sent.token))
(order,) = [effect for effect in found if isinstance(effect, fx.SaveState)]
create(Path("cache.db"), CACHE_KIND, lambda db: None)
cache = open_cache(Path("cache.db"))
with cache.transaction():
    cache.save(order.message, order.signed)
cache.close()
bench.do(ev.StateSaved(7, "greeting", str(YARD), "", read.message.rev))
assert "state.applied" in bench.kinds()
assert digest(applied_entries(bench.state)) == due

after = Bench().start()
after.do(ev.StateLoaded(open_cache(Path("cache.db")).messages()))
after.wait(61.0)
for unit in (bench, after):
    unit.wait(61.0)
    assert "and a calm one" in unit.page().body, unit.page()
assert digest(applied_entries(after.state)) == due
"""


@pytest.mark.slow
@pytest.mark.parametrize(("diff", "tried"), list(zip(DIFFS, (FACT, MESSAGE), strict=True)), ids=["fact", "message"])
def test_a_new_kind_touches_three_files(diff: str, tried: str, tmp_path: Path) -> None:
    assert len(re.findall(r"^\+\+\+ b/", diff, re.MULTILINE)) == 3
    for folder in PACKAGES:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], input=diff, text=True, cwd=tmp_path, check=True)
    done = subprocess.run([sys.executable, "-c", tried], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
