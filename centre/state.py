"""Desired state: what each scope should have, newest revision of each, signed. The rows are what goes out, retained, as they are.

Owns the table `state`. A revision is given here, in the transaction that writes it, so no two messages ever share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, or_, select, update

from centre import acts, adopted, units
from centre.books import insert_or_update
from centre.errors import WRONG_USE, CentreError
from centre.schema import shown_revs, state
from centre.schema_reports import setting_revs
from centre.schema_rounds import round_revs
from centre.words import _
from contract.base64url import unb64url
from contract.digest import digest
from contract.envelope import unverified_payload
from contract.messages import (
    EMERGENCIES_PER_SCOPE,
    EMERGENCIES_PER_UNIT,
    NOTICES_PER_SCOPE,
    NOTICES_PER_UNIT,
    Category,
    Kind,
    Notice,
    StateMessage,
)
from contract.scopes import Scope
from contract.strict_json import load_object
from contract.topics import down

TOMBSTONE_DAYS = 400
"""How long the tombstone of a notice without `until` is kept for units that were off when it was withdrawn."""
CLEARED_DAYS = 30
"""How long a cleared topic is cleared again at each connection, for brokers that come back with an old copy."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Signed:
    """A message ready to go out on `topic`; `part` is 0 but for rosters."""

    topic: str
    message: StateMessage
    token: bytes
    part: int = 0


@dataclass(frozen=True, slots=True)
class RetainedMessage:
    """One retained publication: `token` is empty where the topic is to be cleared."""

    kind: str
    scope: str
    id: str
    part: int
    rev: int
    topic: str
    token: bytes


def topic_of(site: str, message: StateMessage, part: int = 0) -> str:
    """Where a message of state goes."""
    ids = (part if each == "part" else message.ident for each in message.ADDRESS.ids)
    return down(site, message.scope, message.KIND, *ids)


def next_rev(conn: Connection, kind: Kind, scope: Scope, now: float, name: str = "") -> int:
    """Above the newest that the books have or a unit showed, and at least the time in whole seconds.

    So a centre restored from an older copy is ahead of what units saw; and a clock that stood ahead once costs no more than a number.
    """
    newest = (
        conn.execute(select(func.max(each.c.rev)).where(_of(each, kind, scope, name))) for each in (state, shown_revs)
    )
    return max(*((found.scalar() or 0) + 1 for found in newest), int(now))


def newest_rev(conn: Connection, kind: Kind, scope: Scope, name: str) -> int:
    """That the books have; 0 where they have none."""
    return conn.execute(select(func.max(state.c.rev)).where(_of(state, kind, scope, name))).scalar() or 0


def _of(table: Table, kind: Kind, scope: Scope, name: str) -> ColumnElement[bool]:
    return and_(table.c.kind == kind.value, table.c.scope == str(scope), table.c.id == name)


def commit(conn: Connection, signed: Sequence[Signed], now: float, title: str = "") -> None:
    """One revision, all its parts, in place of the one before; topics of parts it no longer has are to be cleared."""
    first = signed[0].message
    kind, scope, name, rev = first.KIND.value, str(first.scope), first.ident, first.rev
    mine = and_(state.c.kind == kind, state.c.scope == scope, state.c.id == name)
    clear = {"rev": rev, "token": None, "made_utc": now, "sent_rev": 0, "sent_utc": None, "holders": 0}
    conn.execute(update(state).where(mine).values(**clear))
    for item in signed:
        message = item.message
        values: dict[str, Any] = {
            "kind": kind,
            "scope": scope,
            "id": name,
            "part": item.part,
            "rev": rev,
            "topic": item.topic,
            "token": item.token,
            "made_utc": now,
            "until_utc": message.until_utc if isinstance(message, Notice) else None,
            "withdrawn": getattr(message, "withdrawn", False),
            "title": title,
            "holders": len(getattr(message, "holders", ())),
            "sent_rev": 0,
            "sent_utc": None,
        }
        conn.execute(insert_or_update(conn, state, values))
    if kind == Kind.ROUND:
        row = {"scope": scope, "id": name, "rev": rev, "token": signed[0].token, "made_utc": now}
        conn.execute(insert_or_update(conn, round_revs, row))
    elif kind == Kind.SETTINGS:
        row = {"scope": scope, "rev": rev, "token": signed[0].token, "made_utc": now}
        conn.execute(insert_or_update(conn, setting_revs, row))
    acts.note(conn, "state", adopted.state_data(conn, kind, scope, name), now)


def where_notice(conn: Connection, name: str) -> Row[Any] | None:
    """The row of a notice; an id stands for one notice in the whole site, so that receipts need no scope."""
    return conn.execute(select(state).where(state.c.kind == Kind.NOTICE.value, state.c.id == name)).first()


def notice_row(conn: Connection, name: str) -> Row[Any]:
    row = where_notice(conn, name)
    if row is None:
        raise CentreError(_("{name}: no such notice").format(name=name), WRONG_USE)
    return row


def retained(conn: Connection, now: float) -> list[RetainedMessage]:
    """All that should be retained at the broker, and the topics cleared lately; keys first."""
    lately = and_(state.c.token.is_(None), state.c.made_utc > now - CLEARED_DAYS * DAY_S)
    rows = conn.execute(select(state).where(or_(state.c.token.is_not(None), lately)))
    found = [_outgoing(row) for row in rows]
    return sorted(found, key=lambda item: (item.kind != Kind.KEYS, item.kind, item.scope, item.id, item.part))


def unsent(conn: Connection) -> list[RetainedMessage]:
    """What no broker has acknowledged yet; keys last, so that what they still need was signed anew before they go."""
    found = [_outgoing(row) for row in conn.execute(select(state).where(state.c.sent_rev < state.c.rev))]
    return sorted(found, key=lambda item: item.kind == Kind.KEYS)


def send_again(conn: Connection, scopes: Collection[str]) -> None:
    """What stands in these scopes counts as not sent."""
    conn.execute(update(state).where(state.c.scope.in_(scopes)).values(sent_rev=0))


def overtaken(conn: Connection, items: Iterable[RetainedMessage]) -> list[RetainedMessage]:
    """Those of them whose place in the books has a newer revision that counts as sent."""
    columns = (state.c.kind, state.c.scope, state.c.id, state.c.part, state.c.rev)
    known = {tuple(row[:4]): row.rev for row in conn.execute(select(*columns).where(state.c.sent_rev == state.c.rev))}
    return [item for item in items if known.get((item.kind, item.scope, item.id, item.part), item.rev) > item.rev]


def count_unsent(conn: Connection, items: Iterable[RetainedMessage]) -> None:
    """What stands in the places of these counts as not sent."""
    for item in items:
        mine = and_(state.c.kind == item.kind, state.c.scope == item.scope, state.c.id == item.id)
        conn.execute(update(state).where(mine, state.c.part == item.part).values(sent_rev=0))


def mark_sent(conn: Connection, items: Iterable[RetainedMessage], now: float) -> None:
    """The broker has these. A newer revision committed meanwhile stays unsent."""
    for item in items:
        mine = and_(state.c.kind == item.kind, state.c.scope == item.scope, state.c.id == item.id)
        token = state.c.token == item.token if item.token else state.c.token.is_(None)
        same = and_(mine, state.c.part == item.part, state.c.rev == item.rev, state.c.sent_rev < item.rev, token)
        conn.execute(update(state).where(same).values(sent_rev=item.rev, sent_utc=now))


def sign_again(conn: Connection, kids: Collection[str], sign: Callable[[RetainedMessage], bytes], now: float) -> int:
    """What these keys had signed goes out anew under the same revision, as `sign` makes it. Returns how many messages."""
    found = [
        item
        for item in map(_outgoing, conn.execute(select(state).where(state.c.token.is_not(None))))
        if item.kind != Kind.KEYS and kid_of(item.token) in kids
    ]
    for item in found:
        mine = and_(state.c.kind == item.kind, state.c.scope == item.scope, state.c.id == item.id)
        again = update(state).where(mine, state.c.part == item.part)
        conn.execute(again.values(token=sign(item), sent_rev=0, sent_utc=None))
    for kind, scope, name in sorted({(item.kind, item.scope, item.id) for item in found}):
        acts.note(conn, "state", adopted.state_data(conn, kind, scope, name), now)
    return len(found)


def kid_of(token: bytes) -> str:
    """The key that signed a message of ours."""
    return str(load_object(unb64url(token.split(b".")[0]) or b"{}").get("kid"))


def clear_scope(conn: Connection, scope: Scope, now: float, kinds: Collection[Kind] = tuple(Kind)) -> int:
    """Nothing stays retained for this scope. Returns how many topics are to be cleared."""
    mine = and_(state.c.scope == str(scope), state.c.kind.in_([kind.value for kind in kinds]))
    clear = {"token": None, "made_utc": now, "sent_rev": 0, "sent_utc": None, "holders": 0}
    count = conn.execute(update(state).where(mine, state.c.token.is_not(None)).values(**clear)).rowcount
    if count:
        acts.note(conn, "cleared", {"scope": str(scope), "kinds": [kind.value for kind in kinds]}, now)
    return count


def has_ended(conn: Connection, now: float) -> bool:
    """Whether clear_ended has anything to do."""
    return conn.execute(select(state.c.id).where(_ended(now))).first() is not None


def clear_ended(conn: Connection, now: float) -> int:
    """Notices and tombstones past their `until`: their topics are to be cleared. Their ids stay known for ever."""
    columns = (state.c.scope, state.c.id, state.c.rev)
    found = conn.execute(select(*columns).where(_ended(now)).order_by(state.c.scope, state.c.id)).all()
    if found:
        conn.execute(update(state).where(_ended(now)).values(token=None, made_utc=now, sent_rev=0))
        acts.note(conn, "ended", {"notices": [list(row) for row in found]}, now)
    return len(found)


def _ended(now: float) -> ColumnElement[bool]:
    return and_(state.c.kind == Kind.NOTICE.value, state.c.until_utc <= now, state.c.token.is_not(None))


def forget_cleared_parts(conn: Connection, now: float) -> None:
    """Roster parts that were cleared long ago leave no row; a roster's first part keeps its revision."""
    old = and_(state.c.kind == Kind.ROSTER.value, state.c.token.is_(None), state.c.part > 1)
    conn.execute(delete(state).where(old, state.c.made_utc < now - CLEARED_DAYS * DAY_S, state.c.sent_rev > 0))


@dataclass(frozen=True, slots=True)
class Due:
    """One message a unit in `scope` should have, from the notice's start to its end."""

    kind: str
    scope: str
    id: str
    rev: int
    until_utc: float | None


def due(conn: Connection, scopes: Collection[str] | None = None) -> dict[str, list[Due]]:
    """By scope, of these or of all: what units there should have in force. Tombstones and ended notices are nothing to have."""
    columns = (state.c.kind, state.c.scope, state.c.id, state.c.rev, state.c.until_utc)
    wanted = select(*columns).where(state.c.token.is_not(None), state.c.withdrawn.is_(False)).distinct()
    if scopes is not None:
        wanted = wanted.where(state.c.scope.in_(scopes))
    found: dict[str, list[Due]] = {}
    for kind, scope, name, rev, until in conn.execute(wanted):
        found.setdefault(scope, []).append(Due(kind, scope, name, rev, until))
    return found


def lacks_room(conn: Connection, site: str, notice: Notice, now: float) -> str | None:
    """Why no unit would take this notice beside those that are in force, in a few words; None where there is room everywhere.

    A unit takes so many a scope and so many in all (contract.messages); an emergency is counted with emergencies.
    """
    urgent = notice.category is Category.EMERGENCY
    most_scope, most_unit = (
        (EMERGENCIES_PER_SCOPE, EMERGENCIES_PER_UNIT) if urgent else (NOTICES_PER_SCOPE, NOTICES_PER_UNIT)
    )
    counts: Counter[str] = Counter()
    mine = and_(state.c.kind == Kind.NOTICE.value, state.c.token.is_not(None), state.c.withdrawn.is_(False))
    for row in conn.execute(select(state).where(mine, state.c.id != notice.id)):
        over = row.until_utc is not None and row.until_utc <= now
        if not over and _is_urgent(row.token) is urgent:
            counts[row.scope] += 1
    if counts[str(notice.scope)] >= most_scope:
        return _("{scope} has {most_scope} in force, and a unit takes no more").format(
            scope=notice.scope, most_scope=most_scope
        )
    for unit, places in units.places(conn, site):
        if str(notice.scope) in places and sum(counts[place] for place in places) >= most_unit:
            return _("{unit} has {most_unit} in force, and takes no more").format(unit=unit, most_unit=most_unit)
    return None


def _is_urgent(token: bytes) -> bool:
    """By the message itself, as it goes out."""
    return unverified_payload(token).get("category") == Category.EMERGENCY.value


def in_force(by_scope: dict[str, list[Due]], scopes: Iterable[Scope], now: float) -> list[Due]:
    """What a unit with these scopes should have now."""
    mine = [item for scope in scopes for item in by_scope.get(str(scope), ())]
    return [item for item in mine if item.until_utc is None or item.until_utc > now]


def digest_of(by_scope: dict[str, list[Due]], scopes: Iterable[Scope], now: float) -> tuple[str, float]:
    """The digest for a unit with these scopes, and until when it stays so (the next end of a notice)."""
    live = in_force(by_scope, scopes, now)
    ends = [item.until_utc for item in live if item.until_utc is not None]
    return digest((item.kind, item.scope, item.id, item.rev) for item in live), min(ends, default=float("inf"))


def _outgoing(row: Row[Any]) -> RetainedMessage:
    return RetainedMessage(row.kind, row.scope, row.id, row.part, row.rev, row.topic, row.token or b"")
