"""Where units and yards are, read from what people have: a table (unit with x,y or lon,lat) or GeoJSON (outlines of yards, points of units).

Pure: what is wrong is told line by line, or feature by feature; whether a unit exists is for centre/places.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from centre.sheet import Cells, Columns, Fault, folded, lines
from centre.words import _
from contract.scopes import LEVELS, Scope
from contract.topics import valid_id

COLUMNS = Columns(
    {
        "unit": ("单元", "编号", "单元编号"),
        "x": ("东", "横坐标"),
        "y": ("北", "纵坐标"),
        "lon": ("经度", "lng", "longitude"),
        "lat": ("纬度", "latitude"),
    },
    ("unit",),
)
MOST = 1e7
"""Of x and y, either way."""
MAX_LATITUDE = 85.0
MAX_POINTS = 1000
MAX_NAME = 100
AREAS = LEVELS[1:-1]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class NewPlace:
    """`line`: of the table, or which feature; `heading`: what the file calls the column."""

    line: int
    unit: str
    at: Point
    earth: bool
    heading: str = "unit"


@dataclass(frozen=True, slots=True)
class NewOutline:
    line: int
    scope: Scope
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Found:
    places: tuple[NewPlace, ...] = ()
    outlines: tuple[NewOutline, ...] = ()


def read(data: bytes, faults: list[Fault]) -> Found:
    """What the file holds; what is wrong is added to `faults`, and then nothing of it is to be used."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _geojson(data, faults)
    found: dict[str, NewPlace] = {}
    for cells in lines(data, COLUMNS, faults):
        made = _place(cells)
        if made is None:
            continue
        first = found.setdefault(made.unit, made)
        if first is not made:
            cells.fault("unit", _("the same as in line {line}").format(line=first.line))
    return Found(tuple(found.values()))


def _place(cells: Cells) -> NewPlace | None:
    unit = cells.read("unit", _ident, "")
    earth = cells.has("lon") or cells.has("lat")
    if earth and (cells.has("x") or cells.has("y")):
        cells.fault("", _("either x and y, or lon and lat"))
        return None
    east, north = ("lon", "lat") if earth else ("x", "y")
    values = []
    for column, most in ((east, 180.0 if earth else MOST), (north, MAX_LATITUDE if earth else MOST)):
        value = cells.read(column, lambda text, most=most: _number(text, most), math.nan)  # type: ignore[misc]
        if cells.good and math.isnan(value):
            cells.fault(column, _("missing"))
        values.append(value)
    return NewPlace(cells.line, unit, (values[0], values[1]), earth, cells.heading("unit")) if cells.good else None


def _ident(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("not an id (a-z, 0-9, - and _, at most 48)") if text else _("missing"))
    return text


def _number(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(_("{text}: not a number").format(text=text)) from None
    if not abs(value) <= most:
        raise ValueError(
            _("{text}: not within {least} and {most}").format(text=text, least=f"-{most:g}", most=f"{most:g}")
        )
    return value


# --- GeoJSON


class _BadFeatureError(Exception):
    pass


def _geojson(data: bytes, faults: list[Fault]) -> Found:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        faults.append(Fault(getattr(error, "lineno", 1), "", _("not JSON: {error}").format(error=error)))
        return Found()
    features = value.get("features")
    if value.get("type") != "FeatureCollection" or not isinstance(features, list):
        faults.append(Fault(1, "", _("not a GeoJSON FeatureCollection")))
        return Found()
    places: dict[str, NewPlace] = {}
    outlines: dict[Scope, NewOutline] = {}
    for number, feature in enumerate(features, 1):
        try:
            made = _feature(number, feature)
        except _BadFeatureError as error:
            faults.append(Fault(number, _("feature"), str(error)))
            continue
        known: dict[Any, Any] = places if isinstance(made, NewPlace) else outlines
        first = known.setdefault(made.unit if isinstance(made, NewPlace) else made.scope, made)
        if first is not made:
            faults.append(Fault(number, _("feature"), _("the same as feature {number}").format(number=first.line)))
    return Found(tuple(places.values()), tuple(outlines.values()))


def _feature(number: int, feature: Any) -> NewPlace | NewOutline:
    properties, geometry = _member(feature, "properties"), _member(feature, "geometry")
    kind, at = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        unit = properties.get("unit")
        if not isinstance(unit, str) or not valid_id(folded(unit)):
            raise _BadFeatureError(_("its properties name no unit"))
        return NewPlace(number, folded(unit), _point(at), earth=True)
    if kind == "MultiPolygon" and isinstance(at, list) and len(at) == 1:
        kind, at = "Polygon", at[0]
    if kind != "Polygon" or not isinstance(at, list) or not at or not isinstance(at[0], list):
        raise _BadFeatureError(_("neither a Point nor one Polygon"))
    points = tuple(_point(each) for each in at[0][: MAX_POINTS + 2])
    points = points[:-1] if len(points) > 1 and points[0] == points[-1] else points
    if not 3 <= len(points) <= MAX_POINTS:
        raise _BadFeatureError(_("an outline has 3 to {most} points").format(most=MAX_POINTS))
    name = properties.get("name", "")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise _BadFeatureError(_("its name is no text of at most {most} characters").format(most=MAX_NAME))
    return NewOutline(number, _scope(properties), name.strip(), points)


def _member(feature: Any, name: str) -> dict[str, Any]:
    value = feature.get(name) if isinstance(feature, dict) else None
    if not isinstance(value, dict):
        raise _BadFeatureError(_("it has no {name}").format(name=name))
    return value


def _scope(properties: dict[str, Any]) -> Scope:
    """By the name of its level, as `"yard": "y07"`."""
    found = list(_scopes(properties))
    if len(found) != 1:
        raise _BadFeatureError(_("its properties name no place: one of {levels}").format(levels=", ".join(AREAS)))
    return found[0]


def _scopes(properties: dict[str, Any]) -> Iterator[Scope]:
    for level in AREAS:
        value = properties.get(level)
        if isinstance(value, str) and valid_id(folded(value)):
            yield Scope(level, folded(value))


def _point(value: Any) -> Point:
    numbers = value[:2] if isinstance(value, list) else []
    good = len(numbers) == 2 and all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers)
    if not good or not (abs(numbers[0]) <= 180 and abs(numbers[1]) <= MAX_LATITUDE):
        raise _BadFeatureError(_("a point is longitude and latitude, in degrees"))
    return float(numbers[0]), float(numbers[1])
