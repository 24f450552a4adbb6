"""Holders whose remains units are to remove: asked by a signed command, again until each unit says that it is done. Owns the table erasures.

A command lives a minute, and a unit may be off for a month: what is to be done stands in the books, and `serve` asks whoever is there.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from centre import acts, commands
from centre.books import Books, insert_or_update
from centre.link import Link
from centre.schema import commands as commands_table
from centre.schema import courses, units
from centre.schema_holders import erasures
from centre.signing import Signer
from contract.commands import Command, Erase
from contract.messages import Kind
from contract.plain import ReplyState
from contract.topics import down

LOOK_S = 5.0
FIRST_S, MOST_S = 10.0, 3600.0
"""A unit that did not do it is asked again after ten seconds (its roster may be on its way), then after twice as long each time, up to an hour."""
AT_ONCE = 50
"""Units asked at one look."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one holder: which units have removed what they kept, and which have not."""

    holder: str
    asked_utc: float
    by: str
    done: tuple[str, ...]
    waiting: tuple[str, ...]


def ask(conn: Connection, holder: str, by: str, why: str, now: float) -> int:
    """Every unit of the register, also those that have done it once before. Returns how many."""
    mine = select(units.c.unit).where(units.c.revoked_utc.is_(None)).order_by(units.c.unit)
    names = list(conn.execute(mine).scalars())
    for unit in names:
        row = {"holder": holder, "unit": unit, "asked_utc": now, "by": by, "why": why, "done_utc": None}
        conn.execute(insert_or_update(conn, erasures, row))
    acts.note(conn, "erasure", {"holder": holder, "units": names, "asked": now, "by": by, "why": why}, now)
    return len(names)


def listed(conn: Connection) -> list[Progress]:
    """The newest first."""
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(select(erasures).order_by(erasures.c.asked_utc.desc(), erasures.c.holder, erasures.c.unit)):
        found.setdefault(row.holder, []).append(row)
    return [
        Progress(
            holder,
            max(row.asked_utc for row in rows),
            rows[0].by,
            tuple(row.unit for row in rows if row.done_utc is not None),
            tuple(row.unit for row in rows if row.done_utc is None),
        )
        for holder, rows in found.items()
    ]


def note_done(conn: Connection, now: float) -> int:
    """Take in what units said: a `done` of a command that asked for it since. Returns how many."""
    waiting = {(row.holder, row.unit): row.asked_utc for row in conn.execute(_waiting())}
    if not waiting:
        return 0
    same = commands_table.c.id == courses.c.command
    query = select(commands_table, courses.c.at_utc).select_from(commands_table.join(courses, same))
    done = (commands_table.c.action == Erase.TAG) & (courses.c.state == ReplyState.DONE.value)
    count = 0
    for row in conn.execute(query.where(done, courses.c.unit == commands_table.c.unit)).all():
        key = (str(json.loads(row.args).get("holder")), row.unit)
        if key not in waiting or row.iat_utc < waiting[key]:
            continue
        del waiting[key]
        mine = (erasures.c.holder == key[0]) & (erasures.c.unit == key[1])
        conn.execute(update(erasures).where(mine).values(done_utc=row.at_utc))
        acts.note(conn, "erased", {"holder": key[0], "unit": key[1], "done": row.at_utc}, now)
        count += 1
    return count


def _waiting() -> Any:
    return select(erasures).where(erasures.c.done_utc.is_(None)).order_by(erasures.c.asked_utc, erasures.c.unit)


class Erasures:
    """For the one thread of `serve`."""

    def __init__(self, site: str, books: Books) -> None:
        self._site, self._books = site, books
        self._looked_mono = float("-inf")
        self._folded_utc = 0.0
        """Up to which erasure the WAL was folded since: where a long reading was in its way, `erase` left it to be done here."""
        self._asked: dict[tuple[str, str], tuple[float, float]] = {}
        """By holder and unit: when (monotonic) it was asked last, and how long it is waited for until the next time."""

    def look(self, link: Link, signer: Signer) -> None:
        """Take in what was done, ask whose turn it is, of the units that are online. Raises the database's errors."""
        now = time.monotonic()
        if now - self._looked_mono < LOOK_S:
            return
        self._looked_mono = now
        with self._books.reading() as conn:
            newest = conn.execute(select(func.max(erasures.c.asked_utc))).scalar() or 0.0
            waits = conn.execute(_waiting().limit(1)).first() is not None
        if newest > self._folded_utc and self._books.fold():
            self._folded_utc = newest
        if not waits:
            self._asked.clear()
            return
        with self._books.writing() as conn:
            note_done(conn, time.time())
            orders = self._due(conn, now)
            for command in orders:
                commands.record(conn, command)
        for command in orders:
            assert isinstance(command.order, Erase)
            key = (command.order.holder, command.unit)
            _at, waited = self._asked.get(key, (0.0, FIRST_S / 2))
            self._asked[key] = (now, min(waited * 2, MOST_S))
            topic = down(self._site, command.scope, Kind.COMMAND)
            link.publish(topic, signer.sign(Kind.COMMAND, command), retain=False)

    def _due(self, conn: Connection, now: float) -> list[Command]:
        there = set(conn.execute(select(units.c.unit).where(units.c.online, units.c.revoked_utc.is_(None))).scalars())
        utc, found = time.time(), list[Command]()
        for row in conn.execute(_waiting()):
            at, wait = self._asked.get((row.holder, row.unit), (float("-inf"), 0.0))
            if row.unit in there and now - at >= wait:
                order = Erase(row.holder)
                found.append(commands.make(self._site, row.unit, order, "serve", row.why, commands.VALID_S, utc))
            if len(found) == AT_ONCE:
                break
        return found
