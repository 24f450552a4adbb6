"""Visitors' codes: good on one local day, once. The use is durable before the lock is asked (D10): a code never opens twice, whatever is cut off when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from agent.core import admission, door, limits, tries
from agent.core.access import closed_by_hours
from agent.core.door_actions import SignalData
from agent.core.effects import UsedVisitor, UseVisitorDay
from agent.core.events.door import VisitorEntered
from agent.core.local import local_time
from agent.core.plan import DoorPlan
from agent.core.state import State
from agent.core.state.people import VisitorUse
from agent.core.step_builder import StepBuilder
from agent.core.time import Now
from agent.core.timer import Timer
from agent.core.validity import Judgement, Limit, judge
from contract.commands import Mode
from contract.facts import AccessDenied, AccessGranted, Denial, Via, VisitorUsed
from contract.visitors import Visitors

_DAY_S = 86_400.0
_KEPT_DAYS = 30
"""Used codes stay in memory this much longer than their day: the centre may set its clock back, and ours with it."""


def entered(step: StepBuilder, plan: DoorPlan, event: VisitorEntered) -> None:
    """A code of another day is as wrong as any other: nobody learns that it is one."""
    reader, door_id = event.reader, plan.id
    if tries.locked_out(step, reader, door_id, Via.VISITOR):
        return
    if step.at(door_id).blind:
        step.say("not_loaded", limits.ANSWER_NO_S, "no", door=door_id)
        return
    if judge(Limit.VISITOR, step.now) is not Judgement.TIME:
        _deny(step, door_id, Denial.CLOCK, None)
        return
    if event.serial is None or event.day != _today(step.now):
        tries.wrong(step, reader, door_id, Via.VISITOR, Denial.UNKNOWN)
        return
    code = UsedVisitor(door_id, event.day, event.serial)
    if any(visit.code == code and not visit.given_up for visit in step.state.access.visits.values()):
        return  # entered again while the disk works
    reason = _against(step, code)
    if reason is not None:
        _deny(step, door_id, reason, code)
    elif code in step.state.access.owed:
        _let_in(step, reader, code)
    else:
        _use(step, reader, code)


def _against(step: StepBuilder, code: UsedVisitor) -> Denial | None:
    known, at = step.state.access, step.at(code.door)
    if code in known.visited and code not in known.owed:
        return Denial.USED
    if any(
        each.door == code.door and each.day == code.day and each.serial == code.serial
        for message in step.state.desired.of(Visitors)
        for each in message.revoked
    ):
        return Denial.EXPIRED
    if at.mode is Mode.LOCKDOWN and not at.latched:
        return Denial.LOCKDOWN
    hours = admission.hours_of(step.state, at)
    return Denial.HOURS if hours is not None and closed_by_hours(hours, step.now) else None


def _use(step: StepBuilder, reader: str, code: UsedVisitor) -> None:
    """First on the disk. Where that takes nothing, nobody is let in."""
    health = step.state.health
    if health.boot is None or health.storage != "ok":
        step.say("visitor.not_saved", limits.ANSWER_NO_S, "no", door=code.door)
        return
    fact = step.dated(VisitorUsed(code.door, code.day, code.serial))
    token = step.record((fact,), durable_by_mono=step.now.mono + limits.VISITOR_DURABLE_S, visitor=code)
    visit = VisitorUse(reader, code, step.now.mono + limits.VISITOR_DURABLE_S + limits.STORE_SLACK_S)
    _put(step, token, visit)


def recorded(step: StepBuilder, token: int) -> None:
    visit = step.state.access.visits.get(token)
    if visit is None:
        return
    _put(step, token, None)
    known = step.state.access
    step.state = replace(step.state, access=replace(known, visited=known.visited | {visit.code}))
    _owe(step, visit.code)  # written down, and nobody came in by it yet
    if visit.given_up:
        return
    if step.now.mono > visit.give_up:  # we were stopped: whoever typed it stands there no more
        step.say("visitor.not_saved", limits.ANSWER_NO_S, "no", door=visit.code.door)
        return
    if _against(step, visit.code) is Denial.LOCKDOWN:
        _deny(step, visit.code.door, Denial.LOCKDOWN, visit.code)
    else:
        _let_in(step, visit.reader, visit.code)


def refused(step: StepBuilder, token: int) -> None:
    """Not on the disk, and it will not be: the code is good as before."""
    visit = step.state.access.visits.get(token)
    if visit is not None:
        _put(step, token, None)
        if not visit.given_up:
            step.say("visitor.not_saved", limits.ANSWER_NO_S, "no", door=visit.code.door)


def store_opened(step: StepBuilder, used: Iterable[UsedVisitor]) -> None:
    known = step.state.access
    step.state = replace(step.state, access=replace(known, visited=known.visited | frozenset(used)))


def _let_in(step: StepBuilder, reader: str, code: UsedVisitor) -> None:
    known = step.state.access
    step.state = replace(step.state, access=replace(known, owed=known.owed - {code}))
    tries.right(step, reader)
    step.fact(AccessGranted(code.door, None, Via.VISITOR, visitor=f"{code.day}/{code.serial}"))
    pulse_s = step.at(code.door).plan.pulse_s
    door.let_in(step, code.door, SignalData(pulse_s, via=str(Via.VISITOR), says="granted", visitor=code))


def _deny(step: StepBuilder, door_id: str, reason: Denial, code: UsedVisitor | None) -> None:
    named = None if code is None else f"{code.day}/{code.serial}"
    step.fact(AccessDenied(door_id, None, Via.VISITOR, reason, visitor=named))
    admission.refuse(step, door_id, Via.VISITOR, reason)


# --- time


def timers(state: State) -> Iterator[Timer]:
    """The local day whose codes are looked for; and uses of which the disk says nothing."""
    now = state.now
    if judge(Limit.VISITOR, now) is Judgement.TIME:
        if state.access.visitor_day != _today(now):
            yield now.mono, _new_day
        else:
            yield now.mono + _DAY_S - (now.utc + now.offset_s) % _DAY_S + 0.001, None
    for token, visit in state.access.visits.items():
        if not visit.given_up:
            yield visit.give_up, partial(_give_up, token=token)


def _new_day(step: StepBuilder) -> None:
    day = _today(step.now)
    oldest = (date.fromisoformat(day) - timedelta(days=_KEPT_DAYS)).isoformat() if day > "1970-03" else ""
    known = step.state.access
    left = frozenset(code for code in known.visited if code.day >= oldest)
    step.state = replace(step.state, access=replace(known, visitor_day=day, visited=left, owed=known.owed & left))
    step.emit(UseVisitorDay(day))


def _give_up(step: StepBuilder, token: int) -> None:
    """A disk that hangs. Where it writes the use down after all, the code is still good for the one entry nobody had."""
    visit = step.state.access.visits[token]
    _put(step, token, replace(visit, given_up=True))
    step.say("visitor.not_saved", limits.ANSWER_NO_S, "no", door=visit.code.door)


def _today(now: Now) -> str:
    return local_time(now).date().isoformat()


def _owe(step: StepBuilder, code: UsedVisitor) -> None:
    known = step.state.access
    step.state = replace(step.state, access=replace(known, owed=known.owed | {code}))


def _put(step: StepBuilder, token: int, visit: VisitorUse | None) -> None:
    others = {name: each for name, each in step.state.access.visits.items() if name != token}
    known = others if visit is None else {**others, token: visit}
    step.state = replace(step.state, access=replace(step.state.access, visits=known))
