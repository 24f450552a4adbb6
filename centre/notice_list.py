"""Notices as a clerk looks through them: what stands, what is planned, what is past, page by page; and one of them with all its revisions. Only reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, not_, or_, select

from centre import coverage, state
from centre.errors import BadValueError
from centre.notices import NoticeState
from centre.schema import state as state_table
from centre.schema_notices import notice_revs
from centre.schema_reports import polls
from centre.scope_tree import PlaceRoll
from centre.words import _
from contract import codec
from contract.envelope import unverified_payload
from contract.messages import Category, Kind, Notice

PAGE = 50


class Which(StrEnum):
    """The lists there are."""

    STANDING = "standing"
    PLANNED = "planned"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Wanted:
    """None and empty: any. `after`: the mark of the last one of the page before."""

    which: Which = Which.STANDING
    text: str = ""
    category: Category | None = None
    scope: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in its newest revision, and how far it got. `category`, `by`: empty of one from before these were kept."""

    id: str
    rev: int
    scope: str
    title: str
    category: str
    state: NoticeState
    by: str
    made_utc: float
    from_utc: float | None
    until_utc: float | None
    sent_utc: float | None
    is_poll: bool
    every: int
    sent: int
    received: int
    shown: int


@dataclass(frozen=True, slots=True)
class NoticePage:
    """`after`: the mark by which the next page begins; None at the end."""

    rows: tuple[NoticeRow, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """`notice`: as it was signed then."""

    rev: int
    by: str
    made_utc: float
    notice: Notice


def page(conn: Connection, known: PlaceRoll, seen: Collection[str] | None, wanted: Wanted, now: float) -> NoticePage:
    """The newest first; of notices that concern a unit of `seen`. Raises CentreError (wrong use) for a mark that is none."""
    query = _selected(known, seen, now, wanted.which)
    if wanted.text:
        query = query.where(_T.title.icontains(wanted.text, autoescape=True))
    if wanted.category is not None:
        query = query.where(_R.category == wanted.category.value)
    if wanted.scope is not None:
        query = query.where(_T.scope == wanted.scope)
    if wanted.after is not None:
        made_utc, name = _mark(wanted.after)
        query = query.where(or_(_T.made_utc < made_utc, and_(_T.made_utc == made_utc, _T.id < name)))
    rows = conn.execute(query.order_by(_T.made_utc.desc(), _T.id.desc()).limit(PAGE + 1)).all()
    shown, more = rows[:PAGE], len(rows) > PAGE
    got = coverage.counts(conn, known, seen, shown)
    after = f"{shown[-1].made_utc!r}~{shown[-1].id}" if more else None
    return NoticePage(tuple(_listed(row, got[row.id], now) for row in shown), after)


def totals(conn: Connection, known: PlaceRoll, seen: Collection[str] | None, now: float) -> dict[Which, int]:
    """How many stand, and are planned."""
    return {
        which: conn.execute(
            select(func.count()).select_from(_selected(known, seen, now, which).subquery())
        ).scalar_one()
        for which in (Which.STANDING, Which.PLANNED)
    }


def one(conn: Connection, known: PlaceRoll, seen: Collection[str] | None, name: str, now: float) -> NoticeRow | None:
    """None where there is none, or none that concerns a unit of `seen`."""
    row = conn.execute(_joined(known, seen).where(_T.id == name)).first()
    return None if row is None else _listed(row, coverage.counts(conn, known, seen, [row])[name], now)


def revisions(conn: Connection, name: str) -> list[Revision]:
    """The newest first. Of before they were kept the one that stands, if one does."""
    kept = conn.execute(select(notice_revs).where(_R.notice == name).order_by(_R.rev.desc())).all()
    found = [Revision(each.rev, each.by, each.made_utc, _read(each.token)) for each in kept]
    row = state.where_notice(conn, name)
    if not found and row is not None and row.token is not None:
        found = [Revision(row.rev, "", row.made_utc, _read(row.token))]
    return found


def last_text(found: list[Revision]) -> Notice | None:
    """What stood last, of one that was withdrawn, too."""
    return next((each.notice for each in found if not each.notice.withdrawn), None)


_T, _R = state_table.c, notice_revs.c


def _read(token: bytes) -> Notice:
    return codec.read(Notice, unverified_payload(token))


def _selected(known: PlaceRoll, seen: Collection[str] | None, now: float, which: Which) -> Select[Any]:
    up = _up(now)
    planned = and_(up, _R.from_utc > now)
    wanted = {Which.STANDING: and_(up, or_(_R.from_utc.is_(None), _R.from_utc <= now)), Which.PLANNED: planned}
    return _joined(known, seen).where(wanted.get(which, not_(up)))


def _up(now: float) -> ColumnElement[bool]:
    over = and_(_T.until_utc.is_not(None), _T.until_utc <= now)
    return and_(_T.token.is_not(None), _T.withdrawn.is_(False), not_(over))


def _joined(known: PlaceRoll, seen: Collection[str] | None) -> Select[Any]:
    """Without the messages themselves."""
    columns = (_T.id, _T.rev, _T.scope, _T.title, _T.made_utc, _T.until_utc, _T.withdrawn, _T.sent_utc)
    of_rev = and_(_R.notice == _T.id, _R.rev == _T.rev)
    joined = state_table.outerjoin(notice_revs, of_rev).outerjoin(polls, polls.c.notice == _T.id)
    more = (_R.category, _R.by, _R.from_utc, polls.c.notice.label("poll"), _T.token.is_not(None).label("there"))
    query = select(*columns, *more).select_from(joined).where(_T.kind == Kind.NOTICE.value)
    if seen is None:
        return query
    places = {place for unit in known.seen(seen) for place in known.units[unit].places}
    return query.where(_T.scope.in_(sorted(places)))


def _listed(row: Row[Any], got: tuple[int, int, int, int], now: float) -> NoticeRow:
    over = row.until_utc is not None and row.until_utc <= now
    word = NoticeState.WITHDRAWN if row.withdrawn else NoticeState.UP if row.there and not over else NoticeState.ENDED
    return NoticeRow(
        row.id,
        row.rev,
        row.scope,
        row.title,
        row.category or "",
        word,
        row.by or "",
        row.made_utc,
        row.from_utc,
        row.until_utc,
        row.sent_utc,
        row.poll is not None,
        *got,
    )


def _mark(after: str) -> tuple[float, str]:
    made, _tilde, name = after.partition("~")
    try:
        return float(made), name
    except ValueError:
        raise BadValueError("after", _("no mark of a list")) from None
