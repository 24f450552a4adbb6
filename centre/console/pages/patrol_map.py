"""Patrol on the map: the stops of a day's rounds by what became of them, and where a worker was. Only words and shapes; what came to what is reckoned elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from centre.console.calls.patrol import RoundSeen, Track, TrackPoint
from centre.words import N_, _

STOPS = {
    "well": N_("came in time"),
    "look": N_("late or out of order"),
    "urgent": N_("missed"),
    "away": N_("the door has not told yet"),
    "due": N_("not due yet"),
}
"""What the signs of stops are called beneath a map."""
POINTS = {
    "well": N_("came in time"),
    "look": N_("late or out of order"),
    "away": N_("time not known"),
}
_WORST = ("urgent", "look", "away", "due", "well")
_LATE = frozenset({"early", "late", "out_of_order"})


def stops(rounds: Sequence[RoundSeen]) -> dict[str, Any]:
    """A door that is a stop several times has the worst of its signs. Nothing else is drawn."""
    signs = ((stop.unit, stop.sign or "due") for each in rounds for stop in each.stops)
    return {**_worst(signs), "rest": "hidden", "routes": [[stop.unit for stop in each.stops] for each in rounds]}


def track(found: Track) -> dict[str, Any]:
    """Where she was, in the order of time; times that are not known are in no order."""
    sure = [each.unit for each in found.points if each.sure]
    return {**_worst((each.unit, _sign(each)) for each in found.points), "rest": "hidden", "routes": [sure]}


def legend(words: Mapping[str, str]) -> dict[str, str]:
    return {sign: _(said) for sign, said in words.items()}


def _sign(point: TrackPoint) -> str:
    if not point.sure:
        return "away"
    return "look" if point.timing in _LATE else "well"


def _worst(signs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, str] = {}
    for unit, sign in signs:
        found[unit] = min(found.get(unit, sign), sign, key=_WORST.index)
    return {sign: sorted(unit for unit, mine in found.items() if mine == sign) for sign in _WORST}
