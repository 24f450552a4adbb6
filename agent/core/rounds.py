"""Patrol rounds at this unit: what a check-in is for, which stop comes next, which stops nobody came to.

A unit knows its own stops and the check-ins here, nothing of other units' stops. Each round counts for itself: a check-in may do
a stop of several. Times are the wall clock's, by a clock that the centre has set; without one nothing is said, and the centre reckons later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits
from agent.core.events.store import StoreOpened
from agent.core.marks import PatrolVisit, RoundMarks, ToldStop
from agent.core.state import State
from agent.core.state.rounds import SeenVisit, StopTap
from agent.core.step_builder import StepBuilder
from agent.core.time import Now
from agent.core.timer import Timer
from contract import rounds as reckoning
from contract.facts import Fact, PatrolCompleted, PatrolMissed
from contract.rounds import DAY_S, Done, DueStop, Round, Spot, Visit


def knows(now: Now) -> bool:
    """The time is the centre's: set by it, or running on from that in this run, however long."""
    return now.trusted or now.runs_on


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    known = step.state.rounds
    earlier = tuple(SeenVisit(each.door, each.by, each.utc, step.now.mono) for each in event.visits if each.timed)
    step.state = replace(
        step.state,
        rounds=replace(
            known,
            ready=True,
            began=step.now.mono,
            visits=(*earlier, *known.visits),
            told=known.told | frozenset(event.told_stops),
            untimed=frozenset(each.door for each in event.visits if not each.timed),
        ),
    )
    anew(step)


def anew(step: StepBuilder) -> None:
    """Rounds, the clock or the timezone have changed: what is due is worked out again."""
    step.state = replace(step.state, rounds=replace(step.state.rounds, look_at=step.now.mono))


# --- a check-in


def tapped(state: State, door: str, holder: str) -> StopTap | None:
    """What a check-in of now is for; None for none, or where the clock cannot tell.

    Of several rounds the one whose stop it does is told, then the one whose window ends first.
    """
    if not knows(state.now):
        return None
    at = _local(state.now, state.now.utc)
    found = []
    visits = _visits(state)
    for each in _rounds(state):
        if each.walked_by(holder):
            here = _around(state, each, at)
            done = frozenset(one.due.spot for one in _walked(visits, each, here) if one.visit is not None)
            chosen = reckoning.pick([due for due in here if due.door == door], done, at, each.grace_s)
            if chosen is not None:
                found.append((not chosen[1], not reckoning.does(chosen[0], at, each.grace_s), chosen, each, here, done))
    if not found:
        return None
    nearest = min(found, key=lambda one: (*one[:2], one[2][0].ends, one[3].id))
    (due, does), its_round, here, done = nearest[2], nearest[3], nearest[4], nearest[5]
    timing = reckoning.timing(here, done, due, at, its_round.grace_s, ordered=its_round.ordered)
    following = _following(its_round, due, done, at)
    begins, ends = _hh_mm(due.begins), _hh_mm(due.ends)
    off = not reckoning.does(due, at, its_round.grace_s)
    if following is None:
        return StopTap(its_round.id, timing.value, does, begins, ends, off=off)
    name = its_round.stops[following.place].name or following.unit
    later = _hh_mm(following.begins) if following.begins > at else ""
    return StopTap(its_round.id, timing.value, does, begins, ends, name, later, off)


def _following(its_round: Round, due: DueStop, done: frozenset[Spot], at: float) -> DueStop | None:
    """The stop to go to now: the next of an ordered round; of a free one what is open or opens first, in the order of its list from here."""
    day = reckoning.dues(its_round, reckoning.day_of(due.midnight))
    left = [
        each for each in day if at < each.ends + its_round.grace_s and each.spot not in done and each.place != due.place
    ]
    if its_round.ordered:
        return next((each for each in left if each.place > due.place), None)
    left = [each for each in left if (each.unit, each.door) != (due.unit, due.door) or each.begins > at]
    return min(left, key=lambda each: (max(each.begins, at), (each.place - due.place) % len(day)), default=None)


def saved(step: StepBuilder, visit: SeenVisit) -> None:
    """A check-in is on disk: it counts. Where it was the last stop of a round that is all this unit's, that is told."""
    known = step.state.rounds
    since = step.now.mono - limits.VISITS_S
    lately = [each for each in known.visits if each.mono >= since][-limits.VISITS_MAX + 1 :]
    step.state = replace(step.state, rounds=replace(known, visits=(*lately, visit)))
    if knows(step.now):
        for each in _rounds(step.state):
            _completed(step, each, visit)


def _completed(step: StepBuilder, its_round: Round, visit: SeenVisit) -> None:
    unit = step.state.plan.unit
    if not its_round.walked_by(visit.by) or any(stop.unit != unit for stop in its_round.stops):
        return
    at = _local(step.now, _utc(step.now, visit))
    walked = _walked(_visits(step.state), its_round, _around(step.state, its_round, at))
    for day in {one.due.day for one in walked}:
        mark = ToldStop(_name(its_round), f"{day} completed")
        if mark not in step.state.rounds.told and all(one.visit for one in walked if one.due.day == day):
            _tell(step, (PatrolCompleted(its_round.id, day),), (mark,))


# --- what was missed


def timers(state: State) -> Iterator[Timer]:
    if state.rounds.ready and state.rounds.look_at is not None:
        yield state.rounds.look_at, _look


def _look(step: StepBuilder) -> None:
    """Tell what is surely over and was not done; of today and yesterday, for what is older the centre works out by itself."""
    now, known = step.now, step.state.rounds
    mine = [each for each in _rounds(step.state) if any(stop.unit == step.state.plan.unit for stop in each.stops)]
    step.state = replace(step.state, rounds=replace(known, look_at=now.mono + limits.ROUNDS_LOOK_S if mine else None))
    if not knows(now):
        return
    at = _local(now, now.utc)
    visits = _visits(step.state)
    facts: list[Fact] = []
    marks: list[ToldStop] = []
    for each in mine:
        today = reckoning.around(each, at, step.state.plan.unit, (-1, 0))
        for one in _walked(visits, each, today):
            due, over = one.due, one.due.ends + each.grace_s
            if one.visit is None and at < over:
                _look_by(step, now.mono + over - at + 0.001)
            mark = ToldStop(_name(each), due.key)
            if one.visit is None and at >= over and mark not in known.told and _ours_to_say(step.state, each, due):
                facts.append(PatrolMissed(each.id, due.door, _global(now, due.begins), _global(now, due.ends)))
                marks.append(mark)
    if facts:
        _tell(step, tuple(facts), tuple(marks))


def _look_by(step: StepBuilder, mono: float) -> None:
    known = step.state.rounds
    if known.look_at is None or mono < known.look_at:
        step.state = replace(step.state, rounds=replace(known, look_at=mono))


def _ours_to_say(state: State, its_round: Round, due: DueStop) -> bool:
    """Not of a window that was over when this was signed; nor where an earlier run may have seen who came, with no clock to say when."""
    now = state.now
    if _global(now, due.ends) + its_round.grace_s <= its_round.iat:
        return False
    began_utc = now.utc - (now.mono - state.rounds.began)
    return due.door not in state.rounds.untimed or _global(now, due.begins) - its_round.grace_s >= began_utc


def _tell(step: StepBuilder, facts: tuple[Fact, ...], marks: tuple[ToldStop, ...]) -> None:
    """With the marks in one transaction, so that each is told once over restarts."""
    known = step.state.rounds
    told = frozenset((*known.told, *marks))
    if len(told) > limits.TOLD_STOPS_MAX:
        told = frozenset(sorted(told, key=lambda each: each.key)[-limits.TOLD_STOPS_MAX :])
    step.state = replace(step.state, rounds=replace(known, told=told))
    step.record(tuple(map(step.dated, facts)), rounds=RoundMarks(told=marks))


def visit_of(door: str, holder: str, now: Now, utc: float) -> PatrolVisit:
    """What the journal keeps of a check-in."""
    return PatrolVisit(door, holder, utc, knows(now))


# --- reckoning


def _rounds(state: State) -> tuple[Round, ...]:
    return state.desired.of(Round)


def _name(its_round: Round) -> str:
    return f"{its_round.scope} {its_round.id}"


def _around(state: State, its_round: Round, at: float) -> tuple[DueStop, ...]:
    return reckoning.around(its_round, at, state.plan.unit)


def _visits(state: State) -> tuple[tuple[str, Visit], ...]:
    """Check-ins lately in local seconds, each with whose it is."""
    now, unit = state.now, state.plan.unit
    return tuple(
        (each.by, Visit(unit, each.door, _local(now, _utc(now, each)), tag))
        for tag, each in enumerate(state.rounds.visits)
    )


def _walked(visits: tuple[tuple[str, Visit], ...], its_round: Round, found: tuple[DueStop, ...]) -> tuple[Done, ...]:
    """Which of these stops were done, by the check-ins of who walks this round."""
    if not found:
        return ()
    first, last = min(each.begins for each in found) - DAY_S, max(each.ends for each in found) + DAY_S
    near = (visit for by, visit in visits if first <= visit.at < last and its_round.walked_by(by))
    return reckoning.walk(found, near, its_round.grace_s, ordered=its_round.ordered)


def _utc(now: Now, visit: SeenVisit) -> float:
    """When it was: as its clock said, or, where that was not set, counted back from a clock that is by now."""
    return visit.utc if visit.utc is not None else now.utc - (now.mono - visit.mono)


def _local(now: Now, utc: float) -> float:
    return utc + now.offset_s


def _global(now: Now, local: float) -> float:
    return local - now.offset_s


def _hh_mm(local: float) -> str:
    return reckoning.clock_text(int(local % DAY_S) // 60)
