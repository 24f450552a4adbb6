"""Where, when and of what kind cases are filed: counted, so that a table can be shaded by it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from centre.cases import Case

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
        return 0 if count == 0 else 1 + (count - 1) * SHADES // max(self.most, 1) if self.most > SHADES else count


def heat(cases: Iterable[Case], level: str, zone: ZoneInfo) -> Heat:
    """`level`: community, grid, yard, building or unit; a unit outside any stands for itself. Times of day as people at the doors see them."""
    places: dict[str, Counter[int]] = {}
    codes: dict[str, Counter[int]] = {}
    for case in cases:
        column = datetime.fromtimestamp(case.filed.at_utc, zone).hour // HOURS
        place = next((scope for scope in case.scopes if scope.startswith(f"{level}/")), f"unit/{case.filed.unit}")
        places.setdefault(place, Counter())[column] += 1
        codes.setdefault(case.filed.fact.code, Counter())[column] += 1
    rows = _rows(places), _rows(codes)
    return Heat(*rows, max((count for row in rows[0] + rows[1] for count in row.counts), default=0))


def _rows(counted: dict[str, Counter[int]]) -> list[HeatRow]:
    made = [HeatRow(name, tuple(counts[at] for at in range(COLUMNS))) for name, counts in counted.items()]
    return sorted(made, key=lambda row: (-row.total, row.name))


def columns() -> Sequence[str]:
    """The times of day that stand over them."""
    return [f"{at * HOURS:02d}–{(at + 1) * HOURS:02d}" for at in range(COLUMNS)]
