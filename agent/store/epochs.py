"""How an epoch of facts begins: the first one, one after the centre found our history to differ, one after damage.

Facts of the epoch before that the centre has not confirmed go on into the new one: numbered and chained anew, with
`"was": [epoch, seq]` in their line, by which the books count a fact once even if they got it under its old number.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.core.effects import KeptHome, KeptMeter, KeptMode, KeptTries, UsedVisitor
from agent.core.marks import CheckedIn, PatrolVisit, ToldStop
from agent.core.time import KnownTime
from agent.store import patrol
from agent.store.database import Database, Transaction
from agent.store.homes import put_home
from agent.store.journal import Journal
from agent.store.meters import put_meter
from agent.store.rows import (
    put_epoch,
    put_keys,
    put_known,
    put_life,
    put_mode,
    put_position,
    put_rev,
    put_secrets,
    put_tries,
    put_unreported_checkins,
    put_visited,
)
from agent.store.schema import FACTS
from contract import chain
from contract.facts import keep_of

_INSERT = "INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(slots=True)
class CarriedOver:
    """What an epoch takes over. `epochs`: (epoch, utc, previous epoch, previous head), oldest first; `head` (hex) ends the last of them.

    `lines`: unconfirmed facts as (seq, line), in order; read once.
    """

    epochs: list[tuple[str, float, str, str]] = field(default_factory=list)
    head: str = ""
    boot: int = 0
    known: KnownTime | None = None
    seen: list[tuple[Any, ...]] = field(default_factory=list)
    revs: dict[str, int] = field(default_factory=dict)
    keys: tuple[int, bytes] | None = None
    """Their revision, and their body as kept."""
    secrets: list[tuple[int, bytes]] = field(default_factory=list)
    """Likewise."""
    modes: list[KeptMode] = field(default_factory=list)
    unreported_checkins: list[CheckedIn] = field(default_factory=list)
    tries: list[KeptTries] = field(default_factory=list)
    visited: list[UsedVisitor] = field(default_factory=list)
    visits: list[PatrolVisit] = field(default_factory=list)
    told_stops: list[ToldStop] = field(default_factory=list)
    homes: list[KeptHome] = field(default_factory=list)
    meters: list[KeptMeter] = field(default_factory=list)
    lines: Iterable[tuple[int, bytes]] = ()


def found(db: Database, site: str, unit: str, utc: float, carried: CarriedOver) -> int:
    """Begin an epoch in a new, empty journal. Returns how many facts it took over."""
    previous = carried.epochs[-1][0] if carried.epochs else ""
    with Transaction(db):
        for row in carried.epochs:
            put_epoch(db, *row)
        put_life(db, carried.boot, clean=True)
        if carried.known is not None:
            put_known(db, carried.known)
        db.conn.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)", carried.seen)
        for name, rev in carried.revs.items():
            put_rev(db, name, rev)
        if carried.keys is not None:
            put_keys(db, *carried.keys)
        for rev, body in carried.secrets:
            put_secrets(db, rev, body)
        for mode in carried.modes:
            put_mode(db, mode)
        for checkin in carried.unreported_checkins:
            put_unreported_checkins(db, checkin)
        for tries in carried.tries:
            put_tries(db, tries)
        for code in carried.visited:
            put_visited(db, code)
        for visit in carried.visits:
            patrol.put_visit(db, visit)
        for stop in carried.told_stops:
            patrol.put_told(db, stop)
        for home in carried.homes:
            put_home(db, home)
        for meter in carried.meters:
            put_meter(db, meter)
        return _begin(db, "facts", (site, unit), utc, (previous, carried.head), carried.lines)


def renew(journal: Journal, utc: float, foreign: str | None = None) -> int:
    """Begin an epoch in place. `foreign`: an epoch the centre named that is not ours; from now on it is one we left."""
    db = journal.db
    with Transaction(db):
        if foreign is not None and foreign != journal.epoch:
            # below ours in order, so that ours stays the one before the new one
            db.conn.execute("UPDATE epochs SET n = n + 1 WHERE epoch = ?", (journal.epoch,))
            last = db.conn.execute("SELECT max(n) FROM epochs").fetchone()[0]
            put_epoch(db, foreign, utc, "", "")
            db.conn.execute("UPDATE epochs SET n = ? WHERE epoch = ?", (last - 1, foreign))
        db.conn.execute(FACTS.format(name="fresh_facts"))
        kept = _begin(
            db,
            "fresh_facts",
            (journal.site, journal.unit),
            utc,
            (journal.epoch, journal.head.hex()),
            unconfirmed(db, journal.confirmed),
        )
        db.conn.execute("DROP TABLE facts")
        db.conn.execute("ALTER TABLE fresh_facts RENAME TO facts")
    journal.load()
    return kept


def unconfirmed(db: Database, confirmed: int) -> Iterator[tuple[int, bytes]]:
    """Gaps are left out: what they stood for is gone, and the new epoch counts only what it has."""
    cursor = db.conn.execute(
        "SELECT seq, line FROM facts WHERE seq > ? AND line IS NOT NULL ORDER BY seq", (confirmed,)
    )
    yield from cursor


def _begin(
    db: Database,
    table: str,
    names: tuple[str, str],
    utc: float,
    previous: tuple[str, str],
    lines: Iterable[tuple[int, bytes]],
) -> int:
    epoch = secrets.token_hex(8)
    put_epoch(db, epoch, utc, *previous)
    start = chain.chain_start(*names, epoch, *previous)
    put_position(db, 0, start, 0, start)
    kept = 0
    statement = _INSERT.format(table=table)
    for row in _renumbered(lines, previous[0], start):
        db.conn.execute(statement, row)
        kept += 1
    return kept


def _renumbered(lines: Iterable[tuple[int, bytes]], epoch: str, h: bytes) -> Iterator[tuple[Any, ...]]:
    seq = 0
    for old, text in lines:
        try:
            fact = chain.parse_line(text)
        except (ValueError, TypeError):
            continue
        if isinstance(fact, chain.Gap) or fact.seq != old:
            continue
        seq += 1
        data = {"was": [epoch, old], **fact.data}  # a fact taken over twice keeps its first number
        line = chain.line(seq, fact.at_utc, fact.clock, fact.boot, fact.mono, fact.kind, data)
        h = chain.next_hash(h, line)
        yield seq, None, None if fact.clock == "unknown" else int(fact.at_utc), keep_of(fact.kind), line, h
