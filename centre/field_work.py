"""A grid worker's day: which rounds are hers, the stop that comes next, and the reports that wait for her. Decides by what it is handed; only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from centre.accounts import Account
from centre.cases import Case, Level
from centre.recipients import Recipient, RecipientKind
from centre.round_days import RoundDay
from centre.round_sheet import StopSheet, StopState
from contract.frozen import frozen


@frozen
class NextStop:
    """`number` of `count` stops of its round."""

    day: RoundDay
    stop: StopSheet
    number: int

    @property
    def count(self) -> int:
        return len(self.day.sheet.stops)


def rounds_of(days: Iterable[RoundDay], person: Account) -> list[RoundDay]:
    """Rounds that name her, or nobody: those whoever has a patrol card may walk."""
    return [each for each in days if not each.round.staff or person.holder in each.round.staff]


def next_stop(days: Sequence[RoundDay]) -> NextStop | None:
    """The one that is to be done first; in a round that is walked in order none is skipped."""
    found = []
    for day in days:
        waits = [
            NextStop(day, stop, number)
            for number, stop in enumerate(day.sheet.stops, 1)
            if stop.state is StopState.AWAITED
        ]
        found += waits[:1] if day.round.ordered else waits
    return min(found, key=lambda each: (each.stop.until_utc, each.stop.from_utc, each.number), default=None)


def tasks_of(found: Iterable[Case], person: Account, known: Mapping[str, Recipient], now: float) -> list[Case]:
    """Open reports that were given to her or to a grid, and those of the grid that nobody was given: overdue first, then by when they are due."""
    mine = [each for each in found if each.is_open and _is_hers(each, person, known, now)]
    return sorted(mine, key=lambda each: (not each.overdue(now), each.due_utc, each.id))


def _is_hers(case: Case, person: Account, known: Mapping[str, Recipient], now: float) -> bool:
    if case.to is None:
        return case.level(now) is Level.GRID
    if case.to in (person.name, person.holder, person.scope.id):
        return True
    recipient = known.get(case.to)
    return recipient is not None and recipient.kind is RecipientKind.GRID
