"""Alarms as people read them, and who took note of which, when and why. Owns the table acknowledgements.

What a unit wrote is in them as it came: whoever prints it passes it through shown.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from centre.alarms import SERVE, RaisedAlarm, note_ack
from centre.books import insert_or_update
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema import acknowledgements, alarms, epochs, facts, meta, repeats
from centre.shown import value
from centre.timing import TRUSTED
from centre.words import _
from contract.chain import FactLine, parse_line

MAX_BY, MAX_WHY = 100, 500
MOST_TOLD = 64
"""Alarms told one by one of each group."""
SILENT, SEEN = "care.silent", "care.seen"
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
    None while it has not come. `happened_utc`: by the unit's clock, None where that did not know the time, or the books found it. `seen_utc`: of a
    watched household, when it showed itself again.
    """

    alarm: RaisedAlarm
    matched: bool | None
    repeats: int
    last_utc: float | None
    noted: Acknowledgement | None
    happened_utc: float | None = None
    seen_utc: float | None = None


def fact_of(alarm: RaisedAlarm) -> dict[str, Any]:
    """The fields of the fact beside those that every fact has; empty for one of the books' own."""
    fact = json.loads(alarm.line) if alarm.line is not None else {}
    return {name: each for name, each in fact.items() if name not in _OWN_KEYS}


def words(alarm: RaisedAlarm) -> str:
    """What it is about, in a line."""
    return "  ".join(
        [alarm.detail] * bool(alarm.detail) + [f"{name}={value(each)}" for name, each in fact_of(alarm).items()]
    )


def told(raised: Sequence[RaisedAlarm]) -> Iterator[str]:
    """A line for each, as `serve` says them; of too many the rest are only counted."""
    for alarm in raised[:MOST_TOLD]:
        line = _("{unit}: ALARM {id} {kind} {about}")
        whose = alarm.unit or _("centre")
        yield line.format(unit=whose, id=alarm.id, kind=alarm.kind, about=words(alarm)).rstrip()
    if len(raised) > MOST_TOLD:
        yield _("and {raised} more alarms: see `alarms list`").format(raised=len(raised) - MOST_TOLD)


def as_value(alarm: RaisedAlarm) -> dict[str, Any]:
    """For programs."""
    known: dict[str, Any] = {"id": alarm.id, "unit": alarm.unit, "kind": alarm.kind, "epoch": alarm.epoch}
    known |= {"seq": alarm.seq, "taken": alarm.taken_utc, "detail": alarm.detail}
    return known | {"fact": json.loads(alarm.line) if alarm.line is not None else None}


def listed(centre: OpenCentre, *, everything: bool = False) -> list[ListedAlarm]:
    """Open alarms, oldest first; `everything`: also those that somebody took note of."""
    with centre.books.reading() as conn:
        return _listed(conn, everything=everything)


def noted_since(centre: OpenCentre, since_utc: float, most: int) -> list[ListedAlarm]:
    """Those that somebody took note of from then on, the last first."""
    lately = acknowledgements.c.at_utc >= since_utc
    newest = select(acknowledgements.c.alarm).where(lately, acknowledgements.c.by != SERVE)
    with centre.books.reading() as conn:
        numbers = conn.execute(newest.order_by(acknowledgements.c.at_utc.desc()).limit(most)).scalars().all()
        there = {each.alarm.id: each for each in _listed(conn, everything=True, only=numbers)}
    return [there[number] for number in numbers]


def is_handing(conn: Connection) -> bool:
    """Whether the operator's program was ever to be run."""
    return conn.execute(select(meta.c.value).where(meta.c.name == _HANDED)).first() is not None


def not_handed(conn: Connection) -> list[RaisedAlarm]:
    """Open alarms for which the operator's program was not run yet, oldest first."""
    return [each.alarm for each in _listed(conn, everything=False, handed=False)]


def alarm_numbered(conn: Connection, number: int) -> RaisedAlarm:
    """One that is there, open or not."""
    return _listed(conn, everything=True, only=[number])[0].alarm


def begin_handing(conn: Connection, now: float) -> None:
    """The program will run for alarms from now on, for none of those from before."""
    conn.execute(update(alarms).where(alarms.c.handed_utc.is_(None)).values(handed_utc=now))
    conn.execute(insert_or_update(conn, meta, {"name": _HANDED, "value": 1}))


def note_handed(conn: Connection, numbers: Sequence[int], now: float) -> None:
    """The program ran for these alarms."""
    conn.execute(update(alarms).where(alarms.c.id.in_(numbers)).values(handed_utc=now))


def acknowledge(centre: OpenCentre, numbers: Sequence[int], by: str, why: str, now: float) -> None:
    """All of them, or none. Raises CentreError (wrong use) where one does not exist or is noted already, BadValueError for `by` and `why`."""
    for name, text, most in (("by", by, MAX_BY), ("why", why, MAX_WHY)):
        if not text.strip() or len(text) > most:
            raise BadValueError(name, _("1 to {most} characters").format(most=most))
    wanted = list(dict.fromkeys(numbers))
    with centre.books.changing() as conn:
        there = {each.alarm.id: each for each in _listed(conn, everything=True, only=wanted)}
        for number in wanted:
            if number not in there:
                raise CentreError(_("{number}: no such alarm").format(number=number), WRONG_USE)
            noted = there[number].noted
            if noted is not None:
                raise CentreError(
                    _("{number}: acknowledged already, by {by}").format(number=number, by=noted.by), WRONG_USE
                )
        for number in wanted:
            note_ack(conn, number, by, why, now)


def _listed(
    conn: Connection, *, everything: bool, handed: bool = True, only: Iterable[int] | None = None
) -> list[ListedAlarm]:
    joined = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
    joined = joined.outerjoin(repeats, repeats.c.alarm == alarms.c.id)
    noted = (acknowledgements.c.by, acknowledgements.c.why, acknowledgements.c.at_utc)
    wanted = select(alarms, repeats.c.count.label("more"), repeats.c.last_utc, *noted).select_from(joined)
    wanted = wanted.order_by(alarms.c.id)
    if not handed:
        wanted = wanted.where(alarms.c.handed_utc.is_(None))
    if only is not None:
        wanted = wanted.where(alarms.c.id.in_(only))
    if not everything:
        wanted = wanted.where(acknowledgements.c.alarm.is_(None))
    return [_of(conn, row) for row in conn.execute(wanted).all()]


def _of(conn: Connection, row: Row[Any]) -> ListedAlarm:
    alarm = RaisedAlarm(row.id, row.unit or "", row.kind, row.epoch, row.seq, row.taken_utc, row.detail, row.line)
    noted = None if row.at_utc is None else Acknowledgement(row.by, row.why, row.at_utc)
    line = None if row.line is None else parse_line(row.line)
    fact = line if isinstance(line, FactLine) else None
    happened = fact.at_utc if fact is not None and fact.clock in TRUSTED else None
    seen = _seen(conn, row) if row.kind == SILENT and fact is not None else None
    return ListedAlarm(alarm, row.matched, row.more or 0, row.last_utc, noted, happened, seen)


def _seen(conn: Connection, row: Row[Any]) -> float | None:
    """When the unit first told of the next sign of life of the same household."""
    whose = json.loads(row.line).get("holder")
    mine = select(epochs.c.id).where(epochs.c.unit == row.unit, epochs.c.epoch == row.epoch).scalar_subquery()
    later = and_(epochs.c.unit == row.unit, or_(and_(epochs.c.id == mine, facts.c.seq > row.seq), epochs.c.id > mine))
    found = select(facts.c.at_utc, facts.c.line).join(epochs, facts.c.epoch_id == epochs.c.id)
    found = found.where(later, facts.c.kind == SEEN, facts.c.again.is_(False)).order_by(facts.c.epoch_id, facts.c.seq)
    return next((at for at, line in conn.execute(found) if json.loads(line).get("holder") == whose), None)
