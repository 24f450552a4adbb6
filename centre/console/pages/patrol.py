"""Patrol: today's rounds as time lines, one round with its days before, a worker's track."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from msgspec import Meta
from starlette.responses import Response

from centre.console.calls import patrol as calls
from centre.console.calls.patrol import PatrolDay, RoundDays, RoundName, RoundSeen, StopSeen, TrackAsk
from centre.console.page import Entry, Pages
from centre.console.pages import patrol_map
from centre.console.visit import Said, Visit
from centre.permits import Doing
from centre.words import N_, _

PAGES = Pages(Entry("/patrol", N_("Patrol"), "patrol"))
STATES = {
    "done": N_("came"),
    "awaited": N_("not due yet"),
    "missed": N_("missed"),
    "unheard": N_("the door has not told yet"),
}
TIMINGS = {
    "early": N_("too early"),
    "on_time": N_("in time"),
    "late": N_("late"),
    "out_of_order": N_("out of order"),
}
WIDE = 480
"""Of a time line's drawing, in its own units."""
HOURS = 5
"""So many are written beneath it."""
LAST = 20
"""So near its end no hour is written: it would be cut off."""
LEAST_S = 4 * 3600.0
"""Of a time line: a round of ten minutes is not drawn as wide as one of a day."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stop on the line, where it was done or else is due."""

    x: float
    sign: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """All in units of WIDE: windows as (from, width), hours as (x, words), `now` where it is within."""

    windows: list[tuple[float, float]]
    marks: list[Mark]
    hours: list[tuple[float, str]]
    now: float | None


def time_line(visit: Visit, each: RoundSeen) -> TimeLine:
    """For a round with stops."""
    first = min(min(stop.from_utc, stop.at_utc or stop.from_utc) for stop in each.stops)
    last = max(max(stop.until_utc, stop.at_utc or stop.until_utc) for stop in each.stops)
    first -= first % 3600
    span = max(last - first, LEAST_S) * 1.02

    def x(utc: float) -> float:
        return round(WIDE * (utc - first) / span, 1)

    every = max(1, round(span / 3600 / HOURS)) * 3600
    hours = []
    at = first
    while x(at) < WIDE - LAST:
        local = visit.clock(at)
        hours.append((x(at), local))
        at += every
    windows = sorted({(x(stop.from_utc), x(stop.until_utc)) for stop in each.stops})
    marks = [Mark(x(_drawn_at(stop)), stop.sign or "due") for stop in each.stops]
    now = x(visit.now) if first <= visit.now <= first + span else None
    return TimeLine([(begin, max(1.0, end - begin)) for begin, end in windows], marks, hours, now)


def _drawn_at(stop: StopSeen) -> float:
    return stop.at_utc if stop.at_utc is not None else (stop.from_utc + stop.until_utc) / 2


def words_of(stop: StopSeen) -> str:
    """What became of it."""
    if stop.state == "done":
        return _(TIMINGS.get(stop.timing or "on_time", "in time"))
    return _(STATES[stop.state])


def round_words(each: RoundSeen) -> str:
    """In one line, what the sign of a round stands for."""
    if each.missed:
        return _("{count} missed").format(count=each.missed)
    words = {"look": N_("late or out of order"), "away": N_("a door has not told yet"), "well": N_("complete")}
    so_far = N_("{done} of {all} so far")
    return _(words.get(each.sign, so_far)).format(done=each.done, all=len(each.stops))


class DayAsk(PatrolDay):
    """`round`: the one that is on the map; empty, or not walked on that day: all."""

    round: Annotated[str, Meta(max_length=48)] = ""


@PAGES.get("/patrol")
def patrol(visit: Visit) -> Response:
    return visit.page("patrol.html", **_day(visit))


@PAGES.get("/patrol/day")
def day_part(visit: Visit) -> Response:
    return visit.page("patrol_day_part.html", **_day(visit))


@PAGES.get("/patrol/states")
def states(visit: Visit) -> Response:
    return visit.page("overview_states_part.html", states=_day(visit)["states"])


def _day(visit: Visit) -> dict[str, Any]:
    ask = visit.ask(DayAsk)
    day = calls.day_of(visit, ask.day)
    today = calls.day_of(visit, "")
    found = calls.patrol_day(visit, PatrolDay(day.isoformat()))
    on_map = [each for each in found.rounds if each.id == ask.round] or found.rounds
    return {
        "ask": ask,
        "query": urlencode({"day": day.isoformat(), "round": ask.round}),
        "states": patrol_map.stops(on_map),
        "legend": patrol_map.legend(patrol_map.STOPS),
        "day": day,
        "today": today,
        "days": [_tab(each, day, today) for each in (day - timedelta(1), day, day + timedelta(1))],
        "rounds": [(each, time_line(visit, each), round_words(each)) for each in found.rounds],
        "round_choices": [(each.id, each.title) for each in found.rounds],
        "words_of": words_of,
        "may_patrol": visit.may(Doing.PATROL),
        "may_track": visit.may(Doing.PATROL),
    }


def _tab(each: date, day: date, today: date) -> tuple[str, str, bool, None]:
    words = {0: N_("today"), -1: N_("yesterday"), 1: N_("tomorrow")}.get((each - today).days)
    said = _(words) if words else _("{month}/{day}").format(month=each.month, day=each.day)
    address = "/patrol" if each == today else f"/patrol?{urlencode({'day': each.isoformat()})}"
    return address, said, each == day, None


@PAGES.get("/patrol/round/{round}")
def one(visit: Visit) -> Response:
    ask = visit.ask(RoundDays, round=visit.request.path_params["round"])
    its = calls.mine(visit, ask.round)
    found = calls.round_days_of(visit, ask)
    return visit.page(
        "patrol_round.html",
        round=its,
        place=visit.places.words(str(its.scope)),
        days=[(each, round_words(each)) for each in found.rounds],
        newest=found.rounds[0] if found.rounds else None,
        may_patrol=visit.may(Doing.PATROL),
        words_of=words_of,
        states=patrol_map.stops(found.rounds[:1]),
        legend=patrol_map.legend(patrol_map.STOPS),
        today=calls.day_of(visit, "").isoformat(),
    )


@PAGES.get("/patrol/round/{round}/withdraw", Doing.PATROL)
def ask_to_withdraw(visit: Visit) -> Response:
    return visit.page("patrol_withdraw.html", round=calls.mine(visit, visit.request.path_params["round"]))


@PAGES.post("/patrol/round/{round}/withdraw", Doing.PATROL)
def withdraw(visit: Visit) -> Response:
    done = calls.withdraw_round(visit, RoundName(visit.request.path_params["round"]))
    words = _("The round {id} is out of force. Units that are offline hear of it when they are back.")
    return visit.go("/patrol", Said("well", words.format(id=done.id)))


@PAGES.get("/patrol/track", Doing.FIELD)
def track(visit: Visit) -> Response:
    """A form until somebody is named: a person's ways are looked at by name only."""
    holder = visit.request.query_params.get("holder", "")
    found = calls.patrol_track(visit, visit.ask(TrackAsk)) if holder else None
    there = calls.workers(visit) if visit.may(Doing.PATROL) else []
    return visit.page(
        "patrol_track.html",
        holder=holder,
        found=found,
        name_of=visit.places.name_of,
        timings=TIMINGS,
        known=there,
        states={} if found is None else patrol_map.track(found),
        legend=patrol_map.legend(patrol_map.POINTS),
    )
