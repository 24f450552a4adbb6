"""Patrol check-ins: durable before the person is told (D10), a bounced tag within a minute counts once. What it is for, of patrol rounds, `rounds.py` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from agent.core import access, limits, rounds, unlocking
from agent.core.events.store import StoreOpened
from agent.core.local import hh_mm
from agent.core.marks import CheckedIn, RoundMarks
from agent.core.state import State
from agent.core.state.people import CheckIn
from agent.core.state.rounds import SeenVisit
from agent.core.step_builder import StepBuilder
from agent.core.time import Now, Trust
from agent.core.timer import Timer
from contract.facts import PatrolCheckin, PatrolNotSaved, PatrolUntold, Timing
from contract.messages import Holder, Role


def of(entries: Sequence[Holder], now: Now, allows: frozenset[str]) -> str | None:
    """The holder who checks in with this card: any patrol entry that holds now, whichever doors it opens."""
    for entry in entries:
        if entry.role is Role.PATROL and access.valid_in_time(entry, now, allows) is None:
            return entry.id
    return None


def take(step: StepBuilder, door_id: str, holder: str) -> None:
    """Ask the store to make the check-in durable; the screen answers when it has."""
    known = step.state.access
    earlier = known.checkins.get((holder, door_id))
    if earlier is not None and step.now.mono - earlier.at < limits.CHECKIN_REPEAT_S:
        if earlier.token is None:
            _tell(step, door_id, earlier)
        return
    if step.state.health.storage == "hung":
        step.say("checkin.not_saved", limits.ANSWER_NO_S, "no", door=door_id)
        return
    stop = rounds.tapped(step.state, door_id, holder)
    made = PatrolCheckin(None, door_id, holder)
    if stop is not None:
        made = PatrolCheckin(stop.round, door_id, holder, Timing(stop.timing))
    mark = CheckedIn(door_id, holder, step.now.utc)
    visit = rounds.visit_of(door_id, holder, step.now, step.now.utc)
    durable_by = step.now.mono + limits.CHECKIN_DURABLE_S
    marks = RoundMarks(visit=visit)
    token = step.record((step.dated(made),), durable_by_mono=durable_by, checkin=mark, rounds=marks)
    taken = CheckIn(step.now.mono, step.now.utc, token, stop, visit.timed)
    recent = {k: c for k, c in known.checkins.items() if c.token or step.now.mono - c.at < limits.CHECKIN_REPEAT_S}
    _keep(step, {**recent, (holder, door_id): taken})


def recorded(step: StepBuilder, token: int) -> None:
    for key, taken in step.state.access.checkins.items():
        if taken.token == token:
            saved = replace(taken, token=None)
            _keep(step, {**step.state.access.checkins, key: saved})
            reported_checkins = (*step.state.access.reported_checkins, CheckedIn(key[1], key[0], taken.utc))
            step.state = replace(step.state, access=replace(step.state.access, reported_checkins=reported_checkins))
            _tell(step, key[1], saved)
            rounds.saved(step, SeenVisit(key[1], key[0], taken.utc if taken.timed else None, taken.at))
            return


def refused(step: StepBuilder, token: int) -> None:
    """Not saved: the person is told, and the next tap tries again."""
    for key, taken in step.state.access.checkins.items():
        if taken.token == token:
            _forget(step, key)
            return


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    """The run before ended between the commit and the sure word: what the person was told, if anything, is not known."""
    for left in event.unreported_checkins:
        fact = step.dated(PatrolUntold(left.stop, left.by, left.utc))
        step.record((fact,), reported_checkins=(left,))


def timers(state: State) -> Iterator[Timer]:
    for key, taken in state.access.checkins.items():
        if taken.token is not None:
            yield taken.at + limits.CHECKIN_DURABLE_S + limits.STORE_SLACK_S, partial(_give_up, key=key)


def _give_up(step: StepBuilder, key: tuple[str, str]) -> None:
    """A store that does not answer at all has not saved it; where it does so after all, the fact behind it says what the person was told."""
    holder, door_id = key
    utc = step.state.access.checkins[key].utc
    _forget(step, key)
    fact, mark = PatrolNotSaved(door_id, holder, utc), CheckedIn(door_id, holder, utc)
    marks = RoundMarks(not_visit=rounds.visit_of(door_id, holder, step.now, utc))
    step.record((step.dated(fact),), reported_checkins=(mark,), rounds=marks)


def _tell(step: StepBuilder, door_id: str, taken: CheckIn) -> None:
    time = "" if step.now.clock is Trust.UNKNOWN else hh_mm(step.now, taken.utc)
    key, stop, fields = "checkin.saved", taken.stop, {"time": time}
    if stop is not None and stop.off and stop.timing == Timing.EARLY:
        key, fields = "checkin.early", {**fields, "begins": stop.begins, "ends": stop.ends}
    elif stop is not None and stop.off and stop.next:
        key, fields = "checkin.late_next", {**fields, "next": stop.next, "from": stop.next_from}
    elif stop is not None and stop.off:
        key, fields = "checkin.late", {**fields, "begins": stop.begins, "ends": stop.ends}
    elif stop is not None and stop.does and stop.timing == Timing.OUT_OF_ORDER:
        key = "checkin.out_of_order"
    elif stop is not None and stop.next:
        key, fields = "checkin.next", {**fields, "next": stop.next, "from": stop.next_from}
    said = step.state.answer
    if said is not None and said.key == unlocking.SHUT and said.door == door_id:
        key = "checkin.shut"  # both are told, whichever was known first
    step.say(key, limits.ANSWER_CHECKIN_S, "no" if key == "checkin.shut" else "yes", door=door_id, **fields)


def _forget(step: StepBuilder, key: tuple[str, str]) -> None:
    _keep(step, {k: c for k, c in step.state.access.checkins.items() if k != key})
    step.say("checkin.not_saved", limits.ANSWER_NO_S, "no", door=key[1])


def _keep(step: StepBuilder, checkins: Mapping[tuple[str, str], CheckIn]) -> None:
    step.state = replace(step.state, access=replace(step.state.access, checkins=checkins))
