"""Alarms as people read them, and who took note of which, when and why. Owns the table acknowledgements.

What a unit wrote is in them as it came: whoever prints it passes it through shown.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from centre.alarms import RaisedAlarm
from centre.books import insert_or_update
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema import acknowledgements, alarms, meta, repeats
from centre.shown import value

MAX_BY, MAX_WHY = 100, 500
_HANDED = "alarms_handed"
_OWN_KEYS = frozenset({"seq", "at", "clock", "boot", "mono", "kind"})


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody took note."""

    by: str
    why: str
    at_utc: float


@dataclass(frozen=True, slots=True)
class ListedAlarm:
    """`repeats`: findings counted after it, the last at `last_utc`. `matched`: of an urgent fact, whether the chain brought the same line;
    None while it has not come.
    """

    alarm: RaisedAlarm
    matched: bool | None
    repeats: int
    last_utc: float | None
    noted: Acknowledgement | None


def fact_of(alarm: RaisedAlarm) -> dict[str, Any]:
    """The fields of the fact beside those that every fact has; empty for one of the books' own."""
    fact = json.loads(alarm.line) if alarm.line is not None else {}
    return {name: each for name, each in fact.items() if name not in _OWN_KEYS}


def words(alarm: RaisedAlarm) -> str:
    """What it is about, in a line."""
    return "  ".join(
        [alarm.detail] * bool(alarm.detail) + [f"{name}={value(each)}" for name, each in fact_of(alarm).items()]
    )


def as_value(alarm: RaisedAlarm) -> dict[str, Any]:
    """For programs."""
    known: dict[str, Any] = {"id": alarm.id, "unit": alarm.unit, "kind": alarm.kind, "epoch": alarm.epoch}
    known |= {"seq": alarm.seq, "taken": alarm.taken_utc, "detail": alarm.detail}
    return known | {"fact": json.loads(alarm.line) if alarm.line is not None else None}


def listed(centre: OpenCentre, *, everything: bool = False) -> list[ListedAlarm]:
    """Open alarms, oldest first; `everything`: also those that somebody took note of."""
    with centre.books.reading() as conn:
        return _listed(conn, everything=everything)


def not_handed(conn: Connection) -> list[RaisedAlarm]:
    """Open alarms for which the operator's program was not run yet, oldest first; before it ever ran: none of those from before."""
    handed = conn.execute(select(meta.c.value).where(meta.c.name == _HANDED)).scalar()
    if handed is None:
        handed = conn.execute(select(func.max(alarms.c.id))).scalar() or 0
        note_handed(conn, handed)
    return [each.alarm for each in _listed(conn, everything=False, after=handed)]


def note_handed(conn: Connection, number: int) -> None:
    """The program ran for the alarms up to this one."""
    conn.execute(insert_or_update(conn, meta, {"name": _HANDED, "value": number}))


def acknowledge(centre: OpenCentre, numbers: Sequence[int], by: str, why: str, now: float) -> None:
    """All of them, or none. Raises CentreError (wrong use) where one does not exist or is noted already, BadValueError for `by` and `why`."""
    for name, text, most in (("by", by, MAX_BY), ("why", why, MAX_WHY)):
        if not text.strip() or len(text) > most:
            raise BadValueError(name, f"1 to {most} characters")
    wanted = list(dict.fromkeys(numbers))
    with centre.books.changing() as conn:
        there = {each.alarm.id: each for each in _listed(conn, everything=True, only=wanted)}
        for number in wanted:
            if number not in there:
                raise CentreError(f"{number}: no such alarm", WRONG_USE)
            noted = there[number].noted
            if noted is not None:
                raise CentreError(f"{number}: acknowledged already, by {noted.by}", WRONG_USE)
        rows = [{"alarm": number, "by": by, "why": why, "at_utc": now} for number in wanted]
        conn.execute(insert(acknowledgements), rows)


def _listed(
    conn: Connection, *, everything: bool, after: int = 0, only: Iterable[int] | None = None
) -> list[ListedAlarm]:
    joined = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
    joined = joined.outerjoin(repeats, repeats.c.alarm == alarms.c.id)
    noted = (acknowledgements.c.by, acknowledgements.c.why, acknowledgements.c.at_utc)
    wanted = select(alarms, repeats.c.count.label("more"), repeats.c.last_utc, *noted).select_from(joined)
    wanted = wanted.where(alarms.c.id > after).order_by(alarms.c.id)
    if only is not None:
        wanted = wanted.where(alarms.c.id.in_(only))
    if not everything:
        wanted = wanted.where(acknowledgements.c.alarm.is_(None))
    return [_of(row) for row in conn.execute(wanted)]


def _of(row: Row[Any]) -> ListedAlarm:
    alarm = RaisedAlarm(row.id, row.unit, row.kind, row.epoch, row.seq, row.taken_utc, row.detail, row.line)
    noted = None if row.at_utc is None else Acknowledgement(row.by, row.why, row.at_utc)
    return ListedAlarm(alarm, row.matched, row.more or 0, row.last_utc, noted)
