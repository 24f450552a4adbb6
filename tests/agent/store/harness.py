"""A store on a real folder, with everything it posts kept in order."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from agent.core import effects, events
from agent.core.effects import AppendFacts, DatedFact
from agent.store import Store
from agent.store.schema import seal
from contract import chain, facts
from contract.messages import Category, Holder, Keys, Kind, Notice, RosterPart, WorkingKey
from contract.scopes import Scope
from tests.waiting import eventually

E = TypeVar("E")

SITE, UNIT = "badahu", "b12-u2"
YARD = Scope("yard", "y07")
UTC = 1_795_000_000.0
BALLAST = 256 * 1024
FACTS, CONFIRMED, HOLDERS = 1200, 300, 200
KEYS = Keys(Scope("site", SITE), 3, 1.0, (WorkingKey("k1", "ab" * 32, frozenset({Kind.COMMAND})),))
"""What the folders of conftest.py hold."""


class Posted:
    """What the store posted, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.all: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            self.all.append(event)

    def of(self, kind: type[E]) -> list[E]:
        with self._lock:
            return [event for event in self.all if isinstance(event, kind)]

    def one(self, kind: type[E], limit_s: float = 5.0) -> E:
        """The last of a kind, once there is one."""
        return eventually(lambda: self.of(kind), limit_s)[-1]

    def recorded(self, token: int, limit_s: float = 5.0) -> events.Recorded:
        return eventually(lambda: [e for e in self.of(events.Recorded) if e.token == token], limit_s)[0]

    def clear(self) -> None:
        with self._lock:
            self.all.clear()


@contextmanager
def running(folder: Path, *, opened: bool = True, **more: Any) -> Iterator[tuple[Store, Posted]]:
    posted = Posted()
    options: dict[str, Any] = {"retention_days": 180, "journal_mb": 64, "ballast_bytes": BALLAST, "utc": lambda: UTC}
    store = Store(folder, SITE, UNIT, posted, **(options | more))
    store.start()
    try:
        if opened:
            posted.one(events.StateLoaded)
        yield store, posted
    finally:
        assert store.stop(10.0)


_FACTS: Mapping[str, facts.Fact] = {
    facts.kind_of(each): each
    for each in (
        facts.AccessGranted("main", "h-0001", facts.Via.CARD),
        facts.AccessDenied("main", "h-0001", facts.Via.CARD, facts.Denial.EXPIRED),
        facts.DoorOpened("main"),
        facts.DoorClosed("main"),
        facts.PatrolCheckin(None, "main", "wang"),
        facts.NoticeShown("yard/y07", "n1", 1),
        facts.CommandAccepted("c-1"),
        facts.CommandDone("c-1"),
        facts.CommandRefused("c-1", "replayed"),
        facts.DeviceLost("panel", "silent", "no answer", UTC),
        facts.StorageFailed("full", "no room"),
        facts.AgentStarted("s1", "0.1.0"),
        facts.Refusals({}),
    )
}


def fact(kind: str = "access.granted", utc: float = UTC, clock: str = "synced", **data: Any) -> DatedFact:
    """A fact of this kind, with `data` in its fields."""
    return DatedFact(replace(_FACTS[kind], **data), utc, clock, time.monotonic())


def record(token: int, *some: DatedFact, **more: Any) -> AppendFacts:
    """Without facts: one by the holder `h-<token>`."""
    return AppendFacts(token, some or (fact(by=holder_name(token)),), **more)


def holder_name(number: int) -> str:
    return f"h-{number:05d}"


def part(
    rev: int, holders: list[Holder], number: int = 1, parts: int = 1, roster: str = "r1", scope: Scope = YARD
) -> RosterPart:
    return RosterPart(scope, roster, rev, UTC, number, parts, "k1", tuple(holders))


def holder(number: int, **more: Any) -> Holder:
    return Holder(holder_name(number), key=f"{number:032x}", **more)


def notice(ident: str, rev: int, **more: Any) -> Notice:
    return Notice(YARD, ident, rev, UTC, Category.SERVICE, "停水通知", "明日停水，请提前储水。", **more)


def batch(store: Store, posted: Posted, first: int) -> events.BatchLoaded:
    before = len(posted.of(events.BatchLoaded))
    store.order(effects.LoadBatch(first))
    return eventually(lambda: posted.of(events.BatchLoaded)[before:])[0]


def drained(store: Store, posted: Posted, first: int = 1) -> list[events.BatchLoaded]:
    """All batches from `first` to the end, each with its chain checked from the one before."""
    found: list[events.BatchLoaded] = []
    while True:
        got = batch(store, posted, first)
        if not got.lines:
            return found
        if found:
            assert got.prev == found[-1].head
        check(got)
        found.append(got)
        first = got.last + 1


def check(got: events.BatchLoaded) -> None:
    """The batch's lines lead from `prev` to `head`, by the contract's own rules."""
    h, due = bytes.fromhex(got.prev), got.first
    for line in got.lines:
        parsed = chain.parse_line(line)
        if isinstance(parsed, chain.Gap):
            assert parsed.first == due
            h, due = bytes.fromhex(parsed.h), parsed.last + 1
        else:
            assert parsed.seq == due
            h, due = chain.next_hash(h, line), due + 1
    assert (due, h.hex()) == (got.last + 1, got.head)


def seqs(batches: list[events.BatchLoaded]) -> list[int]:
    found = [chain.parse_line(line) for got in batches for line in got.lines]
    return [one.seq for one in found if isinstance(one, chain.FactLine)]


def as_before_signed_time(path: Path, floor: float) -> None:
    """Make a closed journal what the version before m005 left: `floor` in its life row, which any clock could have raised."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("DROP TABLE known")
    conn.execute("DROP TABLE untold")
    for table in ("secrets", "tries", "visited", "visits", "told_stops", "homes", "meters"):
        conn.execute(f"DROP TABLE {table}")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name >= 'm005'")
    conn.execute("PRAGMA user_version = 4")
    boot, clean = conn.execute("SELECT boot, clean FROM life").fetchone()
    conn.execute("UPDATE life SET floor = ?, sum = ?", (floor, seal(boot, clean, floor)))
    conn.close()


def written(pid: int | str, what: str = "write_bytes") -> int:
    """Bytes the process has caused to be written to a device (0 where the folder is in memory); `wchar`: handed to write calls."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1])


def own_writes() -> int:
    return written("self")
