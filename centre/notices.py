"""Notices put up, withdrawn and listed: desired state of a scope, judged, signed and committed here. Publishing is the caller's next step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from centre import acts, adopted, restored, state, units
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema import state as state_table
from centre.schema_notices import notice_revs
from centre.state import DAY_S, TOMBSTONE_DAYS, Signed
from centre.words import _
from contract import codec
from contract.envelope import unverified_payload
from contract.messages import Ask, Category, Kind, Notice, Poll
from contract.scopes import Scope
from contract.topics import valid_id

MAX_SCOPES = 50
"""That a notice is put up in at once, as one each."""
MAX_BY = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice as somebody wants it. `id`: of one that is up, which gets a new revision; None for a new one."""

    scope: Scope
    title: str
    text: str
    category: Category = Category.REMINDER
    from_utc: float | None = None
    until_utc: float | None = None
    priority: int = 0
    lang: str = "zh-CN"
    id: str | None = None
    ask: Ask | None = None
    """What is asked at the panel. A new revision asks what the one before asked."""
    by: str = ""
    """Who puts it; kept in the books."""


class NoticeState(StrEnum):
    """Whether a notice is on the screens, or why no longer."""

    UP = "up"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice of the books in its newest revision. `sent_utc`: when the broker had it, None where it has not yet."""

    id: str
    rev: int
    scope: str
    title: str
    state: NoticeState
    until_utc: float | None
    sent_utc: float | None


def put(centre: OpenCentre, draft: Draft, now: float) -> Notice:
    """Commit it; returns it as it was signed, with its id and revision. Raises CentreError (wrong use) where it can't be put up."""
    with centre.books.changing() as conn:
        return put_in(conn, centre, draft, now)


def put_all(centre: OpenCentre, draft: Draft, scopes: Sequence[Scope], key: str, now: float) -> list[Notice]:
    """One for each of `scopes`, in one transaction; `draft.scope` is not looked at. Whoever asks again with the same `key` finds those that are there.

    Raises CentreError (wrong use) where a unit would show it twice, or what was put up with that key says something else.
    """
    if not scopes or len(scopes) > MAX_SCOPES:
        raise BadValueError("scope", _("1 to {most} places").format(most=MAX_SCOPES))
    with centre.books.changing() as conn:
        _refuse_twice(conn, centre.site.site, scopes)
        found = []
        for scope in dict.fromkeys(scopes):
            name = f"n-{sha256(f'{key}|{scope}'.encode()).hexdigest()[:16]}"
            row = state.where_notice(conn, name)
            if row is not None and row.token is not None:
                found.append(_same(codec.read(Notice, unverified_payload(row.token)), draft))
            else:
                found.append(put_in(conn, centre, replace(draft, scope=scope, id=name), now))
        return found


def _same(there: Notice, draft: Draft) -> Notice:
    """Of the same key: nobody is told that their new words are up while the old ones stand."""
    if not there.withdrawn and (there.title, there.text) != (draft.title, draft.text):
        words = _("it was published already, as “{title}”: change that notice, or begin a new one")
        raise CentreError(words.format(title=there.title), WRONG_USE)
    return there


def _refuse_twice(conn: Connection, site: str, scopes: Sequence[Scope]) -> None:
    """A unit that is in two of them would show it twice."""
    wanted = set(map(str, scopes))
    for unit, places in units.places(conn, site):
        both = [each for each in places if each in wanted]
        if len(both) > 1:
            raise BadValueError(
                "scope", _("{unit} is in {both}: it would show it twice").format(unit=unit, both=", ".join(both))
            )


def again(centre: OpenCentre, name: str, by: str, now: float) -> Notice:
    """What stands goes out once more, as a new revision: each unit takes and shows it anew. Raises CentreError (wrong use) where it is down."""
    with centre.books.changing() as conn:
        row = state.where_notice(conn, name)
        _where(row, name, None)
        assert row is not None
        message = codec.read(Notice, unverified_payload(row.token))
        if message.until_utc is not None and message.until_utc <= now:
            raise CentreError(_("{name}: its time is over").format(name=name), WRONG_USE)
        return _commit(conn, centre, replace(message, rev=0, iat=round(now, 3)), row.title, by, now)


def put_in(conn: Connection, centre: OpenCentre, draft: Draft, now: float) -> Notice:
    """As put, in a transaction of Books.changing."""
    name = draft.id or f"n{time.strftime('%Y%m%d', time.gmtime(now))}-{secrets.token_hex(3)}"
    if not valid_id(name):
        raise BadValueError("id", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    if draft.until_utc is not None and draft.until_utc <= max(now, draft.from_utc or now):
        raise BadValueError("until", _("not after now and --from"))
    message = Notice(
        scope=draft.scope,
        id=name,
        rev=0,
        iat=round(now, 3),
        category=draft.category,
        title=draft.title,
        text=draft.text,
        from_utc=draft.from_utc,
        until_utc=draft.until_utc,
        priority=draft.priority,
        lang=draft.lang,
        ask=draft.ask,
    )
    return _commit(conn, centre, _asking_still(conn, message) if draft.id else message, draft.title, draft.by, now)


def _asking_still(conn: Connection, message: Notice) -> Notice:
    """A new revision asks what the one before asked, and of a poll the end stands too: answers to it are on their way."""
    row = state.where_notice(conn, message.id)
    if row is None or row.token is None:
        return message
    asked = codec.read(Notice, unverified_payload(row.token)).ask
    if asked is None and message.ask is None:
        return message
    if message.ask not in (None, asked):
        raise CentreError(_("{id}: its question stands; withdraw it, and put another").format(id=message.id), WRONG_USE)
    if isinstance(asked, Poll) and message.until_utc not in (None, row.until_utc):
        raise CentreError(_("{id}: the end of a poll stands").format(id=message.id), WRONG_USE)
    return replace(message, ask=asked, until_utc=row.until_utc if isinstance(asked, Poll) else message.until_utc)


def withdraw(centre: OpenCentre, name: str, now: float, scope: Scope | None = None, by: str = "") -> Notice:
    """Commit its tombstone, which is returned. Raises CentreError (wrong use) where there is no such notice, or it is down.

    Books restored from an older copy do not know every notice: it is enough that units show it, or that `scope` says where it is.
    """
    if not valid_id(name):
        raise BadValueError("id", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    with centre.books.reading() as conn:
        row = state.where_notice(conn, name)
        where = _where(row, name, scope or _shown(conn, name))
    until = row.until_utc if row is not None else None
    tombstone = Notice(
        scope=where,
        id=name,
        rev=0,
        iat=round(now, 3),
        category=Category.REMINDER,
        title="",
        text="",
        until_utc=until if until is not None else round(now + TOMBSTONE_DAYS * DAY_S),
        withdrawn=True,
    )
    with centre.books.changing() as conn:
        return _commit(conn, centre, tombstone, row.title if row is not None else "", by, now)


def _where(row: Row[Any] | None, name: str, elsewhere: Scope | None) -> Scope:
    """The scope of a notice that can be withdrawn."""
    if row is None and elsewhere is None:
        raise CentreError(_("{name}: no such notice").format(name=name), WRONG_USE)
    if row is None:
        assert elsewhere is not None
        return elsewhere
    if row.withdrawn or row.token is None:
        raise CentreError(_("{name}: it is down already").format(name=name), WRONG_USE)
    return Scope(*row.scope.split("/", 1))


def _shown(conn: Connection, name: str) -> Scope | None:
    """Where units show a notice that the books do not have."""
    found = restored.scopes_of_notice(conn, name)
    if len(found) > 1:
        raise CentreError(
            _("{name}: units show it in {found}: name one with --scope").format(
                name=name, found=", ".join(map(str, found))
            ),
            WRONG_USE,
        )
    return found[0] if found else None


def listed(centre: OpenCentre, now: float) -> list[ListedNotice]:
    """All there ever were, in the order of their newest revisions."""
    mine = state_table.c.kind == Kind.NOTICE.value
    with centre.books.reading() as conn:
        rows = conn.execute(select(state_table).where(mine).order_by(state_table.c.made_utc, state_table.c.id)).all()
    found = []
    for row in rows:
        up = row.token is not None and not row.withdrawn and (row.until_utc is None or row.until_utc > now)
        word = NoticeState.UP if up else NoticeState.WITHDRAWN if row.withdrawn else NoticeState.ENDED
        found.append(ListedNotice(row.id, row.rev, row.scope, row.title, word, row.until_utc, row.sent_utc))
    return found


def _commit(conn: Connection, centre: OpenCentre, message: Notice, title: str, by: str, now: float) -> Notice:
    """Gives the revision, signs and commits in this transaction."""
    site = centre.site.site
    row = state.where_notice(conn, message.id)
    if row is not None and row.scope != str(message.scope):
        raise CentreError(
            _("{id}: stands in {scope}; an id is for one notice").format(id=message.id, scope=row.scope), WRONG_USE
        )
    if row is not None and (row.withdrawn or row.token is None):
        raise CentreError(_("{id}: is down, and its id is never used again").format(id=message.id), WRONG_USE)
    full = None if message.withdrawn else state.lacks_room(conn, site, message, now)
    if full is not None:
        raise CentreError(_("{full}: withdraw one, or let it end").format(full=full), WRONG_USE)
    numbered = replace(message, rev=state.next_rev(conn, Kind.NOTICE, message.scope, now, message.id))
    topic = state.topic_of(site, numbered)
    signed = Signed(topic, numbered, centre.signer.sign_state(topic, numbered))
    state.commit(conn, [signed], now, title=title)
    _keep(conn, signed, numbered, by, now)
    return numbered


def _keep(conn: Connection, signed: Signed, message: Notice, by: str, now: float) -> None:
    """The revision with its author, for good: what stands on the screens is replaced, and cleared at its end."""
    if len(by) > MAX_BY or "\0" in by:
        raise BadValueError("by", _("1 to {most} characters").format(most=MAX_BY))
    row: dict[str, Any] = {"notice": message.id, "rev": message.rev, "scope": str(message.scope), "by": by}
    row |= {"made_utc": round(now, 3), "withdrawn": message.withdrawn, "token": signed.token}
    row |= {"category": _category(conn, message), "from_utc": message.from_utc}
    conn.execute(insert(notice_revs).values(**row))
    acts.note(conn, "notice", adopted.notice_data(row), now)


def _category(conn: Connection, message: Notice) -> str:
    """Of a tombstone: that of what it withdraws, as far as that is known."""
    if not message.withdrawn:
        return message.category.value
    mine = select(notice_revs.c.category).where(notice_revs.c.notice == message.id)
    return conn.execute(mine.order_by(notice_revs.c.rev.desc()).limit(1)).scalar() or ""
