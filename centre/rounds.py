"""Patrol rounds put in place, withdrawn and listed: judged, signed and committed here. Publishing is the caller's next step.

What a day's round came to is reckoned in round_sheet.py.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from centre import acts, state, units
from centre import known as known_names
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.names import explained
from centre.opened import OpenCentre
from centre.round_csv import StopLine, read_stops
from centre.schema import state as state_table
from centre.schema_rounds import round_revs
from centre.sheet import BadTableError, Fault
from centre.state import Signed
from centre.units import Unit
from centre.words import _
from contract import codec
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.rounds import ROUNDS_PER_UNIT, Round, RoundStop, Weekday
from contract.scopes import Scope
from contract.topics import valid_id

_NAME = 40
"""Characters of a stop's name."""


@dataclass(frozen=True, slots=True)
class RoundDraft:
    """A round as somebody wants it. `id`: of one that is in place, which gets a new revision; None for a new one. `week` empty: every day."""

    scope: Scope
    title: str
    stops: Sequence[StopLine]
    id: str | None = None
    ordered: bool = False
    week: frozenset[Weekday] = frozenset()
    holidays: frozenset[str] = frozenset()
    grace_s: int = 600
    staff: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ListedRound:
    """A round in its newest revision. `sent`: whether the broker has it."""

    id: str
    rev: int
    scope: str
    title: str
    stops: int
    withdrawn: bool
    sent: bool


def stops_of(data: bytes) -> list[StopLine]:
    """Of a CSV file. Raises BadTableError."""
    faults: list[Fault] = []
    found = read_stops(data, faults)
    if faults or not found:
        raise BadTableError(faults)
    return found


def doubtful(centre: OpenCentre, stops: Sequence[StopLine]) -> tuple[list[str], list[str]]:
    """Units of the stops that the register does not have, and all that it has: mostly a slip of the pen."""
    with centre.books.reading() as conn:
        known = {each.unit for each in units.listed(conn, centre.site.site) if not each.revoked}
    return sorted({each.unit for each in stops} - known), sorted(known)


def strange_doors(centre: OpenCentre, stops: Sequence[StopLine]) -> list[StopLine]:
    """Those at a door that its unit, which told its doors, has not."""
    with centre.books.reading() as conn:
        told = known_names.doors_of(conn, {each.unit for each in stops})
    return [each for each in stops if each.unit in told and each.door not in told[each.unit]]


def put(centre: OpenCentre, draft: RoundDraft, now: float, by: str) -> Round:
    """`by`: who does it, entered with it. Commit it; returns it as it was signed, with its id and revision. Raises CentreError (wrong use) where it can't be."""
    name = draft.id or f"r{time.strftime('%Y%m%d', time.gmtime(now))}-{secrets.token_hex(3)}"
    if not valid_id(name):
        raise BadValueError("id", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    with centre.books.reading() as conn:
        known = {each.unit: each for each in units.listed(conn, centre.site.site)}
    faults = [fault for each in draft.stops for fault in _out_of_scope(known, draft.scope, each)]
    if faults:
        raise BadTableError(faults)
    message = Round(
        scope=draft.scope,
        id=name,
        rev=1,
        iat=round(now, 3),
        title=draft.title,
        ordered=draft.ordered,
        stops=tuple(_stop(known, each) for each in draft.stops),
        week=draft.week or None,
        holidays=draft.holidays,
        grace_s=draft.grace_s,
        staff=draft.staff or None,
    )
    try:
        codec.read(Round, codec.write(message))
    except codec.FieldError as error:
        raise CentreError(explained(str(error)), WRONG_USE) from None
    return _commit(centre, message, now, by)


def _out_of_scope(known: dict[str, Unit], scope: Scope, stop: StopLine) -> list[Fault]:
    unit = known.get(stop.unit)
    if unit is None or scope in unit.scopes:
        return []
    return [
        Fault(
            stop.line,
            stop.heading,
            _("{unit} is not in {scope}: it would never hear").format(unit=stop.unit, scope=scope),
        )
    ]


def _stop(known: dict[str, Unit], stop: StopLine) -> RoundStop:
    unit = known.get(stop.unit)
    name = stop.name or (unit.name if unit is not None else "")
    return RoundStop(stop.unit, stop.door, stop.begins, stop.ends, name[:_NAME] or None)


def withdraw(centre: OpenCentre, name: str, now: float, by: str) -> Round:
    """`by` as in put. Commit its tombstone, which is returned. Raises CentreError (wrong use) where there is no such round, or it is withdrawn."""
    with centre.books.reading() as conn:
        row = where(conn, name)
    if row is None:
        raise CentreError(_("{name}: no such round").format(name=name), WRONG_USE)
    if row.withdrawn:
        raise CentreError(_("{name}: it is withdrawn already").format(name=name), WRONG_USE)
    scope = Scope(*row.scope.split("/", 1))
    return _commit(centre, Round(scope, name, 1, round(now, 3), row.title, withdrawn=True), now, by)


def in_force(centre: OpenCentre) -> list[Round]:
    """As they are now, those that are not withdrawn, in the order of their newest revisions."""
    c = state_table.c
    mine = (c.kind == Kind.ROUND.value) & c.token.is_not(None) & c.withdrawn.is_(False)
    with centre.books.reading() as conn:
        tokens = conn.execute(select(c.token).where(mine).order_by(c.made_utc, c.id)).scalars().all()
    return [read(token) for token in tokens]


def listed(centre: OpenCentre) -> list[ListedRound]:
    """All there ever were, in the order of their newest revisions."""
    mine = state_table.c.kind == Kind.ROUND.value
    with centre.books.reading() as conn:
        rows = conn.execute(select(state_table).where(mine).order_by(state_table.c.made_utc, state_table.c.id)).all()
    return [
        ListedRound(
            row.id,
            row.rev,
            row.scope,
            row.title,
            _stops_in(row),
            row.withdrawn or row.token is None,
            row.sent_utc is not None,
        )
        for row in rows
    ]


def _stops_in(row: Row[Any]) -> int:
    return 0 if row.token is None else len(read(row.token).stops)


def where(conn: Connection, name: str) -> Row[Any] | None:
    """The row of a round; an id stands for one round in the whole site, so that facts need no scope."""
    mine = (state_table.c.kind == Kind.ROUND.value) & (state_table.c.id == name)
    return conn.execute(select(state_table).where(mine)).first()


def read(token: bytes) -> Round:
    """A round that we signed."""
    payload = unverified_payload(token)
    return codec.read(Round, payload)


def revisions(conn: Connection, name: str) -> list[Round]:
    """Every revision there ever was, oldest first."""
    query = select(round_revs.c.token).where(round_revs.c.id == name).order_by(round_revs.c.rev)
    return [read(token) for token in conn.execute(query).scalars()]


def _commit(centre: OpenCentre, message: Round, now: float, by: str) -> Round:
    """Gives the revision, signs and commits in one transaction."""
    site = centre.site.site
    with centre.books.changing() as conn:
        row = where(conn, message.id)
        if row is not None and row.scope != str(message.scope):
            raise CentreError(
                _("{id}: stands in {scope}; an id is for one round").format(id=message.id, scope=row.scope), WRONG_USE
            )
        if row is not None and row.withdrawn:
            raise CentreError(_("{id}: is withdrawn, and its id is never used again").format(id=message.id), WRONG_USE)
        full = None if message.withdrawn else _full(conn, site, message)
        if full is not None:
            raise CentreError(
                _("{unit} has {most} rounds, and takes no more").format(unit=full, most=ROUNDS_PER_UNIT), WRONG_USE
            )
        numbered = replace(message, rev=state.next_rev(conn, Kind.ROUND, message.scope, now, message.id))
        topic = state.topic_of(site, numbered)
        signed = Signed(topic, numbered, centre.signer.sign_state(topic, numbered))
        state.commit(conn, [signed], now, title=message.title)
        data = {"round": numbered.id, "scope": str(numbered.scope), "rev": numbered.rev, "by": by}
        acts.note(conn, "round", data | {"withdrawn": numbered.withdrawn}, now)
    return numbered


def _full(conn: Connection, site: str, message: Round) -> str | None:
    """A unit that would not take this round beside those in place."""
    c = state_table.c
    mine = (c.kind == Kind.ROUND.value) & c.token.is_not(None) & c.withdrawn.is_(False) & (c.id != message.id)
    counts = Counter(conn.execute(select(c.scope).where(mine)).scalars())
    for unit in units.listed(conn, site):
        here = message.scope in unit.scopes and not unit.revoked
        if here and sum(counts[str(scope)] for scope in unit.scopes) >= ROUNDS_PER_UNIT:
            return unit.unit
    return None
