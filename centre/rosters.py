"""Rosters put in place from CSV, and listed: read, judged, split, signed and committed. Publishing is the caller's next step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from centre import acts, holders, lost, pins, rotations, state, units
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.roster_csv import HashKeys, Numbers, Reading, owner_of, read_csv, split
from centre.roster_doubts import doubts
from centre.schema import state as state_table
from centre.sheet import BadTableError, folded
from centre.state import Signed
from centre.words import _
from contract.hours import Hours
from contract.messages import MAX_HOLDERS, Holder, Kind
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
    doubts: tuple[str, ...] = ()
    """What is mostly not meant, a line each (roster_doubts.py)."""


@dataclass(frozen=True, slots=True, repr=False)
class FreshPin:
    """`another`: one that was told before comes into force in its place with the next PIN key."""

    pin: str
    another: bool


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
    centre: OpenCentre,
    scope: Scope,
    name: str,
    data: bytes,
    now: float,
    *,
    title: str = "",
    empty: bool = False,
    profiles: Mapping[str, Hours] | None = None,
    again: str | None = None,
    by: str | None = None,
    mark: str | None = None,
) -> PutRoster:
    """The CSV file `data` is the whole roster from now on. `title`: where it is from, for the books. `empty`: it may hold nobody. `profiles`: what its column `hours` may name.
    `again`: who takes in again what was revoked; without it that is a fault of its line. `by`: who puts it, for the journal. `mark`: as `file_mark`
    said when somebody looked at what it would change; nothing is put where that is another by now.

    Raises BadTableError; CentreError (exit 1) where a unit would get more holders than it can hold.
    """
    if not valid_id(name):
        raise CentreError(_("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name), WRONG_USE)
    with centre.books.reading() as conn:
        keys = rotations.hash_keys(conn, centre.keys, scope)
        gone = lost.known(conn, centre.folder, centre.site.site)
    refused = {each: "" if again else _refusal(centre, found) for each, found in gone.items()}
    reading = read_csv(data, keys, centre.site.zone, profiles, refused)
    if reading.faults or not (reading.holders or empty):
        raise BadTableError(reading.faults)
    with centre.books.changing() as conn:
        if mark not in {None, file_mark(data, state.newest_rev(conn, Kind.ROSTER, scope, name))}:
            text = _("The file, or the list, is another one than was looked at. Nothing was changed: look at it again.")
            raise CentreError(text)
        before = _held(conn, scope, name)
        _check_room(conn, centre.site.site, scope, name, len(reading.holders))
        if not reading.tells_pins:
            _keep_pins(conn, centre, scope, name, reading, keys)
        people = list(zip(reading.holders, reading.numbers, strict=True))
        if again:
            lost.take_again(conn, gone, reading.met, str(scope), name, again, now)
        rev, parts = _commit(conn, centre, scope, name, people, keys, title, now)
        if by is not None:
            acts.note(conn, "people", {"roster": [str(scope), name, rev], "entries": len(people), "by": by}, now)
        found = doubts(conn, centre.site.site, scope, name, keys.card[0], reading.holders)
    return PutRoster(name, rev, scope, len(people), parts, before, tuple(found))


def file_mark(data: bytes, rev: int) -> str:
    """Of a file, and of the newest revision of the roster that it is to be."""
    return f"{rev}-{hashlib.sha256(data).hexdigest()[:32]}"


def refusals(centre: OpenCentre, conn: Connection) -> dict[lost.Name, str]:
    """Why a card, an id or an organisation that was revoked is not taken."""
    gone = lost.known(conn, centre.folder, centre.site.site)
    return {name: _refusal(centre, each) for name, each in gone.items()}


def _refusal(centre: OpenCentre, gone: lost.Lost) -> str:
    day = f"{datetime.fromtimestamp(gone.at_utc, centre.site.zone):%Y-%m-%d}"
    why = f": {gone.why}" if gone.why else ""
    return _("revoked on {day} by {by}{why}; --again takes it in all the same").format(day=day, by=gone.by, why=why)


def _commit(
    conn: Connection,
    centre: OpenCentre,
    scope: Scope,
    name: str,
    people: list[tuple[Holder, Numbers]],
    keys: HashKeys,
    title: str,
    now: float,
) -> tuple[int, int]:
    """Returns the revision and how many parts it has."""
    site = centre.site.site
    rev = state.next_rev(conn, Kind.ROSTER, scope, now, name)
    parts = split(scope, name, rev, round(now, 3), keys.card[0], site, [holder for holder, _numbers in people])
    signed = []
    for part in parts:
        topic = state.topic_of(site, part, part.part)
        signed.append(Signed(topic, part, centre.signer.sign_state(topic, part), part.part))
    state.commit(conn, signed, now, title=title)
    holders.keep(conn, centre.folder, site, parts, [numbers for _holder, numbers in people], keys, now)
    return rev, len(parts)


def commit_again(
    conn: Connection,
    centre: OpenCentre,
    scope: Scope,
    name: str,
    people: list[tuple[Holder, Numbers]],
    keys: HashKeys,
    now: float,
) -> int:
    """A roster in place with some of its lines changed or added, `people` being all of it. Returns the revision. Raises CentreError where a unit cannot hold so many."""
    _check_room(conn, centre.site.site, scope, name, len(people))
    title = _title(conn, str(scope), name)
    return _commit(conn, centre, scope, name, people, keys, title, now)[0]


def _keep_pins(conn: Connection, centre: OpenCentre, scope: Scope, name: str, reading: Reading, keys: HashKeys) -> None:
    """A file that tells no PINs changes none: who is in it as before, with the same room, keeps theirs."""
    there = next((each for each in holders.rosters(conn) if (each.scope, each.id) == (str(scope), name)), None)
    if there is None or there.pin_key is None:
        return
    known = {
        (holder.id, folded(owner_of(holder))): numbers
        for holder, numbers in holders.read_back(conn, centre.folder, centre.site.site, there, keys)
    }
    for at, (holder, numbers) in enumerate(zip(reading.holders, reading.numbers, strict=True)):
        had = known.get((holder.id, owner_of(holder)))
        if had is not None:
            reading.numbers[at] = numbers.with_pins(had)
            reading.holders[at] = keys.hashed(holder, reading.numbers[at])


def make_pin(
    centre: OpenCentre,
    name: str,
    holder_id: str,
    now: float,
    *,
    digits: int = pins.DIGITS,
    duress: bool = False,
    scope: Scope | None = None,
    by: str | None = None,
) -> FreshPin:
    """A new PIN for a holder, in place of the one before, or with `duress` a second one; told once, to the caller. The roster is committed.

    PINs that wait for the next key wait on, the holder's own too: what was told of those stays true.

    Raises CentreError (wrong use) where there is no such roster or holder, where several scopes have one of that name and none is said,
    and where numbers are not kept.
    """
    with centre.books.changing() as conn:
        roster = _one(conn, name, scope)
        keys = rotations.hash_keys(conn, centre.keys, roster.scope)
        if keys.pin is None:
            raise CentreError(_("there is no PIN key"), WRONG_USE)
        people = holders.read_back(conn, centre.folder, centre.site.site, roster, keys)
        mine = [(holder, numbers) for holder, numbers in people if holder.id == holder_id]
        if not mine:
            raise CentreError(_("{roster}: no holder {holder}").format(roster=name, holder=holder_id), WRONG_USE)
        holder, had = mine[0]
        if duress and had.pin is None:
            raise CentreError(_("{holder}: has no PIN yet").format(holder=holder_id), WRONG_USE)
        made = _fresh(people, holder, had, digits, duress=duress)
        for at, (other, numbers) in enumerate(people):
            now_has = _changed(numbers, made, duress=duress) if other.id == holder_id else numbers
            people[at] = (keys.hashed(other, now_has), now_has)
        _commit(
            conn,
            centre,
            Scope(*roster.scope.split("/", 1)),
            name,
            people,
            keys,
            _title(conn, roster.scope, roster.id),
            now,
        )
        if by is not None:
            data = {"holder": holder_id, "roster": [roster.scope, name], "pin": True, "duress": duress, "by": by}
            acts.note(conn, "people", data, now)
    return FreshPin(made, another=had.following is not None and not duress)


def _fresh(people: list[tuple[Holder, Numbers]], holder: Holder, had: Numbers, digits: int, *, duress: bool) -> str:
    """Nobody's of the same room, now or with the next key, and not to be taken for the holder's other one."""
    mine = [numbers for each, numbers in people if owner_of(each) == owner_of(holder)]
    used = {pin for each in mine for pin in (*_both(each), *_both(each.renewed))}
    others = (had.pin, had.renewed.pin) if duress else (had.duress,)
    return pins.fresh(used, digits, unlike=[each for each in others if each is not None])


def _both(numbers: Numbers) -> list[str]:
    return [pin for pin in (numbers.pin, numbers.duress) if pin is not None]


def _changed(numbers: Numbers, made: str, *, duress: bool) -> Numbers:
    """One for duress stays with the next key: else it would open there no more, and call nobody."""
    if not duress:
        return replace(numbers, pin=made)
    waits = numbers.following
    return replace(numbers, duress=made, following=None if waits is None else replace(waits, duress=made))


def _one(conn: Connection, name: str, scope: Scope | None) -> holders.Roster:
    found = [
        each for each in holders.rosters(conn) if each.id == name and scope in {None, Scope(*each.scope.split("/", 1))}
    ]
    if not found:
        raise CentreError(_("{name}: no such roster").format(name=name), WRONG_USE)
    if len(found) > 1:
        places = ", ".join(each.scope for each in found)
        raise CentreError(
            _("{name}: there is one in {places}: name one with --scope").format(name=name, places=places), WRONG_USE
        )
    return found[0]


def _title(conn: Connection, scope: str, name: str) -> str:
    table = state_table.c
    mine = (table.kind == Kind.ROSTER.value) & (table.scope == scope) & (table.id == name)
    return conn.execute(select(table.title).where(mine)).scalar() or ""


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
        raise CentreError(
            _("more than {max_holders} holders for {where}").format(
                max_holders=MAX_HOLDERS, where=", ".join(full[:5]) or _("a unit")
            ),
            CHECK_FAILED,
        )
