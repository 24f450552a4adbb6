"""What a patrol round came to on a day, and where a worker was: reckoned from the facts of all units each time it is asked for. Only reads.

By the site's timezone and by the same rules as at the door (contract/rounds.py), over units that a door knows nothing of. A fact that comes late changes the sheet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from centre import checkins, rounds
from centre.checkins import Checkin
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.schema import epochs, facts, pruned
from centre.schema import units as units_table
from centre.timing import Times
from centre.words import _
from contract import rounds as reckoning
from contract.rounds import Done, Round, Visit

MARGIN_S = 2 * 86_400.0
"""Around a day: its windows may end on the next, and a unit's clock may be of another timezone than the site's."""

Heard = Mapping[str, tuple[float, float]]
"""By unit: from when to when the books have all that happened there."""


class StopState(StrEnum):
    """What became of a stop: `awaited`, its window is not over; `unheard`, its unit has not told yet what was then, or it was given up with age."""

    DONE = "done"
    AWAITED = "awaited"
    MISSED = "missed"
    UNHEARD = "unheard"


@dataclass(frozen=True, slots=True)
class StopSheet:
    """One stop of the day; times in seconds since 1970. `timing` of the check-in that did it; `strays`: on the day, too far from the window."""

    unit: str
    door: str
    name: str
    from_utc: float
    until_utc: float
    state: StopState
    timing: str | None
    checkin: Checkin | None
    strays: tuple[Checkin, ...]


@dataclass(frozen=True, slots=True)
class DaySheet:
    """A round on one day. `complete`: every stop was done. `unheard`: units of stops of that state.

    `untimed`: check-ins of the round's people at its doors that may have been then, and nobody can place: they do no stop.
    """

    id: str
    title: str
    day: str
    stops: tuple[StopSheet, ...]
    complete: bool
    unheard: tuple[str, ...]
    untimed: tuple[Checkin, ...]


def sheet(centre: OpenCentre, name: str, day: date, now: float) -> DaySheet:
    """Raises CentreError (wrong use) where there never was such a round."""
    (found,) = sheets(centre, [name], day, now)
    return found


def sheets(centre: OpenCentre, names: Sequence[str], day: date, now: float) -> list[DaySheet]:
    """The same of several at once: the books are looked through once for all. Raises CentreError (wrong use) for a round that never was."""
    zone = centre.site.zone
    with centre.books.reading() as conn:
        known = {name: rounds.revisions(conn, name) for name in names}
        for name in names:
            if not known[name]:
                raise CentreError(_("{name}: no such round").format(name=name), WRONG_USE)
        start = _utc(zone, reckoning.midnight(day))
        of_round = {name: {stop.unit for each in known[name] for stop in each.stops} for name in names}
        units = set().union(*of_round.values())
        found = checkins.of_span(conn, start - MARGIN_S, start + MARGIN_S + 86_400.0, units) if units else []
        heard = _heard(conn) if units else {}
    return [
        _sheet(name, known[name], day, zone, [each for each in found if each.unit in of_round[name]], heard, now)
        for name in names
    ]


def _sheet(
    name: str,
    known: Sequence[Round],
    day: date,
    zone: ZoneInfo,
    found: Sequence[Checkin],
    heard: Heard,
    now: float,
) -> DaySheet:
    stops: list[tuple[int, StopSheet]] = []
    for its_round, until in zip(known, [*(each.iat for each in known[1:]), float("inf")], strict=True):
        stops += _of_revision(its_round, until, day, zone, found, heard, now)
    made = tuple(each for _place, each in sorted(stops, key=lambda each: (each[0], each[1].from_utc)))
    grace_s = max(each.grace_s for each in known)
    return DaySheet(
        name,
        next((each.title for each in reversed(known) if not each.withdrawn), ""),
        day.isoformat(),
        made,
        bool(made) and all(each.state is StopState.DONE for each in made),
        tuple(sorted({each.unit for each in made if each.state is StopState.UNHEARD})),
        tuple(each for each in found if not each.sure and _walks(known, each) and _may_do(made, each, grace_s)),
    )


def _walks(known: Sequence[Round], checkin: Checkin) -> bool:
    return any(each.walked_by(checkin.by) for each in known)


def _may_do(stops: Sequence[StopSheet], checkin: Checkin, grace_s: float) -> bool:
    """It was at one of these doors, maybe around the time of that stop."""
    here = [each for each in stops if (each.unit, each.door) == (checkin.unit, checkin.door)]
    return any(checkin.may_be_of(each.from_utc - grace_s, each.until_utc + grace_s) for each in here)


def _of_revision(
    its_round: Round,
    until_utc: float,
    day: date,
    zone: ZoneInfo,
    found: Sequence[Checkin],
    heard: Heard,
    now: float,
) -> Iterator[tuple[int, StopSheet]]:
    """Stops whose window and grace ended while this revision was in force: up to `until_utc`."""
    tags = [each for each in found if each.sure and its_round.walked_by(each.by)]
    visits = [Visit(each.unit, each.door, _local(zone, each.at_utc), tag) for tag, each in enumerate(tags)]
    around = [due for off in (-1, 0, 1) for due in reckoning.dues(its_round, day + timedelta(days=off))]
    for one in reckoning.walk(around, visits, its_round.grace_s, ordered=its_round.ordered):
        over_utc = _utc(zone, one.due.ends) + its_round.grace_s
        if one.due.day == day.isoformat() and its_round.iat < over_utc <= until_utc:
            yield one.due.place, _stop(its_round, one, zone, tags, heard, over_utc, now)


def _stop(
    its_round: Round,
    one: Done,
    zone: ZoneInfo,
    tags: Sequence[Checkin],
    heard: Heard,
    over_utc: float,
    now: float,
) -> StopSheet:
    due = one.due
    if one.visit is not None:
        state = StopState.DONE
    elif now < over_utc:
        state = StopState.AWAITED
    else:
        since, until = heard.get(due.unit, (0.0, 0.0))
        whole = since <= _utc(zone, due.begins) and over_utc <= until
        state = StopState.MISSED if whole else StopState.UNHEARD
    return StopSheet(
        due.unit,
        due.door,
        its_round.stops[due.place].name or due.unit,
        _utc(zone, due.begins),
        _utc(zone, due.ends),
        state,
        None if one.timing is None else one.timing.value,
        None if one.visit is None else tags[one.visit.tag],
        tuple(tags[each.tag] for each in one.strays),
    )


def track(centre: OpenCentre, holder: str, day: date) -> list[Checkin]:
    """Where this holder checked in on the day, in the order of time; behind them those that may have been on it and nobody can place."""
    zone = centre.site.zone
    first = _utc(zone, reckoning.midnight(day))
    last = _utc(zone, reckoning.midnight(day + timedelta(days=1)))
    with centre.books.reading() as conn:
        return [each for each in checkins.of_span(conn, first, last) if each.by == holder]


def _heard(conn: Connection) -> Heard:
    """Up to a unit's newest fact, or to when it said that it has no backlog; from its first fact that `retain` has not taken out.

    By true times; where the newest fact has none nothing is heard by it, and where the first one has none, all from when `retain` ran.
    """
    times = Times()
    of_epoch = facts.c.epoch_id == epochs.c.id
    columns = (epochs.c.unit, epochs.c.epoch, facts.c.line)
    until: dict[str, float] = {}
    newest = select(*columns).select_from(facts.join(epochs, of_epoch & (facts.c.seq == epochs.c.seq)))
    for row in conn.execute(newest).all():
        time = times.of(conn, row.unit, row.epoch, row.line)
        until[row.unit] = max(until.get(row.unit, 0.0), time.utc if time.placed else 0.0)
    c = units_table.c
    for row in conn.execute(select(c.unit, c.status, c.heard_utc).where(c.status.is_not(None), c.online.is_(True))):
        if json.loads(row.status).get("backlog") == 0 and row.heard_utc is not None:
            until[row.unit] = max(until.get(row.unit, 0.0), row.heard_utc)
    since: dict[str, float] = {}
    kept = pruned.join(epochs, pruned.c.epoch_id == epochs.c.id).join(
        facts, of_epoch & (facts.c.seq == pruned.c.base + 1)
    )
    for oldest in conn.execute(select(*columns, pruned.c.pruned_utc).select_from(kept)).all():
        time = times.of(conn, oldest.unit, oldest.epoch, oldest.line)
        first = time.utc if time.placed else oldest.pruned_utc
        since[oldest.unit] = min(since.get(oldest.unit, first), first)
    return {unit: (since.get(unit, 0.0), at) for unit, at in until.items()}


def _local(zone: ZoneInfo, utc: float) -> float:
    """Local seconds (contract.rounds)."""
    return datetime.fromtimestamp(utc, zone).replace(tzinfo=UTC).timestamp()


def _utc(zone: ZoneInfo, local: float) -> float:
    return datetime.fromtimestamp(local, UTC).replace(tzinfo=zone).timestamp()
