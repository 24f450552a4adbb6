"""How reports and services went: the times between their stages, how many were settled by whom, how content people were. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from centre.cases import Case, Level, Stage

CONTENT = 4
"""Who says 4 or 5 is content."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Between two stages, over the cases that passed both: how many, half of them faster than `median_s`, the slowest `worst_s`."""

    begins: str
    ends: str
    count: int
    median_s: float | None
    worst_s: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`settled`: cases that are answered or closed; of them `in_grid` never left the grid, `in_community` (those of the grid among them) never the community.
    `ratings`: how many people rated, `content` of them with 4 or 5.
    """

    filed: int
    overdue: int
    spans: tuple[StageTimes, ...]
    settled: int
    in_grid: int
    in_community: int
    ratings: int
    content: int


def figures(found: Iterable[Case], now: float) -> Figures:
    """Over these cases."""
    every = list(found)
    settled = [case for case in every if not case.is_open]
    ratings = [value for case in every for value in case.ratings]
    levels = [case.level(now) for case in settled]
    return Figures(
        filed=len(every),
        overdue=sum(case.overdue(now) for case in every),
        spans=(
            _span("filed", "assigned", every, lambda case: (case.filed.at_utc, _first(case, Stage.ASSIGNED))),
            _span(
                "assigned", "answered", every, lambda case: (_first(case, Stage.ASSIGNED), _last(case, Stage.ANSWERED))
            ),
            _span("answered", "closed", every, lambda case: (_last(case, Stage.ANSWERED), _last(case, Stage.CLOSED))),
            _span("filed", "closed", every, lambda case: (case.filed.at_utc, _last(case, Stage.CLOSED))),
        ),
        settled=len(settled),
        in_grid=sum(level is Level.GRID for level in levels),
        in_community=sum(level <= Level.COMMUNITY for level in levels),
        ratings=len(ratings),
        content=sum(value >= CONTENT for value in ratings),
    )


def _span(
    begins: str, ends: str, found: Sequence[Case], times: Callable[[Case], tuple[float | None, float | None]]
) -> StageTimes:
    seconds = [max(0.0, end - begin) for begin, end in map(times, found) if begin is not None and end is not None]
    return StageTimes(begins, ends, len(seconds), median(seconds) if seconds else None, max(seconds, default=None))


def _first(case: Case, what: Stage) -> float | None:
    return next((step.at_utc for step in case.steps if step.what is what), None)


def _last(case: Case, what: Stage) -> float | None:
    """Where it is still so: a case that was opened again is not closed."""
    if case.is_open:
        return None
    return next((step.at_utc for step in reversed(case.steps) if step.what is what), None)
