"""What the centre's people do about reports and orders of services: assign, answer, close. Each is an act of the centre. Owns the table case_steps.

Publishing, where an answer goes to the door, is the caller's next step.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from centre import acts, adopted, cases, notices
from centre.cases import Case, Level, Stage
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.names import named
from centre.notices import Draft
from centre.opened import OpenCentre
from centre.schema_reports import case_steps
from centre.words import _
from contract.messages import Category, Rating
from contract.scopes import Scope
from contract.topics import valid_id

MAX_BY, MAX_TEXT = 100, 2000
DUE_LEAST_S, DUE_MOST_S = 600.0, 90 * 86_400.0
TOLD_MOST_S = 366 * 86_400.0
TOLD_TITLE = "网格巡查反馈"
"""At the door, of what a grid worker filed in her own words: these may be about somebody, and stay at the centre."""
ASKED_S = 7 * 86_400.0
"""How long a person is asked at the door how well it was dealt with."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is to deal with it, by when (None: as its code says), and whose case it is from then on (None: whose it is)."""

    to: str
    due_utc: float | None = None
    level: Level | None = None


def assign(centre: OpenCentre, name: str, to: Assignment, by: str, now: float) -> Case:
    """Also anew, and also what was answered or closed: it is open again then. Raises CentreError (wrong use)."""
    if not valid_id(to.to):
        raise BadValueError("to", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=to.to))
    if to.due_utc is not None and not DUE_LEAST_S <= to.due_utc - now <= DUE_MOST_S:
        raise BadValueError("due", _("not 10 minutes to 90 days from now"))
    with centre.books.changing() as conn:
        case = cases.one(conn, centre.site.site, name)
        level = case.level(now)
        if to.level is not None and to.level < level:
            what = _("it is with the {level} already, and a case never goes down")
            raise BadValueError("level", what.format(level=named(level.name.lower())))
        level = to.level or level
        _enter(conn, case, Stage.ASSIGNED, by, now, recipient=to.to, level=level, due_utc=to.due_utc or _due(case, now))
        return cases.one(conn, centre.site.site, case.id)


def answer(centre: OpenCentre, name: str, text: str, by: str, now: float, *, tell: float | None = None) -> Case:
    """`tell`: until when it stands at the unit where it was filed, with the question how well it was dealt with; None: it does not."""
    _check("text", text)
    if tell is not None and not now < tell <= now + TOLD_MOST_S:
        raise BadValueError("until", _("not from now up to a year"))
    with centre.books.changing() as conn:
        case = cases.one(conn, centre.site.site, name)
        _refuse_closed(case)
        notice = None if tell is None else notices.put_in(conn, centre, _told(case, text, tell, by), now).id
        _enter(conn, case, Stage.ANSWERED, by, now, level=case.level(now), text=text, notice=notice)
        return cases.one(conn, centre.site.site, case.id)


def close(centre: OpenCentre, name: str, text: str, by: str, now: float) -> Case:
    """Nothing more is to be done. `text` may be empty."""
    if text:
        _check("why", text)
    with centre.books.changing() as conn:
        case = cases.one(conn, centre.site.site, name)
        _refuse_closed(case)
        _enter(conn, case, Stage.CLOSED, by, now, level=case.level(now), text=text)
        return cases.one(conn, centre.site.site, case.id)


def _told(case: Case, text: str, until_utc: float, by: str) -> Draft:
    """Whoever filed it with a room is asked; of what a patrol filed, any resident of the unit."""
    fact = case.filed.fact
    return Draft(
        scope=Scope("unit", case.filed.unit),
        title=case.code.words.zh if case.code is not None else fact.code or TOLD_TITLE,
        text=text,
        category=Category.SERVICE,
        until_utc=until_utc,
        ask=Rating(fact.report, fact.by if fact.room is not None else None),
        by=by,
    )


def _due(case: Case, now: float) -> float:
    """As long as its code gives it, counted from its filing; once that is past, from now."""
    given = None if case.code is None else case.code.due_s
    seconds = cases.DUE_S if given is None else float(given)
    due = case.filed.at_utc + seconds
    return due if due > now else now + seconds


def _refuse_closed(case: Case) -> None:
    if case.stage is Stage.CLOSED:
        raise CentreError(_("{report}: closed; `report assign` opens it again").format(report=case.id), WRONG_USE)


def _check(name: str, text: str) -> None:
    if not text.strip() or len(text) > MAX_TEXT or "\0" in text:
        raise BadValueError(name, _("1 to {most} characters").format(most=MAX_TEXT))


def _enter(conn: Connection, case: Case, what: Stage, by: str, now: float, **given: Any) -> None:
    if not by.strip() or len(by) > MAX_BY or "\0" in by:
        raise BadValueError("by", _("1 to {most} characters").format(most=MAX_BY))
    number = (conn.execute(select(func.max(case_steps.c.id))).scalar() or 0) + 1
    row: dict[str, Any] = {"id": number, "report": case.id, "what": what.value, "at_utc": round(now, 3), "by": by}
    row |= {"recipient": None, "due_utc": None, "text": "", "notice": None, "salt": secrets.token_hex(16)} | given
    row["level"] = row["level"].name.lower()
    conn.execute(insert(case_steps).values(**row))
    acts.note(conn, "case", adopted.case_data(row), now)
