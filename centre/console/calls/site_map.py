"""What the console's map is drawn from."""

from __future__ import annotations

import msgspec

from centre import map_layout, places, units
from centre.console.call import Nothing, call
from centre.console.visit import Visit
from centre.permits import Doing


class MapArea(msgspec.Struct):
    """A yard with its outline; of units without a yard, their building, grid, community or site."""

    scope: str
    name: str
    outline: list[tuple[int, int]]


class MapUnit(msgspec.Struct, array_like=True):
    """`area`: which of the map's areas, counted from 0."""

    unit: str
    name: str
    x: int
    y: int
    area: int


class MapOfUnits(msgspec.Struct):
    """On a plane of whole numbers, x to the right and y down."""

    width: int
    height: int
    areas: list[MapArea]
    units: list[MapUnit]


@call("GET", "/map", doing=Doing.VIEW)
def site_map(visit: Visit, ask: Nothing) -> MapOfUnits:
    """Where the units that one sees are on the map."""
    with visit.centre.books.reading() as conn:
        layout = map_layout.of(units.listed(conn, visit.site), places.known(conn))
    seen = map_layout.within(layout, visit.units)
    return MapOfUnits(
        seen.width,
        seen.height,
        [MapArea(each.scope, each.name, list(each.outline)) for each in seen.areas],
        [MapUnit(each.unit, each.name, each.x, each.y, each.area) for each in seen.units],
    )
