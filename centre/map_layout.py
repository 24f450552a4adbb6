"""Where each unit stands on the console's map: by the places that are known, and in tidy blocks, yard by yard and building by building, where none are.

Pure. Drawn on a plane of whole numbers, x to the right and y down, WIDTH wide.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from centre.places import Outline, Places
from centre.places_file import Point
from centre.scope_tree import natural
from centre.units import Unit

WIDTH = 1000
MOST_HEIGHT = 4 * WIDTH
PITCH = 24.0
"""Between two units of a block, before all is brought to WIDTH."""
PAD = 20.0
RING = 60
"""Points of an outline that are looked at, about."""
TRIES = 3
"""So many times as fine a grid may be as would do in a box, until it has room in an odd outline."""
HEAD = 28.0
"""Above a block's units: its name."""


@dataclass(frozen=True, slots=True)
class Area:
    """`scope`: level/id; `name` as people call it, or its id."""

    scope: str
    name: str
    outline: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A unit; `area`: which of the map's."""

    unit: str
    name: str
    x: int
    y: int
    area: int


@dataclass(frozen=True, slots=True)
class SiteMap:
    width: int
    height: int
    areas: tuple[Area, ...]
    units: tuple[Spot, ...]


def of(units: Iterable[Unit], places: Places) -> SiteMap:
    """All that are handed over; who may see what is decided before."""
    live = sorted((unit for unit in units if not unit.revoked), key=lambda unit: natural(unit.name or unit.unit))
    yards: dict[str, list[Unit]] = {}
    for unit in live:
        yards.setdefault(area_of(map(str, unit.scopes)), []).append(unit)
    drawn = _Drawing(places)
    for scope in sorted(yards, key=natural):
        drawn.enter(scope, yards[scope])
    return drawn.finished()


def area_of(scopes: Iterable[str]) -> str:
    """The scope that a unit with these stands in on the map: its yard; else its building, grid or community; else the site."""
    mine = {scope.partition("/")[0]: scope for scope in scopes}
    return next(mine[level] for level in ("yard", "building", "grid", "community", "site") if level in mine)


class _Drawing:
    """Placed areas as they lie; the others in rows beneath them."""

    def __init__(self, places: Places) -> None:
        self._outlines = {each.scope: each for each in places.outlines}
        self._project = _projection(places)
        self._places = {unit: self._project(at) for unit, at in places.units.items()}
        self._areas: list[tuple[str, str, list[Point]]] = []
        self._spots: list[tuple[Unit, Point, int]] = []
        self._blocks: list[tuple[str, list[Unit]]] = []

    def enter(self, scope: str, units: Sequence[Unit]) -> None:
        placed = [(unit, self._places[unit.unit]) for unit in units if unit.unit in self._places]
        rest = [unit for unit in units if unit.unit not in self._places]
        known = self._outlines.get(scope)
        if known is None and not placed:
            self._blocks.append((scope, rest))
            return
        points = [self._project(at) for at in known.points] if known else _around([at for _unit, at in placed])
        self._areas.append((scope, _name(scope, known), points))
        area = len(self._areas) - 1
        spread = zip(rest, _inside(points, len(rest)), strict=True)
        self._spots += [(unit, at, area) for unit, at in [*placed, *spread]]

    def finished(self) -> SiteMap:
        points = [at for _scope, _name, outline in self._areas for at in outline] + [at for _u, at, _a in self._spots]
        low, high = _corners(points)
        wide = max(high[0] - low[0], 1e-9)
        scale = min(WIDTH / wide, MOST_HEIGHT / max(high[1] - low[1], 1e-9)) if points else 1.0
        made = _Plane(low, high[1], scale)
        areas = [Area(scope, name, tuple(map(made.at, outline))) for scope, name, outline in self._areas]
        spots = [Spot(unit.unit, unit.name or unit.unit, *made.at(at), area) for unit, at, area in self._spots]
        below = (high[1] - low[1]) * scale + (PAD if points else 0)
        height = self._lay_blocks(areas, spots, below)
        return SiteMap(WIDTH, max(1, math.ceil(height)), tuple(areas), tuple(spots))

    def _lay_blocks(self, areas: list[Area], spots: list[Spot], top: float) -> float:
        """Areas without a place, in rows as wide as the map; the height that all comes to."""
        blocks = [_Block.of(scope, units) for scope, units in self._blocks]
        if not blocks:
            return top
        placed, wide, deep = _rows(blocks)
        scale = WIDTH / wide
        for block, (x, y) in zip(blocks, placed, strict=True):
            left, up = round(x * scale), round(top + y * scale)
            right, down = round((x + block.width) * scale), round(top + (y + block.height) * scale)
            outline = ((left, up), (right, up), (right, down), (left, down))
            areas.append(Area(block.scope, _name(block.scope, None), outline))
            for unit, (ux, uy) in block.units:
                at = round((x + ux) * scale), round(top + (y + uy) * scale)
                spots.append(Spot(unit.unit, unit.name or unit.unit, *at, len(areas) - 1))
        return top + deep * scale


def _rows(blocks: Sequence[_Block]) -> tuple[list[Point], float, float]:
    """Where each block stands, in rows that make a map a little wider than high; how wide and deep they all are."""
    widest = max(each.width for each in blocks)
    row = widest / 2 + math.sqrt(sum(each.width * each.height for each in blocks) * 1.5)
    placed: list[Point] = []
    x = y = deep = wide = 0.0
    for block in blocks:
        if x and x + block.width > row:
            x, y, deep = 0.0, y + deep + PAD / 2, 0.0
        placed.append((x, y))
        wide, deep = max(wide, x + block.width), max(deep, block.height)
        x += block.width + PAD / 2
    return placed, wide, y + deep


@dataclass(frozen=True, slots=True)
class _Plane:
    """From places, y to the north, to the map, y down."""

    low: Point
    north: float
    scale: float

    def at(self, point: Point) -> tuple[int, int]:
        return round((point[0] - self.low[0]) * self.scale), round((self.north - point[1]) * self.scale)


@dataclass(frozen=True, slots=True)
class _Block:
    """An area laid out by itself: a row for each building, long ones in several."""

    scope: str
    width: float
    height: float
    units: tuple[tuple[Unit, Point], ...]

    @classmethod
    def of(cls, scope: str, units: Sequence[Unit]) -> _Block:
        buildings: dict[str, list[Unit]] = {}
        for unit in units:
            mine = next((str(each) for each in unit.scopes if each.level == "building"), "")
            buildings.setdefault(mine, []).append(unit)
        across = max(3, math.ceil(math.sqrt(len(units) * 1.5)))
        rows: list[list[Unit]] = []
        for building in sorted(buildings, key=natural):
            inside = buildings[building]
            if rows and len(rows[-1]) + len(inside) <= across:
                rows[-1] += inside
            else:
                rows += [inside[at : at + across] for at in range(0, len(inside), across)]
        laid = [
            (unit, (PAD + column * PITCH, HEAD + PAD / 4 + row * PITCH))
            for row, line in enumerate(rows)
            for column, unit in enumerate(line)
        ]
        widest = max(map(len, rows), default=1)
        width = 2 * PAD + max(2, widest - 1) * PITCH
        return cls(scope, width, HEAD + PAD + (len(rows) - 1) * PITCH, tuple(laid))


def _name(scope: str, known: Outline | None) -> str:
    return known.name if known is not None and known.name else scope.partition("/")[2]


def _projection(places: Places) -> _Projection:
    if not places.earth:
        return _Projection(1.0)
    norths = [at[1] for at in places.units.values()] + [at[1] for each in places.outlines for at in each.points]
    middle = sum(norths) / len(norths) if norths else 0.0
    return _Projection(math.cos(math.radians(middle)))


@dataclass(frozen=True, slots=True)
class _Projection:
    """A degree of longitude is shorter than one of latitude; over a town that is all there is to it."""

    shrunk: float

    def __call__(self, at: Point) -> Point:
        return at[0] * self.shrunk, at[1]


def _corners(points: Sequence[Point]) -> tuple[Point, Point]:
    """The lower left, the upper right; of nothing, twice the origin."""
    across, up = [x for x, _y in points] or [0.0], [y for _x, y in points] or [0.0]
    return (min(across), min(up)), (max(across), max(up))


def _around(points: Sequence[Point]) -> list[Point]:
    """A box about them, with some room."""
    (left, down), (right, up) = _corners(points)
    room = max(right - left, up - down, 1e-4) * 0.12
    left, down, right, up = left - room, down - room, right + room, up + room
    return [(left, down), (right, down), (right, up), (left, up)]


def _inside(outline: Sequence[Point], count: int) -> list[Point]:
    """So many spots within the outline, on the widest grid that has room for them: for units whose yard is known and nothing more."""
    (left, down), (right, up) = _corners(outline)
    least = max(1, math.ceil(math.sqrt(count)))
    found: list[Point] = []
    for across in range(least, TRIES * least + 1):
        deep = across if across > least else max(1, math.ceil(count / across))
        grid = [
            (left + (right - left) * (x + 1) / (across + 1), up - (up - down) * (y + 1) / (deep + 1))
            for y in range(deep)
            for x in range(across)
        ]
        found = [at for at in grid if _holds(outline, at)]
        if len(found) >= count:
            return found[:count]
    return (found + grid)[:count]  # a sliver: somewhere near it


def _holds(outline: Sequence[Point], at: Point) -> bool:
    """Of a coast line every so many points do."""
    x, y = at
    inside = False
    ring = outline[:: max(1, len(outline) // RING)]
    for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def within(layout: SiteMap, seen: Container[str]) -> SiteMap:
    """What somebody sees who sees these units alone: areas without any of them are left out too."""
    units = [spot for spot in layout.units if spot.unit in seen]
    kept = sorted({spot.area for spot in units})
    renumbered = {old: new for new, old in enumerate(kept)}
    spots = tuple(Spot(each.unit, each.name, each.x, each.y, renumbered[each.area]) for each in units)
    return SiteMap(layout.width, layout.height, tuple(layout.areas[old] for old in kept), spots)
