"""Honest books with a bit of everything in them, and somebody who may write to them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centre import acts, commands, retention
from centre.folder import Folder
from centre.intake import InboundMessage
from contract import chain
from contract.commands import Command, Open
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from contract.strict_json import dumps, load_object
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit


@dataclass
class Scene:
    """Honest books, an honest copy from a little before, the checkpoint that somebody else keeps, and the units' keys as only a test has
    them.
    """

    path: Path
    before: Path
    checkpoint: Path
    unit: FakeUnit
    other: FakeUnit
    old: FakeUnit


def honest_scene(fresh_folder: Path, path: Path) -> Scene:
    """Two units with gaps, forks, alarms and receipts ahead, a command and its course, facts taken over; a revoked third one; a fourth
    whose older facts were given up; an alarm that somebody took note of.
    """
    shutil.copytree(fresh_folder, path)
    desk = Desk(path)
    old = _old(desk)
    unit, other, gone = desk.unit(), desk.unit("b12-u3", "yard/y07"), desk.unit("b12-u4")
    desk.run("notice", "put", "--scope", "site/badahu", "--title", "t", "--text", "x", "--id", "n1", "--yes")
    unit.fact(count=10, door="main")
    unit.fact("notice.received", scope="site/badahu", id="n1", rev=1)
    unit.fact("notice.shown", scope="site/badahu", id="n1", rev=1)
    unit.fact(count=8, door="main")
    unit.drop(14, 16)
    desk.take(unit.batch(1, 10), unit.batch(11, 20))
    unit.fact("door.forced", door="main")
    desk.take(unit.alarm(21))
    unit.fact("command.accepted", id="c-1", door="main")
    unit.fact("command.done", id="c-1", door="main")
    ordered(desk, "c-1", "b12-u2")
    reply = Reply("c-1", ReplyState.OPENED, unit.at, door="main")
    desk.take(unit.batch(21, 23), unit.reply(reply))
    _takes_over(desk, unit)
    other.fact(count=30, door="main")
    forked = FakeUnit(other.name)
    forked.key = other.key
    forked.fact("door.opened", 5, door="main")
    desk.take(*other.batches(10), forked.batch(1, 5))
    gone.fact(count=3, door="main")
    desk.take(gone.batch())
    other.fact("door.forced", door="main")
    desk.take(other.alarm(31))
    desk.run("unit", "revoke", "b12-u4")
    desk.run("alarms", "ack", "2", "--by", "wang", "--why", "seen on the spot")
    assert desk.run("verify").stderr == ""
    shutil.copytree(path, path.parent / "before")
    old.fact(count=3, door="main")
    for kind in ("notice.received", "notice.shown"):
        old.fact(kind, scope="site/badahu", id="n2", rev=1)
    desk.take(ahead(old, 24), ahead(old, 25), old.batch(21, 24))
    assert desk.run("verify").stderr == ""
    desk.close()
    return Scene(path, path.parent / "before", _kept(path), unit, other, old)


def ahead(unit: FakeUnit, seq: int) -> InboundMessage:
    """A receipt that does not wait for the backlog before it."""
    line = unit.lines[seq - 1]
    return unit.message("receipt", chain.build_receipt(unit.key, SITE, unit.name, unit.epoch, seq, line))


def _old(desk: Desk) -> FakeUnit:
    """Facts of a year ago: the first ten went with age, what followed of them too, but for a receipt that is half as old."""
    now, desk.now = desk.now, desk.now - 400 * 86_400.0
    unit = desk.unit("b12-u5")
    unit.at = desk.now - 100
    ordered(desk, "c-0", "b12-u5")
    unit.fact("notice.received", scope="site/badahu", id="n1", rev=1)
    unit.fact("notice.received", scope="site/badahu", id="n0", rev=1)
    unit.fact("command.done", id="c-0", door="main")
    unit.fact("door.forced", door="main")
    unit.fact(count=6, door="main")
    desk.take(unit.batch())
    desk.now, unit.at = now - 86_400.0, now - 86_500.0
    unit.fact("notice.shown", scope="site/badahu", id="n1", rev=1)
    unit.fact(count=9, door="main")
    desk.take(unit.batch(11))
    desk.now = now
    retention.retain(desk.office, 6, now)
    assert desk.run("verify").stderr == ""
    return unit


def _kept(path: Path) -> Path:
    """A checkpoint of these books, made in a copy: they have none themselves, which would be found in them."""
    file = path.parent / "kept"
    shutil.copytree(path, path.parent / "copy")
    copy = Desk(path.parent / "copy")
    copy.run("checkpoint", "--out", str(file))
    assert copy.run("verify", "--checkpoint", str(file)).stderr == ""
    copy.close()
    return file


def ordered(desk: Desk, name: str, unit: str) -> None:
    """A command as a desk would order it, without a broker."""
    scope = Scope("unit", unit)
    command = Command(SITE, scope, name, unit, desk.now, desk.now + 20.0, Open("main"), "desk-2", "courier")
    with desk.books.writing() as conn:
        commands.record(conn, command)


def _takes_over(desk: Desk, unit: FakeUnit) -> None:
    """The journal was lost behind fact 23: six facts go into the next epoch, two of which the books have already."""
    before = unit.epoch
    lines = unit.lines[21:23]
    unit.begin("e2", (before, unit.head))
    for seq, line in enumerate(lines, 22):
        fact = chain.parse_line(line)
        assert isinstance(fact, chain.FactLine)
        unit.fact(fact.kind, was=[before, seq], **fact.data)
    unit.fact(count=4, door="main")
    desk.take(unit.batch())


class Forger:
    """Somebody with the books' file; with the folder too where `signs` is used."""

    def __init__(self, scene: Scene, path: Path) -> None:
        self.scene = scene
        self.path = path
        self.conn = sqlite3.connect(path / "books.db", isolation_level=None)

    def do(self, *statements: str, values: tuple[Any, ...] = ()) -> None:
        for statement in statements:
            self.conn.execute(statement, values)

    def one(self, query: str, *values: Any) -> Any:
        return self.conn.execute(query, values).fetchone()[0]

    def epoch(self, unit: str = "b12-u3", epoch: str = "e1") -> int:
        return int(self.one("SELECT id FROM epochs WHERE unit = ? AND epoch = ?", unit, epoch))

    def acts_again(self, change: Callable[[dict[str, Any]], bool]) -> None:
        """The whole journal of the centre signed anew, with the folder's key: only the acts that `change` leaves in."""
        journal = self.journal()
        lines = [load_object(line) for (line,) in self.conn.execute("SELECT line FROM acts ORDER BY n")]
        h, n = acts.act_start(SITE), 0
        self.do("DELETE FROM acts")
        for value in lines:
            if not change(value):
                continue
            n += 1
            line = dumps({**value, "n": n})
            h = acts.next_act(h, line)
            sig = journal.private.sign(acts.act_text(SITE, n, h))
            self.do("INSERT INTO acts VALUES (?, ?, ?, ?)", values=(n, line, h, sig))

    def act(self, what: str, **data: Any) -> None:
        """One more, signed with the folder's key."""
        n, h = self.conn.execute("SELECT n, h FROM acts ORDER BY n DESC").fetchone()
        line = dumps({"n": n + 1, "at": 1_790_000_001.0, "act": what, **data})
        h = acts.next_act(h, line)
        sig = self.journal().private.sign(acts.act_text(SITE, n + 1, h))
        self.do("INSERT INTO acts VALUES (?, ?, ?, ?)", values=(n + 1, line, h, sig))

    def put_back(self, books: Path) -> None:
        """An older copy of the books in their place."""
        self.conn.close()
        for file in self.path.glob("books.db*"):
            file.unlink()
        for file in books.glob("books.db*"):
            shutil.copy(file, self.path)
        self.conn = sqlite3.connect(self.path / "books.db", isolation_level=None)

    def cut_beginning(self, unit: str, last: int) -> dict[str, Any]:
        """Facts up to `last`, which ends a batch, are gone as if `retain` had given them up. Returns what its act would say."""
        epoch = self.epoch(unit)
        rows = "SELECT {} FROM facts WHERE epoch_id = ? AND seq = ?"
        h, line = self.conn.execute(rows.format("h, line"), (epoch, last)).fetchone()
        before = self.one(rows.format("h"), epoch, last - 1)
        start = self.one("SELECT start FROM epochs WHERE id = ?", epoch)
        self.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq <= {last}")
        self.do(f"DELETE FROM batches WHERE epoch_id = {epoch} AND last < {last}")
        self.do(f"DELETE FROM forks WHERE epoch_id = {epoch} AND last <= {last}")
        self.do("INSERT INTO pruned VALUES (?, ?, ?, 'first', ?, 1790000001.0)", values=(epoch, last, h, start))
        self.do("UPDATE epochs SET base = ?, start = ?, link = 'pruned' WHERE id = ?", values=(last, h, epoch))
        said = {"unit": unit, "epoch": "e1", "seq": last, "h": h.hex(), "before": before.hex(), "line": line.decode()}
        return said | {"until": 1_790_000_001.0 - 6 * 31 * 86_400.0, "alarms": []}

    def journal(self) -> acts.ActJournal:
        return acts.ActJournal(Folder(self.path), SITE)

    def cut(self, epoch: int, first: int) -> None:
        """All from fact `first` on is gone, clean: `first` begins a batch."""
        h = self.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = ?", epoch, first - 1)
        self.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq >= {first}")
        self.do(f"DELETE FROM batches WHERE epoch_id = {epoch} AND first >= {first}")
        self.do("UPDATE epochs SET seq = ?, head = ? WHERE id = ?", values=(first - 1, h, epoch))
