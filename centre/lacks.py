"""Whether a unit has the newest of all that it should have in force, as far as it told. Only reads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from centre import state
from centre.schema import applied, receipts
from centre.schema import state as state_table
from centre.units import Unit
from contract.messages import Kind

TOLD = frozenset({Kind.ROSTER.value, Kind.KEYS.value, Kind.SECRETS.value, Kind.NOTICE.value})
"""Kinds of which a unit says, each by itself, which revision it has."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a unit should have; `rev`: the newest there is, `has`: what it told to have, None where it told nothing."""

    kind: str
    scope: str
    id: str
    rev: int
    has: int | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """`whole`: it has the newest of all, by its last status; None where that does not say. `lacking`: what it is known to lack. `count`: pieces in all."""

    whole: bool | None
    lacking: tuple[Piece, ...]
    count: int


def of_unit(conn: Connection, unit: Unit, digest: object, now: float) -> Holdings:
    """`digest`: that of its last status."""
    by_scope = state.due(conn, [str(scope) for scope in unit.scopes])
    due = state.in_force(by_scope, unit.scopes, now)
    whole = digest == state.digest_of(by_scope, unit.scopes, now)[0] if isinstance(digest, str) else None
    told = _told(conn, unit.unit)
    pieces = [
        Piece(each.kind, each.scope, each.id, each.rev, told.get((each.kind, each.scope, each.id))) for each in due
    ]
    lacking = [each for each in pieces if each.kind in TOLD and (each.has or 0) < each.rev]
    return Holdings(whole, () if whole else tuple(lacking), len(pieces))


def _told(conn: Connection, unit: str) -> dict[tuple[str, str, str], int]:
    """By kind, scope and id."""
    found: dict[tuple[str, str, str], int] = {}
    for row in conn.execute(select(applied).where(applied.c.unit == unit)):
        found[row.kind, row.scope, row.id] = row.rev
    joined = receipts.join(state_table, state_table.c.id == receipts.c.notice)
    got = receipts.c.received_utc.is_not(None) | receipts.c.shown_utc.is_not(None)
    query = select(state_table.c.scope, receipts.c.notice, receipts.c.rev).select_from(joined)
    for row in conn.execute(query.where(receipts.c.unit == unit, got, state_table.c.kind == Kind.NOTICE.value)):
        key = (Kind.NOTICE.value, row.scope, row.notice)
        found[key] = max(found.get(key, 0), row.rev)
    return found
