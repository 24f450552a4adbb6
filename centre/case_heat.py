"""Where, when and of what kind cases are filed: counted, so that a table and a map can be shaded by it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from centre.cases import Case
from centre.map_layout import area_of
from centre.scope_tree import PlaceRoll

HOURS = 3
"""Of a column: a day has eight."""
COLUMNS = 24 // HOURS
SHADES = 5
"""Of a count that is not nought, the palest 1."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """`name`: a scope, or a code. `counts`: by the time of day, COLUMNS of them."""

    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Heat:
    """Rows with most first."""

    places: list[HeatRow]
    codes: list[HeatRow]
    most: int

    def shade(self, count: int) -> int:
        """0 for none, up to SHADES for the most of all cells."""
        return shade(count, self.most)


def shade(count: int, most: int) -> int:
    """0 for none, up to SHADES for the most."""
    return 0 if count == 0 else 1 + (count - 1) * SHADES // most if most > SHADES else count


def shades(most: int) -> list[tuple[int, int, int]]:
    """Each shade that there is, with the least and the largest count that has it."""
    if most <= SHADES:
        return [(count, count, count) for count in range(1, most + 1)]
    ends = [-(-each * most // SHADES) for each in range(SHADES + 1)]
    return [(each, ends[each - 1] + 1, ends[each]) for each in range(1, SHADES + 1)]


def heat(cases: Iterable[Case], level: str, zone: ZoneInfo) -> Heat:
    """`level`: community, grid, yard, building or unit; a unit outside any stands for itself. Times of day as people at the doors see them."""
    places: dict[str, Counter[int]] = {}
    codes: dict[str, Counter[int]] = {}
    for case in cases:
        column = column_of(case.filed.at_utc, zone)
        place = next((scope for scope in case.scopes if scope.startswith(f"{level}/")), f"unit/{case.filed.unit}")
        places.setdefault(place, Counter())[column] += 1
        codes.setdefault(case.filed.fact.code, Counter())[column] += 1
    rows = _rows(places), _rows(codes)
    return Heat(*rows, max((count for row in rows[0] + rows[1] for count in row.counts), default=0))


def column_of(utc: float, zone: ZoneInfo) -> int:
    """Which time of day that is."""
    return datetime.fromtimestamp(utc, zone).hour // HOURS


def on_map(cases: Iterable[Case], level: str, known: PlaceRoll) -> dict[str, int]:
    """How many by what a map shades: its areas (yards, mostly), or units; a building counts at its first unit. `level` as in `heat`."""
    counted: Counter[str] = Counter()
    for case in cases:
        unit = known.units.get(case.filed.unit)
        if unit is None:
            continue
        building = next((place for place in unit.places if place.startswith("building/")), None)
        if level == "building" and building is not None:
            counted[f"unit/{min(known.within[building], key=known.ranks.__getitem__)}"] += 1
        else:
            counted[f"unit/{unit.unit}" if level in ("building", "unit") else area_of(unit.places)] += 1
    return dict(counted)


def _rows(counted: dict[str, Counter[int]]) -> list[HeatRow]:
    made = [HeatRow(name, tuple(counts[at] for at in range(COLUMNS))) for name, counts in counted.items()]
    return sorted(made, key=lambda row: (-row.total, row.name))


def columns() -> Sequence[str]:
    """The times of day that stand over them."""
    return [f"{at * HOURS:02d}–{(at + 1) * HOURS:02d}" for at in range(COLUMNS)]
