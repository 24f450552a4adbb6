"""Alarms: urgent facts taken ahead of the chain and matched when it comes, and what the books themselves find wrong.

Owns the table `alarms`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from centre.books import insert_new
from centre.schema import alarms, epochs, facts
from contract.chain import Alarm, FactLine

FORK = "history.fork"
"""A validly signed batch of another history than the books have."""
BEHIND = "history.behind"
"""The unit knows less of its own history than the books: a restored image, a lying disk."""
TORN = "history.torn"
"""Facts the unit believes confirmed are not in the books: the books were restored from an older copy."""
NEW_EPOCH = "epoch.new"
"""A journal was begun anew with no new enrolment."""
MISMATCH = "alarm.mismatch"
"""The chain brought another line than the alarm had."""
SECOND_KEY = "enrol.second_key"
"""A spent token was used to prove another key."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A fact as it was entered: all that a match needs."""

    seq: int
    kind: str
    line: bytes


class Alarms:
    """Writes alarms, and knows which still wait for their fact. Dies with its transaction's failure: make a new one then."""

    def __init__(self, conn: Connection) -> None:
        self._waiting: dict[tuple[str, str], dict[int, bytes]] = {}
        waits = alarms.c.matched.is_(None) & alarms.c.line.is_not(None)
        for row in conn.execute(select(alarms).where(waits)):
            self._waiting.setdefault((row.unit, row.epoch), {})[row.seq] = row.line

    def raise_own(self, conn: Connection, unit: str, kind: str, epoch: str, seq: int, detail: str, now: float) -> bool:
        """One of the books' own; the same again makes no second row. Returns whether it is new."""
        values = {"unit": unit, "kind": kind, "epoch": epoch, "seq": seq, "detail": detail, "taken_utc": now}
        return bool(conn.execute(insert_new(conn, alarms).values(**values)).rowcount > 0)

    def take(self, conn: Connection, alarm: Alarm, fact: FactLine, now: float) -> bool:
        """An alarm ahead of its fact, or behind it. Returns whether it is new."""
        line = _line_of(conn, alarm.unit, alarm.epoch, alarm.seq)
        values = {"unit": alarm.unit, "kind": fact.kind, "epoch": alarm.epoch, "seq": alarm.seq}
        values |= {
            "line": alarm.line,
            "taken_utc": now,
            "detail": "",
            "matched": None if line is None else line == alarm.line,
        }
        if conn.execute(insert_new(conn, alarms).values(**values)).rowcount <= 0:
            return False
        if line is None:
            self._waiting.setdefault((alarm.unit, alarm.epoch), {})[alarm.seq] = alarm.line
        elif line != alarm.line:
            self.raise_own(conn, alarm.unit, MISMATCH, alarm.epoch, alarm.seq, "not the line of the chain", now)
        return True

    def waits(self, unit: str, epoch: str) -> bool:
        """Whether an alarm of this epoch still waits for its fact."""
        return (unit, epoch) in self._waiting

    def match(self, conn: Connection, unit: str, epoch: str, urgent: Iterable[Taken], now: float) -> None:
        """Facts of the chain that are urgent or that an alarm waits for: the alarm is matched, or made where it got lost."""
        waiting = self._waiting.get((unit, epoch), {})
        for fact in urgent:
            expected = waiting.pop(fact.seq, None)
            if expected is None:
                values = {"unit": unit, "kind": fact.kind, "epoch": epoch, "seq": fact.seq, "line": fact.line}
                values |= {"detail": "", "taken_utc": now, "matched": True}
                conn.execute(insert_new(conn, alarms).values(**values))
                continue
            mine = (alarms.c.unit == unit) & (alarms.c.epoch == epoch) & (alarms.c.seq == fact.seq)
            same = expected == fact.line
            conn.execute(update(alarms).where(mine, alarms.c.line.is_not(None)).values(matched=same))
            if not same:
                self.raise_own(conn, unit, MISMATCH, epoch, fact.seq, "not the line of the chain", now)
        if not waiting:
            self._waiting.pop((unit, epoch), None)

    def awaited(self, unit: str, epoch: str) -> frozenset[int]:
        return frozenset(self._waiting.get((unit, epoch), ()))


def _line_of(conn: Connection, unit: str, epoch: str, seq: int) -> bytes | None:
    joined = select(facts.c.line).join(epochs, facts.c.epoch_id == epochs.c.id)
    found: bytes | None = conn.execute(
        joined.where(epochs.c.unit == unit, epochs.c.epoch == epoch, facts.c.seq == seq)
    ).scalar()
    return found
