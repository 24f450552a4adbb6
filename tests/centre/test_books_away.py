"""The books gone at any moment of `serve`'s work, on each engine: said once, tried again, nothing confirmed meanwhile, nothing lost."""

from __future__ import annotations

import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select

from centre import schema
from centre.alarm_hook import AlarmHook
from centre.books import Books
from centre.cli import centre
from centre.cli.context import CliContext
from contract.plain import build_will
from simulator.broker import start_broker
from tests.centre.conftest import Fresh, cut_off, impatient
from tests.centre.site import OWN, Site
from tests.waiting import eventually

pytestmark = pytest.mark.slow

AWAY = "nothing is confirmed meanwhile"
BACK = "books: can be written again"
PLACES = ("_settle", "replay", "look", "strays", "_is_ours", "mark", "begin", "advance",
          "follow", "note_sent", "take", "_tidy", "send")  # fmt: skip
"""Functions of `serve` under which it reads or writes its books."""
ONLY_READ = {"_settle", "look", "_is_ours"}
"""Of SQLite's, which has no leases and of which nobody can shut readers out."""


class Cutter:
    """Takes the books away the first two times that each of the places is passed."""

    def __init__(self, books: Books, path: Path) -> None:
        self.cut: list[str] = []
        self._books = books
        self._path = path
        self._sqlite = books.engine.dialect.name == "sqlite"
        self.places = [place for place in PLACES if not (self._sqlite and place in ONLY_READ)]
        self._other = CliContext(path).books
        self._over = False
        event.listen(books.engine, "before_cursor_execute", self._passed)

    def _passed(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if (
            self._over
            or threading.current_thread().name != "serve"
            or (self._sqlite and not statement.startswith("BEGIN IMMEDIATE"))
        ):
            return
        names = {frame.name for frame in traceback.extract_stack() if "centre/" in frame.filename}
        due = [each for each in self.places if each in names and self.cut.count(each) < 2]
        if due:
            self.cut.append(due[0])
            self._take_away()

    def _take_away(self) -> None:
        if not self._sqlite:
            cut_off(self._other)
            return
        conn = sqlite3.connect(self._path / "books.db", isolation_level=None, check_same_thread=False)
        conn.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, conn.close).start()

    def left(self) -> set[str]:
        return {each for each in self.places if self.cut.count(each) < 2}

    def close(self) -> None:
        """It listens on, and does nothing: `serve` may be going through the listeners just now."""
        self._over = True
        self._other.close()


@pytest.fixture
def hook(tmp_path: Path) -> Callable[[], AlarmHook]:
    program = tmp_path / "hook"
    program.write_text('#!/bin/sh\ncat >> "$0.out"\n', encoding="utf-8")
    program.chmod(0o755)
    return lambda: AlarmHook(program)


def handed(tmp_path: Path) -> int:
    out = tmp_path / "hook.out"
    return out.read_text().count("\n") if out.exists() else 0


def put(site: Site, name: str, *more: str) -> int:
    """A notice; 0, or 69 where the command was cut off too."""
    words = ["notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", name]
    code = CliRunner().invoke(centre, ["--dir", str(site.desk.path), *words, *more]).exit_code
    assert code in (0, 69)
    return code


def test_wherever_they_are_taken_away_nothing_is_lost(
    site: Site, tmp_path: Path, hook: Callable[[], AlarmHook], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("MENDING_S", 0.1), ("TIDY_S", 0.5)):
        monkeypatch.setattr(f"centre.service.{name}", seconds)
    monkeypatch.setattr("centre.standing.STALE_S", 0.0)
    monkeypatch.setattr("centre.questions.ASK_S", 0.0)
    desk = site.desk
    unit = desk.unit("b12-u2", "yard/y07")
    desk.run("keys", "rotate", "state")  # which goes on as long as the unit does not say that it has them
    impatient(desk.books)
    cutter = Cutter(desk.books, desk.path)
    stray = site.wire(unit)
    stray.publish(f"{OWN}/up/ghost/status", build_will("s1"), retain=True)
    stray.publish(f"{OWN}/up/{unit.name}/reply", b"x", retain=True)
    site.serve(hook())
    wire = site.wire(unit)
    end = time.monotonic() + 40
    number = 0
    while cutter.left() and time.monotonic() < end:
        number += 1
        unit.fact(count=2)
        unit.fact("door.forced", door="main")
        wire.send(unit.batch(len(unit.lines) - 2), unit.status(stale=True, session=f"s{number}"))
        put(site, f"n{number}", "--until", "2s")
        time.sleep(0.3)
    assert cutter.left() == set(), "each place was met twice"
    cutter.close()
    eventually(lambda: any(each.seq == len(unit.lines) for each in site.confirms(unit, wire)), 15)
    assert desk.count(schema.facts) == len(unit.lines)
    eventually(lambda: handed(tmp_path) >= number, 15)
    eventually(lambda: None not in [row[0] for row in desk.rows(select(schema.alarms.c.handed_utc))], 10)
    assert handed(tmp_path) == desk.count(schema.alarms), "each once"
    assert put(site, "last") == 0
    eventually(lambda: wire.payloads("/notice/last"), 15)
    eventually(lambda: "not sent yet" not in desk.run("notice", "list").stdout, 15)
    away, back = sum(AWAY in line for line in site.said), site.said.count(BACK)
    eventually(lambda: site.said.count(BACK) == sum(AWAY in line for line in site.said))
    assert away >= 1, (away, back)
    assert f"{unit.name}: cleared 1 retained where nothing belongs (reply)" in site.said
    site.stop()
    assert "holds" in desk.run("verify").stdout


@pytest.fixture
def sqlite_site(tmp_path: Path, fresh_folder: Path) -> Iterator[Site]:
    with start_broker(tmp_path / "broker") as broker:
        with Site(tmp_path, Fresh(fresh_folder, None), broker) as made:
            yield made
        broker.kill()


@pytest.mark.soak
def test_books_locked_by_another_for_half_a_minute_are_waited_for(sqlite_site: Site) -> None:
    site = sqlite_site
    site.serve()
    unit, wire = site.unit()
    eventually(lambda: f"{unit.name}: enrolled" in site.said)
    unit.fact(count=50)
    with closing(sqlite3.connect(site.desk.path / "books.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wire.send(unit.batch())
        time.sleep(30)
        assert site.confirms(unit, wire) == []
        assert sum(AWAY in line for line in site.said) == 1
    site.confirmed(unit, wire, 50)
    eventually(lambda: BACK in site.said)


def test_on_a_full_disk_nothing_is_confirmed_until_there_is_room(sqlite_site: Site) -> None:
    """SQLite's own word for it: its file may not grow."""
    site = sqlite_site
    site.serve()
    unit, wire = site.unit()
    eventually(lambda: f"{unit.name}: enrolled" in site.said)
    books, full = site.desk.books, threading.Event()
    full.set()

    @event.listens_for(books.engine, "begin")
    def begin(conn: Any) -> None:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar() if full.is_set() else 1_000_000
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    unit.fact(count=2000, door="main")
    wire.send(*unit.batches())
    eventually(lambda: any("full" in line and AWAY in line for line in site.said))
    time.sleep(2.5)
    assert sum(AWAY in line for line in site.said) == 1
    assert not any(each.seq == 2000 for each in site.confirms(unit, wire))
    full.clear()
    site.confirmed(unit, wire, 2000)
    eventually(lambda: BACK in site.said)
    assert site.desk.count(schema.facts) == 2000
