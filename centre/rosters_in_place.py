"""The rosters in place, holder by holder: read back from what was signed, and put again without some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from centre import holders, people, state
from centre.errors import CONFIGURATION, WRONG_USE, CentreError
from centre.holders import Sheet
from centre.opened import OpenCentre
from centre.people import LinesWanted
from centre.roster_csv import Numbers
from centre.schema import roster_numbers
from centre.schema import state as state_table
from centre.state import Signed
from centre.words import _
from contract.envelope import unverified_payload
from contract.messages import Holder, Kind, RosterPart
from contract.parse import parse
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.topics import parse_down


@dataclass(frozen=True, slots=True)
class PlacedRoster:
    """A roster in place. `kept`: its card numbers are; else it was put by another hand, and comes back with that one's next list."""

    scope: str
    id: str
    rev: int
    made_utc: float
    title: str
    kept: bool
    parts: tuple[RosterPart, ...]

    @property
    def holders(self) -> Iterator[tuple[str, Holder]]:
        """Each with the id of the card key that it is hashed with."""
        return ((part.card_key, holder) for part in self.parts for holder in part.holders)


@dataclass(frozen=True, slots=True)
class Left:
    """A roster that was put again without `count` of its entries."""

    scope: str
    id: str
    rev: int
    count: int
    kept: bool


def places(
    conn: Connection, site: str, scopes: Collection[str] | None = None, name: str | None = None
) -> list[PlacedRoster]:
    """All, by scope and id; `scopes`, `name`: only those. Raises CentreError (exit 78) for one that cannot be read back."""
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in _rows(conn, scopes, name):
        found.setdefault((row.scope, row.id), []).append(row)
    return [_place(site, rows) for rows in found.values()]


def one(conn: Connection, site: str, name: str, scope: str | None) -> PlacedRoster:
    """The roster of this name; `scope` where there are several. Raises CentreError (wrong use)."""
    mine = [each for each in places(conn, site, name=name) if scope in {None, each.scope}]
    if len(mine) == 1:
        return mine[0]
    if not mine:
        raise CentreError(_("{name}: no such roster").format(name=name), WRONG_USE)
    where = ", ".join(each.scope for each in mine)
    raise CentreError(
        _("{name}: there is one for each of {where}; say which by --scope").format(name=name, where=where), 2
    )


def numbers(centre: OpenCentre, conn: Connection, place: PlacedRoster) -> list[Numbers | None]:
    """Of its holders, in their order, where they are kept. Raises CentreError (exit 78) without the key that opens them."""
    if not place.kept:
        return [None] * sum(len(part.holders) for part in place.parts)
    private = holders.private_key(centre.folder)
    found: list[Numbers | None] = []
    for row in _rows(conn, [place.scope]):
        if (row.scope, row.id) == (place.scope, place.id):
            found += holders.unsealed(private, centre.site.site, row).numbers
    return found


def leave_out(conn: Connection, centre: OpenCentre, wanted: LinesWanted, now: float) -> list[Left]:
    """Put every roster again that has such lines, without those. Committed by the caller's transaction."""
    gone: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for each in people.entries(people.parts(conn, centre.site.site), wanted):
        gone.setdefault((each.part.scope, each.part.roster), set()).add((each.part.part, each.at))
    found = []
    for place in places(conn, centre.site.site, {scope for scope, _name in gone}):
        lines = gone.get((place.scope, place.id))
        if lines:
            rev = _put_without(conn, centre, place, lines, now)
            found.append(Left(place.scope, place.id, rev, len(lines), place.kept))
    return found


def _put_without(
    conn: Connection, centre: OpenCentre, place: PlacedRoster, gone: Collection[tuple[int, int]], now: float
) -> int:
    """`gone`: lines, by the number of their part and where they stand in it."""
    site, scope = centre.site.site, Scope(*place.scope.split("/", 1))
    rev = state.next_rev(conn, Kind.ROSTER, scope, now, place.id)
    rows = [row for row in _rows(conn, [place.scope]) if (row.scope, row.id) == (place.scope, place.id)]
    signed, sheets = [], list[tuple[Row[Any], Sheet]]()
    private = holders.private_key(centre.folder) if place.kept else None
    for row, part in zip(rows, place.parts, strict=True):
        stay = [(part.part, at) not in gone for at in range(len(part.holders))]
        stayed = tuple(holder for holder, stays in zip(part.holders, stay, strict=True) if stays)
        made = replace(part, rev=rev, iat=round(now, 3), holders=stayed)
        topic = state.topic_of(site, made, made.part)
        signed.append(Signed(topic, made, centre.signer.sign_state(topic, made), made.part))
        if private is not None:
            sheets.append((row, holders.unsealed(private, site, row).of(stay)))
    state.commit(conn, signed, now, title=place.title)
    public = holders.public_key(conn, centre.folder, now) if place.kept else b""
    for row, sheet in sheets:
        holders.enter(conn, public, site, row, sheet, card_key=row.card_key, pin_key=row.pin_key)
    return rev


def _rows(conn: Connection, scopes: Collection[str] | None = None, name: str | None = None) -> list[Row[Any]]:
    """A part each, with what is kept of its numbers; `scopes`, `name`: only of these."""
    s, n = state_table.c, roster_numbers.c
    same = and_(s.scope == n.scope, s.id == n.id, s.part == n.part)
    columns = (s.scope, s.id, s.part, s.rev, s.topic, s.token, s.made_utc, s.title, n.card_key, n.pin_key, n.sealed)
    query = select(*columns).select_from(state_table.outerjoin(roster_numbers, same))
    wanted = and_(s.kind == Kind.ROSTER.value, s.token.is_not(None))
    if scopes is not None:
        wanted = and_(wanted, s.scope.in_(list(scopes)))
    if name is not None:
        wanted = and_(wanted, s.id == name)
    return [*conn.execute(query.where(wanted).order_by(s.scope, s.id, s.part))]


def _place(site: str, rows: list[Row[Any]]) -> PlacedRoster:
    parts = []
    for row in rows:
        down = parse_down(row.topic)
        part = None if down is None else parse(Kind.ROSTER, site, down, unverified_payload(row.token))
        if part is None or isinstance(part, Refusal) or not isinstance(part, RosterPart):
            text = _("roster {id} of {scope}: cannot be read back: {part}")
            raise CentreError(text.format(id=row.id, scope=row.scope, part=part), CONFIGURATION)
        parts.append(part)
    first = rows[0]
    kept = all(row.sealed is not None for row in rows)
    return PlacedRoster(first.scope, first.id, first.rev, first.made_utc, first.title, kept, tuple(parts))
