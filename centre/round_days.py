"""A day's rounds as a clerk looks at them: which need her first, and why. What each stop came to is reckoned in round_sheet.py. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
    found = [RoundDay(each, sheet, sign_of_sheet(sheet)) for each, sheet in zip(mine, made, strict=True) if sheet.stops]
    return sorted(found, key=lambda each: (_ORDER.index(each.sign), each.sheet.stops[0].from_utc, each.round.title))


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
