"""Rosters put in place from CSV, and listed: read, judged, split, signed and committed. Publishing is the caller's next step."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from centre import holders, rotations, state, units
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.roster_csv import HashKeys, Reading, read_csv, split
from centre.schema import state as state_table
from centre.sheet import BadTableError
from centre.state import Signed
from contract.messages import MAX_HOLDERS, Kind
from contract.scopes import Scope
from contract.topics import valid_id


@dataclass(frozen=True, slots=True)
class PutRoster:
    """What was committed. `before`: holders of the revision before; None for a new roster."""

    id: str
    rev: int
    scope: Scope
    holders: int
    parts: int
    before: int | None


@dataclass(frozen=True, slots=True)
class ListedRoster:
    """A roster in place. `sent`: whether the broker had all its parts."""

    id: str
    rev: int
    scope: str
    holders: int
    parts: int
    sent: bool


def put(
    centre: OpenCentre, scope: Scope, name: str, data: bytes, now: float, *, title: str = "", empty: bool = False
) -> PutRoster:
    """The CSV file `data` is the whole roster from now on. `title`: where it is from, for the books. `empty`: it may hold nobody.

    Raises BadTableError; CentreError (exit 1) where a unit would get more holders than it can hold.
    """
    if not valid_id(name):
        raise CentreError(f"{name!r} is no id (a-z, 0-9, - and _, at most 48)", WRONG_USE)
    with centre.books.reading() as conn:
        keys = rotations.hash_keys(conn, centre.keys, scope)
    reading = read_csv(data, keys, centre.site.zone)
    if reading.faults or not (reading.holders or empty):
        raise BadTableError(reading.faults)
    return _commit(centre, scope, name, reading, keys, title, now)


def _commit(
    centre: OpenCentre, scope: Scope, name: str, reading: Reading, keys: HashKeys, title: str, now: float
) -> PutRoster:
    site, count = centre.site.site, len(reading.holders)
    with centre.books.changing() as conn:
        before = _held(conn, scope, name)
        _check_room(conn, site, scope, name, count)
        rev = state.next_rev(conn, Kind.ROSTER, scope, now, name)
        parts = split(scope, name, rev, round(now, 3), keys.card[0], site, reading.holders)
        signed = []
        for part in parts:
            topic = state.topic_of(site, part, part.part)
            signed.append(Signed(topic, part, centre.signer.sign_state(topic, part), part.part))
        state.commit(conn, signed, now, title=title)
        holders.keep(conn, centre.folder, site, parts, reading.numbers, keys, now)
    return PutRoster(name, rev, scope, count, len(parts), before)


def listed(centre: OpenCentre) -> list[ListedRoster]:
    """All in place, by scope and id."""
    table = state_table.c
    mine = (table.kind == Kind.ROSTER.value) & table.token.is_not(None)
    columns = (table.scope, table.id, table.rev, func.sum(table.holders), func.count(), func.count(table.sent_utc))
    query = select(*columns).where(mine).group_by(table.scope, table.id, table.rev).order_by(table.scope, table.id)
    with centre.books.reading() as conn:
        rows = conn.execute(query).all()
    return [
        ListedRoster(name, rev, scope, int(people), parts, sent == parts)
        for scope, name, rev, people, parts, sent in rows
    ]


def _held(conn: Connection, where: Scope, name: str) -> int | None:
    """How many holders the revision in place has; None for a new roster."""
    table = state_table.c
    mine = (
        (table.kind == Kind.ROSTER.value) & (table.scope == str(where)) & (table.id == name) & table.token.is_not(None)
    )
    held: int | None = conn.execute(select(func.sum(table.holders)).where(mine)).scalar()
    return held


def _check_room(conn: Connection, site: str, where: Scope, name: str, count: int) -> None:
    """No unit may get more holders than it can hold."""
    table = state_table.c
    mine = (table.kind == Kind.ROSTER.value) & table.token.is_not(None)
    others: dict[str, int] = {}
    for scope, other, held in conn.execute(select(table.scope, table.id, table.holders).where(mine)):
        if (scope, other) != (str(where), name):
            others[scope] = others.get(scope, 0) + held
    full = [
        unit.unit
        for unit in units.listed(conn, site)
        if where in unit.scopes and count + sum(others.get(str(scope), 0) for scope in unit.scopes) > MAX_HOLDERS
    ]
    if full or count > MAX_HOLDERS:
        raise CentreError(f"more than {MAX_HOLDERS} holders for {', '.join(full[:5]) or 'a unit'}", CHECK_FAILED)
