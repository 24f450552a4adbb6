"""What a benchmark found: figures with their condition and unit, and the arithmetic of percentiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`text` is what the table says; `values` are the numbers behind it, in the unit their key ends with."""

    condition: str
    text: str
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `remarks`: what was measured how, and what the figure does not say."""

    id: str
    what: str
    goal: str
    figures: tuple[Figure, ...]
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 … 1) of the values do not exceed (nearest rank). Raises ValueError on none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def spread(condition: str, seconds: Sequence[float], *, note: str = "") -> Figure:
    """p50, p99 and maximum of durations, told in milliseconds."""
    if not seconds:
        return Figure(condition, f"no values{note}")
    p50, p99, most = (percentile(seconds, share) * 1000 for share in (0.5, 0.99, 1.0))
    text = f"p50 {ms(p50)}, p99 {ms(p99)}, max {ms(most)} (n = {len(seconds)}){note}"
    return Figure(condition, text, {"p50_ms": p50, "p99_ms": p99, "max_ms": most, "n": len(seconds)})


def ms(value: float) -> str:
    """Milliseconds with as many digits as mean something."""
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
