"""A day's rounds as a clerk looks at them: which need her first, and why. What each stop came to is reckoned in round_sheet.py. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from centre import round_sheet, rounds
from centre.opened import OpenCentre
from centre.round_sheet import DaySheet, StopSheet, StopState
from contract.facts.patrol import Timing
from contract.rounds import Round

SIGNS = {StopState.MISSED: "urgent", StopState.UNHEARD: "away", StopState.AWAITED: ""}
"""Of stops that nobody has done."""
_ORDER = ("urgent", "look", "away", "", "well")


@dataclass(frozen=True, slots=True)
class RoundDay:
    """`sign`: urgent (a stop was missed), look (late or out of order), away (a unit has not told), empty (not over yet), well."""

    round: Round
    sheet: DaySheet
    sign: str

    @property
    def done(self) -> int:
        return sum(each.checkin is not None for each in self.sheet.stops)

    @property
    def missed(self) -> int:
        return sum(each.state is StopState.MISSED for each in self.sheet.stops)


def sign_of(stop: StopSheet) -> str:
    """Of one stop."""
    if stop.state is not StopState.DONE:
        return SIGNS[stop.state]
    return "well" if stop.timing in (None, Timing.ON_TIME) else "look"


def of_day(centre: OpenCentre, day: date, now: float, seen: frozenset[str] | None) -> list[RoundDay]:
    """Rounds that are walked on the day, those that need somebody first. `seen`: units that whoever asks sees (None: all); a round that has a
    stop elsewhere is not there for them.
    """
    mine = [each for each in rounds.in_force(centre) if is_seen(each, seen)]
    made = round_sheet.sheets(centre, [each.id for each in mine], day, now)
    found = list(_walked(zip(mine, made, strict=True), seen))
    return sorted(found, key=lambda each: (_ORDER.index(each.sign), each.sheet.stops[0].from_utc, each.round.title))


def of_round(
    centre: OpenCentre, its: Round, day: date, days: int, now: float, seen: frozenset[str] | None
) -> list[RoundDay]:
    """So many days of one round, `day` and those before it, newest first; without those on which it was not walked."""
    made = (round_sheet.sheet(centre, its.id, day - timedelta(days=back), now) for back in range(days))
    return list(_walked(((its, sheet) for sheet in made), seen))


def _walked(found: Iterable[tuple[Round, DaySheet]], seen: frozenset[str] | None) -> Iterator[RoundDay]:
    for its, whole in found:
        sheet = whole if seen is None else _within(whole, seen)
        if sheet.stops:
            yield RoundDay(its, sheet, sign_of_sheet(sheet))


def _within(sheet: DaySheet, seen: frozenset[str]) -> DaySheet:
    """Without stops elsewhere: an older revision, which was in force on that day, may have had some."""
    stops = tuple(each for each in sheet.stops if each.unit in seen)
    return replace(
        sheet,
        stops=stops,
        complete=bool(stops) and all(each.state is StopState.DONE for each in stops),
        unheard=tuple(each for each in sheet.unheard if each in seen),
        untimed=tuple(each for each in sheet.untimed if each.unit in seen),
    )


def is_seen(each: Round, seen: frozenset[str] | None) -> bool:
    return seen is None or all(stop.unit in seen for stop in each.stops)


def sign_of_sheet(sheet: DaySheet) -> str:
    """The worst of its stops'."""
    signs = {sign_of(each) for each in sheet.stops}
    return next(sign for sign in _ORDER if sign in signs)


def walked_by(days: Sequence[RoundDay]) -> list[str]:
    """Who checked in on them, each once, in the order of first coming."""
    checkins = sorted(
        (stop.checkin for each in days for stop in each.sheet.stops if stop.checkin is not None),
        key=lambda checkin: checkin.at_utc,
    )
    return list(dict.fromkeys(each.by for each in checkins))
