"""Where units are: taken from files of the site, kept in the books, and listed. Owns the tables places and outlines.

What a map makes of it, also of units that have no place, is map_layout.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from centre import acts
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.places_file import Found, NewOutline, NewPlace, Point, read
from centre.schema import units
from centre.schema_places import outlines, places
from centre.sheet import BadTableError, Fault
from centre.words import _

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outline:
    """Of a yard, building, grid or community; `name` may be empty."""

    scope: str
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """All that is known. `earth`: longitude and latitude; else a plan's own x and y, y to the north."""

    units: dict[str, Point]
    outlines: tuple[Outline, ...]
    earth: bool


@dataclass(frozen=True, slots=True)
class TakenPlaces:
    """How many a file brought."""

    units: int
    outlines: int


def known(conn: Connection) -> Places:
    rows = conn.execute(select(places)).all()
    drawn = conn.execute(select(outlines).order_by(outlines.c.scope)).all()
    earth = any(row.earth for row in [*rows, *drawn])
    found = tuple(Outline(row.scope, row.name, tuple(map(_pair, json.loads(row.points)))) for row in drawn)
    return Places({row.unit: (row.x, row.y) for row in rows}, found, earth)


def _pair(value: list[float]) -> Point:
    return value[0], value[1]


def take(centre: OpenCentre, data: bytes, by: str, now: float) -> TakenPlaces:
    """The places of a file, all or none; those of other units stay. Raises BadTableError, and CentreError where it is of another kind."""
    if len(data) > MAX_BYTES:
        raise CentreError(_("larger than {most} MB").format(most=MAX_BYTES // 1024**2), WRONG_USE)
    faults: list[Fault] = []
    found = read(data, faults)
    with centre.books.changing() as conn:
        faults += _strangers(conn, found)
        if faults or not (found.places or found.outlines):
            raise BadTableError(sorted(faults, key=lambda fault: fault.line))
        _one_kind(conn, found)
        _keep(conn, found)
        told = {"units": len(found.places), "outlines": len(found.outlines)}
        acts.note(conn, "places", told | {"by": by}, now)
    return TakenPlaces(len(found.places), len(found.outlines))


def clear(centre: OpenCentre, by: str, now: float) -> None:
    """The map is laid out by itself again."""
    with centre.books.changing() as conn:
        conn.execute(delete(places))
        conn.execute(delete(outlines))
        acts.note(conn, "places", {"units": 0, "outlines": 0, "by": by}, now)


def _strangers(conn: Connection, found: Found) -> Iterator[Fault]:
    there = set(conn.execute(select(units.c.unit)).scalars())
    for each in found.places:
        if each.unit not in there:
            yield Fault(each.line, each.heading, _("{unit}: no such unit").format(unit=each.unit))


def _one_kind(conn: Connection, found: Found) -> None:
    """A plan and the earth cannot be drawn on one map."""
    kinds = {each.earth for each in found.places} | ({True} if found.outlines else set())
    renewed = {each.unit for each in found.places}
    kept = {row.earth for row in conn.execute(select(places)) if row.unit not in renewed}
    again = {str(each.scope) for each in found.outlines}
    kept |= {row.earth for row in conn.execute(select(outlines)) if row.scope not in again}
    if len(kinds | kept) > 1:
        raise CentreError(
            _(
                "x and y of a plan, and longitude and latitude, do not go together; `places clear` forgets those there are"
            ),
            WRONG_USE,
        )


def _keep(conn: Connection, found: Found) -> None:
    rows, drawn = [_row(each) for each in found.places], [_outline_row(each) for each in found.outlines]
    if rows:
        conn.execute(delete(places).where(places.c.unit == bindparam("of")), [{"of": row["unit"]} for row in rows])
        conn.execute(insert(places), rows)
    if drawn:
        conn.execute(
            delete(outlines).where(outlines.c.scope == bindparam("of")), [{"of": row["scope"]} for row in drawn]
        )
        conn.execute(insert(outlines), drawn)


def _row(place: NewPlace) -> dict[str, object]:
    return {"unit": place.unit, "x": place.at[0], "y": place.at[1], "earth": place.earth}


def _outline_row(outline: NewOutline) -> dict[str, object]:
    points = json.dumps(outline.points, separators=(",", ":"))
    return {"scope": str(outline.scope), "name": outline.name, "points": points, "earth": True}
