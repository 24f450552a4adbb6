"""Notices: looked through, put up, changed, sent once more, withdrawn; their templates, and the places that they can be for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from centre import coverage, notice_list, notices, scope_tree
from centre.console.call import call
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.coverage import Spread, Unshown
from centre.errors import BadValueError, ForbiddenError
from centre.notice_list import NoticePage, NoticeRow, Wanted, Which
from centre.notice_templates import HOURS
from centre.notices import Draft
from centre.permits import Doing
from centre.scope_tree import PlaceRoll
from centre.units import parse_scope
from centre.words import _
from contract.messages import Category
from contract.scopes import Scope

MAX_UTC = 253_402_300_799.0
ScopeText = Annotated[str, Meta(min_length=3, max_length=64)]
IdText = Annotated[str, Meta(min_length=1, max_length=48)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Body = Annotated[str, Meta(max_length=20_000)]
Moment = Annotated[float, Meta(ge=0, le=MAX_UTC)]
Key = Annotated[str, Meta(min_length=8, max_length=64)]


class NoticesAsk(msgspec.Struct):
    """`after`: the mark that the page before ended with."""

    list: Which = Which.STANDING
    q: Annotated[str, Meta(max_length=80)] = ""
    kind: Category | None = None
    place: ScopeText | None = None
    after: Annotated[str, Meta(max_length=80)] | None = None


class NoticeAsk(msgspec.Struct):
    """`first`: of the doors that do not show it, the number of the first that is told."""

    notice: IdText
    first: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class NoticeName(msgspec.Struct):
    notice: IdText


class NoticeLine(msgspec.Struct):
    """A notice in its newest revision. Counts are of the units that the person sees."""

    notice: str
    rev: int
    scope: str
    title: str
    category: str
    state: str
    by: str
    made_utc: float
    from_utc: float | None
    until_utc: float | None
    sent_utc: float | None
    poll: bool
    units: int
    sent: int
    received: int
    shown: int


class NoticeLines(msgspec.Struct):
    notices: list[NoticeLine]
    after: str | None


class MissingDoor(msgspec.Struct):
    """`why` is one of a set that may grow; `words` says it."""

    unit: str
    name: str
    why: str
    words: str
    since_utc: float | None


class NoticeRevision(msgspec.Struct):
    rev: int
    by: str
    made_utc: float
    withdrawn: bool
    title: str
    text: str
    until_utc: float | None


class WholeNotice(msgspec.Struct):
    """`missing`: of the doors that do not show it those from `first` on, at most 50; `unseen`: how many there are."""

    line: NoticeLine
    text: str
    lang: str
    unseen: int
    missing: list[MissingDoor]
    revisions: list[NoticeRevision]


class PutNotice(msgspec.Struct):
    """One notice for each of `scope`. Asked again with the same `key` (of the asker's own making) it does nothing more.

    `confirmed`: an emergency interrupts every screen, and wants this.
    """

    scope: Annotated[tuple[ScopeText, ...], Meta(min_length=1, max_length=notices.MAX_SCOPES)]
    title: Title
    text: Body = ""
    category: Category = Category.REMINDER
    from_utc: Moment | None = None
    until_utc: Moment | None = None
    priority: Annotated[int, Meta(ge=0, le=9)] = 0
    lang: Annotated[str, Meta(min_length=2, max_length=16)] = "zh-CN"
    confirmed: bool = False
    key: Key | None = None


class ChangeNotice(msgspec.Struct):
    """A new revision in the place of the one that stands; its question, if it asks one, stays."""

    notice: IdText
    title: Title
    text: Body = ""
    category: Category = Category.REMINDER
    from_utc: Moment | None = None
    until_utc: Moment | None = None
    priority: Annotated[int, Meta(ge=0, le=9)] = 0
    lang: Annotated[str, Meta(min_length=2, max_length=16)] = "zh-CN"
    confirmed: bool = False


class PutDone(msgspec.Struct):
    """`units`: how many it is for. They are signed and kept; `serve` hands them to the broker as soon as it can."""

    notices: list[str]
    units: int


# --- looked through


def page_of(visit: Visit, ask: NoticesAsk) -> tuple[NoticePage, PlaceRoll]:
    wanted = Wanted(ask.list, ask.q.strip(), ask.kind, ask.place, ask.after)
    with visit.centre.books.reading() as conn:
        known = scope_tree.roll(conn, visit.site)
        return notice_list.page(conn, known, visit.seen, wanted, visit.now), known


@call("GET", "/notices", doing=Doing.VIEW)
def notices_listed(visit: Visit, ask: NoticesAsk) -> NoticeLines:
    """Notices that stand, are planned or are past, 50 at a time, the newest first."""
    found, _known = page_of(visit, ask)
    return NoticeLines([_line(row) for row in found.rows], found.after)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page of one notice shows."""

    row: NoticeRow
    spread: Spread
    revisions: list[notice_list.Revision]
    known: PlaceRoll


def look(visit: Visit, name: str, first: int = 0) -> Looked:
    """Raises NotThereError, for one that concerns no unit of theirs too."""
    with visit.centre.books.reading() as conn:
        known = scope_tree.roll(conn, visit.site)
        row = notice_list.one(conn, known, visit.seen, name, visit.now)
        if row is None:
            raise NotThereError(_("{name}: no such notice").format(name=name))
        spread = coverage.of(conn, known, visit.seen, name, visit.now, first=first)
        return Looked(row, spread, notice_list.revisions(conn, name), known)


@call("GET", "/notices/{notice}", doing=Doing.VIEW)
def notice_shown(visit: Visit, ask: NoticeAsk) -> WholeNotice:
    """One notice: how far it got, which doors do not show it and why, and its revisions."""
    found = look(visit, ask.notice, ask.first)
    last = notice_list.last_text(found.revisions)
    revisions = [
        NoticeRevision(
            each.rev,
            each.by,
            each.made_utc,
            each.notice.withdrawn,
            each.notice.title,
            each.notice.text,
            each.notice.until_utc,
        )
        for each in found.revisions
    ]
    return WholeNotice(
        _line(found.row),
        "" if last is None else last.text,
        "" if last is None else last.lang,
        found.spread.unseen,
        [_missing(each) for each in found.spread.missing],
        revisions,
    )


def _line(row: NoticeRow) -> NoticeLine:
    return NoticeLine(
        row.id,
        row.rev,
        row.scope,
        row.title,
        row.category,
        row.state.value,
        row.by,
        row.made_utc,
        row.from_utc,
        row.until_utc,
        row.sent_utc,
        row.is_poll,
        row.every,
        row.sent,
        row.received,
        row.shown,
    )


def _missing(each: Unshown) -> MissingDoor:
    return MissingDoor(each.unit, each.name, each.why.value, coverage.said(each).words, each.since_utc)


# --- done


@call("POST", "/notices", doing=Doing.NOTICE)
def notice_put(visit: Visit, ask: PutNotice) -> PutDone:
    """Put a notice up on every screen of the places named."""
    scopes = [parse_scope(text, visit.site) for text in dict.fromkeys(ask.scope)]
    _check(ask)
    touched = reached(visit, scopes, Doing.NOTICE)
    draft = Draft(
        scopes[0],
        ask.title,
        ask.text,
        ask.category,
        ask.from_utc,
        ask.until_utc,
        ask.priority,
        ask.lang,
        by=visit.person.name,
    )
    made = notices.put_all(visit.centre, draft, scopes, ask.key or secrets.token_hex(16), visit.now)
    return PutDone([each.id for each in made], touched)


@call("POST", "/notices/{notice}/change", doing=Doing.NOTICE)
def notice_changed(visit: Visit, ask: ChangeNotice) -> PutDone:
    """Put a new revision in the place of a notice that stands."""
    row = mine(visit, ask.notice)
    _check(ask)
    draft = Draft(
        parse_scope(row.scope, visit.site),
        ask.title,
        ask.text,
        ask.category,
        ask.from_utc,
        ask.until_utc,
        ask.priority,
        ask.lang,
        ask.notice,
        by=visit.person.name,
    )
    return PutDone([notices.put(visit.centre, draft, visit.now).id], row.every)


@call("POST", "/notices/{notice}/again", doing=Doing.NOTICE)
def notice_again(visit: Visit, ask: NoticeName) -> PutDone:
    """Send a notice that stands once more: each screen takes and shows it anew."""
    row = mine(visit, ask.notice)
    return PutDone([notices.again(visit.centre, ask.notice, visit.person.name, visit.now).id], row.every)


@call("POST", "/notices/{notice}/withdraw", doing=Doing.NOTICE)
def notice_withdrawn(visit: Visit, ask: NoticeName) -> PutDone:
    """Take a notice down everywhere, also where it has not come yet."""
    row = mine(visit, ask.notice)
    return PutDone([notices.withdraw(visit.centre, ask.notice, visit.now, by=visit.person.name).id], row.every)


def mine(visit: Visit, name: str) -> NoticeRow:
    """A notice whose every unit is the person's. Raises NotThereError or ForbiddenError."""
    with visit.centre.books.reading() as conn:
        known = scope_tree.roll(conn, visit.site)
        row = notice_list.one(conn, known, visit.seen, name, visit.now)
    if row is None:
        raise NotThereError(_("{name}: no such notice").format(name=name))
    try:
        visit.require(Doing.NOTICE, row.scope)
    except ForbiddenError:
        raise ForbiddenError(
            _("it stands in {place}, which is more than your account is for").format(place=known.words(row.scope))
        ) from None
    return row


def reached(visit: Visit, scopes: list[Scope], doing: Doing) -> int:
    """How many units these hold. Raises ForbiddenError, and BadValueError for a place where no unit is."""
    for scope in scopes:
        visit.require(doing, scope)
    with visit.centre.books.reading() as conn:
        known = scope_tree.roll(conn, visit.site)
    empty = next((scope for scope in scopes if str(scope) not in known.within), None)
    if empty is not None:
        raise BadValueError("scope", _("{scope}: no unit is there").format(scope=empty))
    return len(frozenset[str]().union(*(known.within[str(scope)] for scope in scopes)))


def _check(ask: PutNotice | ChangeNotice) -> None:
    if HOURS in ask.title or HOURS in ask.text:
        raise BadValueError("text", _("still says {hours}: give the hours, or write them").format(hours=HOURS))
    if not ask.title.strip():
        raise BadValueError("title", _("says nothing"))
    if ask.category is Category.EMERGENCY and not ask.confirmed:
        raise BadValueError("confirmed", _("an emergency interrupts every screen: confirm it"))
