"""Where units are: files of people's own making, kept whole or not at all, and a map that has every unit on it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre import map_layout, places, places_file
from centre.map_layout import WIDTH, SiteMap
from centre.places import Outline, Places
from centre.places_file import Found
from centre.sheet import Fault
from centre.units import Unit
from contract.scopes import Scope
from tests.centre.conftest import Desk

NOWHERE = Places({}, (), earth=False)


def unit(name: str, yard: str = "y07", building: str = "") -> Unit:
    scopes = [Scope("site", "s"), Scope("yard", yard)] if yard else [Scope("site", "s")]
    scopes += [Scope("building", building)] if building else []
    return Unit(name, f"{name}号", (*scopes, Scope("unit", name)), revoked=False, password=None)


def street(count: int) -> list[Unit]:
    return [unit(f"u{n}", f"y{n // 12:03}", f"b{n // 4:03}") for n in range(count)]


def polygon(**properties: Any) -> dict[str, Any]:
    ring = [[120.38, 36.06], [120.39, 36.06], [120.39, 36.07], [120.38, 36.07], [120.38, 36.06]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def point(name: str, lon: float = 120.385, lat: float = 36.065) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "properties": {"unit": name}, "geometry": geometry}


def geojson(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def read(data: bytes | str) -> tuple[Found, list[str]]:
    faults: list[Fault] = []
    found = places_file.read(data.encode() if isinstance(data, str) else data, faults)
    return found, [str(fault) for fault in faults]


# --- files


def test_a_plan_and_the_earth_are_told_by_their_columns() -> None:
    found, faults = read("单元,横坐标,纵坐标\n3-1,10,-20.5\n")
    assert not faults
    assert [(each.unit, each.at, each.earth) for each in found.places] == [("3-1", (10.0, -20.5), False)]
    found, faults = read("unit;lon;lat\n3-1;120.38;36.06\n")
    assert not faults
    assert found.places[0].earth


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("3-1,1", "2: y: missing"),
        (",1,2", "2: unit: missing"),
        ("3 1,1,2", "2: unit: not an id"),
        ("3-1,one,2", "2: x: one: not a number"),
        ("3-1,nan,2", "2: x: nan: not within -1e+07 and 1e+07"),
        ("3-1,1,inf", "2: y: inf: not within"),
        ("3-1,1,2\n3-1,2,2", "3: unit: the same as in line 2"),
    ],
)
def test_a_fault_names_its_line(line: str, said: str) -> None:
    _found, faults = read(f"unit,x,y\n{line}\n")
    assert len(faults) == 1
    assert faults[0].startswith(said)


def test_latitudes_of_no_map_are_refused() -> None:
    assert read("unit,lon,lat\n3-1,120,91\n")[1] == ["2: lat: 91: not within -85 and 85"]
    assert read("unit,lon,lat,x\n3-1,120,36,1\n")[1] == ["2: either x and y, or lon and lat"]


def test_geojson_gives_outlines_with_names_and_points_of_units() -> None:
    found, faults = read(geojson(polygon(yard="y07", name="7号院"), point("3-1")))
    assert not faults
    assert str(found.outlines[0].scope) == "yard/y07"
    assert found.outlines[0].name == "7号院"
    assert len(found.outlines[0].points) == 4, "the last point of a ring is its first"
    assert found.places[0].at == (120.385, 36.065)


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        (None, "it has no properties"),
        ({"properties": {}, "geometry": None}, "it has no geometry"),
        (point(""), "its properties name no unit"),
        (point("3-1", 181.0), "a point is longitude and latitude"),
        (point("3-1", True), "a point is longitude and latitude"),
        (polygon(), "its properties name no place"),
        (polygon(yard="y7", building="b1"), "its properties name no place"),
        (polygon(yard="y7", name="x" * 101), "its name is no text of at most 100"),
        (
            {"properties": {"yard": "y7"}, "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [1, 3]]]}},
            "an outline has 3",
        ),
        ({"properties": {"yard": "y7"}, "geometry": {"type": "Polygon", "coordinates": []}}, "neither a Point nor one"),
        (
            {"properties": {"yard": "y7"}, "geometry": {"type": "LineString", "coordinates": [[1, 2]]}},
            "neither a Point nor",
        ),
    ],
)
def test_a_fault_names_its_feature(feature: Any, said: str) -> None:
    _found, faults = read(geojson(polygon(yard="y01"), feature))
    assert len(faults) == 1
    assert faults[0].startswith(f"2: feature: {said}")


@pytest.mark.parametrize(
    "text", ["{", '{"type": "Topology"}', '{"features": {}}', "[" * 100_000, "{" + '"a":[' * 50_000]
)
def test_what_is_no_geojson_is_one_line(text: str) -> None:
    _found, faults = read(text)
    assert len(faults) == 1


@given(st.binary(max_size=300))
def test_rubbish_is_refused_in_words(data: bytes) -> None:
    found, faults = read(data)
    assert not (found.places and faults) or isinstance(faults[0], str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda kids: (
            st.lists(kids)
            | st.dictionaries(
                st.sampled_from(["type", "properties", "geometry", "coordinates", "unit", "yard", "name"]), kids
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    read(geojson({"type": "Feature", "properties": {"yard": "y1"}, "geometry": value}, value))


# --- the books


@pytest.fixture
def two(desk: Desk) -> Desk:
    for name in ("3-1", "3-2"):
        desk.unit(name, "yard/y07", enrolled=False)
    return desk


def known(desk: Desk) -> Places:
    with desk.office.books.reading() as conn:
        return places.known(conn)


def test_places_are_taken_all_or_none(two: Desk, tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("unit,x,y\n3-1,1,2\n9-9,3,4\n")
    assert f"{file}:3: unit: 9-9: no such unit" in two.run("places", "import", str(file), code=1).stderr
    assert known(two) == NOWHERE
    file.write_text("unit,x,y\n3-1,1,2\n")
    assert two.run("places", "import", str(file)).stdout == "1 units, 0 outlines\n"
    file.write_text("unit,x,y\n3-1,5,6\n3-2,7,8\n")
    two.run("places", "import", str(file))
    assert known(two).units == {"3-1": (5.0, 6.0), "3-2": (7.0, 8.0)}
    assert two.run("places", "list").stdout == "3-1  5  6\n3-2  7  8\n"
    file.write_text("unit,x,y\n")
    assert "holds no place" in two.run("places", "import", str(file), code=1).stderr


def test_a_plan_and_the_earth_do_not_go_on_one_map(two: Desk, tmp_path: Path) -> None:
    plan, earth = tmp_path / "plan.csv", tmp_path / "earth.geojson"
    plan.write_text("unit,x,y\n3-1,1,2\n")
    earth.write_bytes(geojson(polygon(yard="y07", name="7号院"), point("3-2")))
    two.run("places", "import", str(plan))
    assert "do not go together" in two.run("places", "import", str(earth), code=2).stderr
    assert known(two).units == {"3-1": (1.0, 2.0)}
    two.run("places", "clear")
    assert known(two) == NOWHERE
    assert two.run("places", "import", str(earth)).stdout == "1 units, 1 outlines\n"
    assert known(two).outlines[0].name == "7号院"
    assert json.loads(two.run("places", "list", "--json").stdout)["earth"] is True


def test_who_placed_them_is_in_the_journal(two: Desk, tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("unit,x,y\n3-1,1,2\n")
    two.run("places", "import", str(file), "--by", "li")
    assert b'"by":"li"' in two.kept()
    two.run("verify")


# --- the map


def spread(layout: SiteMap) -> float:
    """The least distance between two units, in the map's numbers."""
    spots = [(spot.x, spot.y) for spot in layout.units]
    return min(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5 for at, (ax, ay) in enumerate(spots) for bx, by in spots[:at])


@pytest.mark.parametrize("count", [1, 2, 12, 128, 500])
def test_without_places_every_unit_stands_apart_inside_its_yard(count: int) -> None:
    layout = map_layout.of(street(count), NOWHERE)
    assert len(layout.units) == count
    assert count == 1 or spread(layout) >= 6
    assert layout.width == WIDTH
    for spot in layout.units:
        outline = layout.areas[spot.area].outline
        assert min(x for x, _y in outline) < spot.x < max(x for x, _y in outline)
        assert min(y for _x, y in outline) < spot.y < max(y for _x, y in outline) <= layout.height


def test_the_same_units_are_laid_out_the_same_whatever_their_order() -> None:
    some = street(60)
    assert map_layout.of(random.Random(1).sample(some, 60), NOWHERE) == map_layout.of(some, NOWHERE)


def test_north_is_up_and_what_is_far_is_far() -> None:
    known = Places({"u0": (0.0, 0.0), "u1": (100.0, 0.0), "u2": (0.0, 50.0)}, (), earth=False)
    layout = map_layout.of([unit(name) for name in ("u0", "u1", "u2")], known)
    at = {spot.unit: (spot.x, spot.y) for spot in layout.units}
    assert at["u1"][0] - at["u0"][0] == pytest.approx(2 * (at["u0"][1] - at["u2"][1]), abs=2)
    assert at["u2"][1] < at["u0"][1]


def test_a_degree_of_longitude_is_drawn_shorter_in_the_north() -> None:
    known = Places({"u0": (120.0, 60.0), "u1": (120.1, 60.0), "u2": (120.0, 60.05)}, (), earth=True)
    layout = map_layout.of([unit(name) for name in ("u0", "u1", "u2")], known)
    at = {spot.unit: (spot.x, spot.y) for spot in layout.units}
    assert at["u1"][0] - at["u0"][0] == pytest.approx(at["u0"][1] - at["u2"][1], rel=0.02)


def test_units_without_a_place_are_on_the_map_too() -> None:
    yard = Outline("yard/y07", "7号院", ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))
    layout = map_layout.of(
        [unit("u0"), unit("u1"), unit("u2", "y08"), unit("u3", "")], Places({"u0": (5.0, 5.0)}, (yard,), earth=False)
    )
    assert {spot.unit for spot in layout.units} == {"u0", "u1", "u2", "u3"}
    assert [area.name for area in layout.areas] == ["7号院", "s", "y08"]
    below = {spot.unit: spot.y for spot in layout.units}
    assert below["u2"] > below["u0"]


def test_places_all_in_one_spot_make_a_map_all_the_same() -> None:
    known = Places(dict.fromkeys(("u0", "u1"), (7.0, 7.0)), (), earth=False)
    layout = map_layout.of([unit("u0"), unit("u1")], known)
    assert 0 < layout.height <= 4 * WIDTH
    assert all(0 <= spot.x <= WIDTH for spot in layout.units)


def test_nobody_sees_more_of_the_map_than_their_own() -> None:
    layout = map_layout.within(map_layout.of(street(36), NOWHERE), frozenset({"u30", "u31"}))
    assert [spot.unit for spot in layout.units] == ["u30", "u31"]
    assert [area.scope for area in layout.areas] == ["yard/y002"]
    assert {spot.area for spot in layout.units} == {0}


def test_no_units_no_map() -> None:
    assert map_layout.of([], NOWHERE) == SiteMap(WIDTH, 1, (), ())
