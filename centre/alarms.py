"""Alarms: urgent facts taken ahead of the chain and matched when it comes, and what the books themselves find wrong.

Owns the tables alarms and repeats. Who took note of them is in acknowledgements.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from centre import acts, adopted
from centre.books import insert_new
from centre.schema import acknowledgements, alarms, epochs, facts, repeats
from contract.chain import Alarm, FactLine

FORK = "history.fork"
"""A validly signed batch of another history than the books have."""
BEHIND = "history.behind"
"""The unit knows less of its own history than the books: a restored image, a lying disk."""
TORN = "history.torn"
"""Facts that were confirmed once are not in the books, and the unit no longer has them either."""
BOOKS_BEHIND = "books.behind"
"""A unit has what the books do not: state they never signed, facts they once confirmed. They were restored from an older copy."""
NEW_EPOCH = "epoch.new"
"""A journal was begun anew with no new enrolment."""
MISMATCH = "alarm.mismatch"
"""The chain brought another line than the alarm had."""
SECOND_KEY = "enrol.second_key"
"""A spent token was used to prove another key."""
CLONED = "unit.cloned"
"""Two boxes are this unit: sessions, or journals, of one key that take turns."""
LIMIT = "unit.limit"
"""The unit sends more of what only trouble brings than the books take of one unit."""
STRAY = "broker.stray"
"""Something was retained at the broker below a unit's name, and not its status."""
TWIN = "centre.twin"
"""Of no unit: another `serve` with a copy of the folder was at the broker, or wanted to be."""
ROLL = "software.stopped"
"""Of no unit: a version is rolled out no further, since doors did not come back with it."""
GUESSED = "account.guessed"
"""Of no unit: somebody guesses at an account's password."""
OWN = frozenset(
    {FORK, BEHIND, TORN, NEW_EPOCH, MISMATCH, SECOND_KEY, CLONED, LIMIT, STRAY, BOOKS_BEHIND, TWIN, ROLL, GUESSED}
)
"""Kinds of the books' own: at most one of each is open a unit, and counts what comes after it."""
OF_A_CLONE = frozenset({FORK, BEHIND, TORN, NEW_EPOCH, MISMATCH})
"""What a second box brings about: told by an open `unit.cloned`."""
SERVE = "serve"
"""Takes note of those that a later alarm tells as well."""
WAITING = 1000
"""Alarms of one unit that wait for their fact. One beyond is not taken: the chain brings it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A fact as it was entered: all that a match needs."""

    seq: int
    kind: str
    line: bytes


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm that is new in the books; `unit` is empty for one of the centre itself, `line` is the fact's, none of one of the books' own, which has a `detail`."""

    id: int
    unit: str
    kind: str
    epoch: str
    seq: int
    taken_utc: float
    detail: str
    line: bytes | None


@dataclass(slots=True)
class _Repeat:
    count: int
    kind: str
    detail: str
    last_utc: float


class Alarms:
    """Writes alarms, and knows which still wait for their fact. Dies with its transaction's failure: make a new one then."""

    def __init__(self, conn: Connection) -> None:
        self.raised: list[RaisedAlarm] = []
        """To be told once they are committed; whoever tells them takes them out."""
        self._repeats: dict[int, _Repeat] = {}
        self._open: dict[tuple[str, str], int] = {}
        self._waiting: dict[tuple[str, str], dict[int, bytes]] = {}
        self._waits: dict[str, int] = {}
        waits = alarms.c.matched.is_(None) & alarms.c.line.is_not(None)
        for row in conn.execute(select(alarms).where(waits)):
            self._wait(row.unit, row.epoch, row.seq, row.line)
        self.look(conn)

    def look(self, conn: Connection) -> None:
        """Reads again which are open: a command took note of some."""
        noted = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
        own = select(alarms.c.id, alarms.c.unit, alarms.c.kind).select_from(noted).order_by(alarms.c.id)
        mine = alarms.c.kind.in_(OWN) & alarms.c.line.is_(None)
        rows = conn.execute(own.where(mine, acknowledgements.c.alarm.is_(None)))
        self._open = {(row.unit or "", row.kind): row.id for row in rows}

    def raise_own(self, conn: Connection, unit: str, kind: str, epoch: str, seq: int, detail: str, now: float) -> bool:
        """One of the books' own, of no unit where `unit` is empty. While one of the same cause is open this is counted there, and makes no row. Returns whether it is new."""
        told = self._open.get((unit, CLONED)) if kind in OF_A_CLONE else None
        told = told or self._open.get((unit, kind))
        values = {"unit": unit or None, "kind": kind, "epoch": epoch, "seq": seq, "detail": detail}
        made = self._insert(conn, values | {"taken_utc": now}) if told is None else None
        if made is None:  # of the very same one that somebody took note of it is only counted, too
            same = [alarms.c[name] == value for name, value in values.items()]
            told = told or conn.execute(select(alarms.c.id).where(*same)).scalar_one()
            again = self._repeats.setdefault(told, _Repeat(0, kind, detail, now))
            again.count, again.kind, again.detail, again.last_utc = again.count + 1, kind, detail, now
            return False
        acts.note(conn, "alarm", adopted.alarm_data(values), now)
        self._open[unit, kind] = made
        if kind == CLONED:
            self._supersede(conn, unit, made, now)
        return True

    def _insert(self, conn: Connection, values: dict[str, object]) -> int | None:
        """None where it is there already, open or not."""
        made: int | None = conn.execute(insert_new(conn, alarms).values(**values).returning(alarms.c.id)).scalar()
        if made is not None:
            row = {"id": made, "epoch": "", "seq": 0, "detail": "", "line": None} | values
            row.pop("matched", None)
            row["unit"] = row["unit"] or ""
            self.raised.append(RaisedAlarm(**row))  # type: ignore[arg-type]
        return made

    def _supersede(self, conn: Connection, unit: str, by: int, now: float) -> None:
        """What led to `unit.cloned` is told by it from now on."""
        for kind in sorted(OF_A_CLONE):
            earlier = self._open.pop((unit, kind), None)
            if earlier is not None:
                note_ack(conn, earlier, SERVE, f"told by alarm {by}", now)

    def flush(self, conn: Connection) -> None:
        """Writes what was counted; before the transaction ends."""
        for alarm, again in self._repeats.items():
            fresh = {"alarm": alarm, "count": 0, "kind": "", "detail": "", "last_utc": 0.0}
            conn.execute(insert_new(conn, repeats).values(**fresh))
            more = {"count": repeats.c.count + again.count, "kind": again.kind, "detail": again.detail}
            conn.execute(update(repeats).where(repeats.c.alarm == alarm).values(**more, last_utc=again.last_utc))
        self._repeats = {}

    # --- urgent facts

    def take(self, conn: Connection, alarm: Alarm, fact: FactLine, now: float) -> bool:
        """An alarm ahead of its fact, or behind it. False, with nothing done, where too many of the unit wait for their facts."""
        line = _line_of(conn, alarm.unit, alarm.epoch, alarm.seq)
        if line is None and self._waits.get(alarm.unit, 0) >= WAITING:
            return False
        values = {"unit": alarm.unit, "kind": fact.kind, "epoch": alarm.epoch, "seq": alarm.seq, "line": alarm.line}
        values |= {"taken_utc": now, "detail": "", "matched": None if line is None else line == alarm.line}
        if self._insert(conn, values) is None:
            return True
        if line != alarm.line:
            acts.note(conn, "alarm", adopted.alarm_data(values, alarm.sig.hex()), now)
        if line is None:
            self._wait(alarm.unit, alarm.epoch, alarm.seq, alarm.line)
        elif line != alarm.line:
            self.raise_own(conn, alarm.unit, MISMATCH, alarm.epoch, alarm.seq, "not the line of the chain", now)
        return True

    def _wait(self, unit: str, epoch: str, seq: int, line: bytes) -> None:
        waiting = self._waiting.setdefault((unit, epoch), {})
        if seq not in waiting:
            self._waits[unit] = self._waits.get(unit, 0) + 1
        waiting[seq] = line

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
                self._insert(conn, values | {"detail": "", "taken_utc": now, "matched": True})
                continue
            self._waits[unit] -= 1
            mine = (alarms.c.unit == unit) & (alarms.c.epoch == epoch) & (alarms.c.seq == fact.seq)
            same = expected == fact.line
            conn.execute(update(alarms).where(mine, alarms.c.line.is_not(None)).values(matched=same))
            if not same:
                self.raise_own(conn, unit, MISMATCH, epoch, fact.seq, "not the line of the chain", now)
        if not waiting:
            self._waiting.pop((unit, epoch), None)

    def awaited(self, unit: str, epoch: str) -> frozenset[int]:
        return frozenset(self._waiting.get((unit, epoch), ()))


def note_ack(conn: Connection, alarm: int, by: str, why: str, now: float) -> None:
    """Somebody took note of an alarm: an act of the centre."""
    conn.execute(insert(acknowledgements).values(alarm=alarm, by=by, why=why, at_utc=now))
    row = conn.execute(select(alarms).where(alarms.c.id == alarm)).one()
    acts.note(conn, "ack", adopted.ack_data(row._asdict(), by, why, now), now)


def _line_of(conn: Connection, unit: str, epoch: str, seq: int) -> bytes | None:
    joined = select(facts.c.line).join(epochs, facts.c.epoch_id == epochs.c.id)
    found: bytes | None = conn.execute(
        joined.where(epochs.c.unit == unit, epochs.c.epoch == epoch, facts.c.seq == seq)
    ).scalar()
    return found
