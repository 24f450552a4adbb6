"""Letting somebody in, or not, by card or PIN: the decision, and what follows from it for the lock, the record, the screen and who stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.core import access, care, checkin, door, limits, present
from agent.core.access import Decision
from agent.core.door_actions import SignalData
from agent.core.plan import DoorPlan
from agent.core.state import State
from agent.core.state.door import Door, Phase
from agent.core.step_builder import StepBuilder
from contract.commands import Mode
from contract.facts import AccessDenied, AccessDuress, AccessGranted, Denial, Via
from contract.frozen import frozen
from contract.hours import Hours
from contract.messages import Holder


@frozen
class Claim:
    """Who asks to be let in: at which reader and door, by what, with which entries, and within how many seconds the unlock has to be on the wire."""

    reader: str
    plan: DoorPlan
    via: Via
    entries: tuple[Holder, ...]
    within_s: float


def judge(step: StepBuilder, at: Door, plan: DoorPlan, entries: Sequence[Holder]) -> Decision:
    """As access.decide, in the door's hours; and no while holders are not loaded, or the lock was not read yet."""
    mode = Mode.NORMAL if at.latched else at.mode
    hours = hours_of(step.state, at)
    decision = access.decide(entries, plan, mode, step.now, step.state.plan.unknown_clock_allows, hours)
    if not step.state.access.loaded and mode is Mode.LOCKDOWN:
        return replace(decision, granted=False, reason=Denial.LOCKDOWN, rule="lockdown")
    if at.blind or (not decision.granted and not step.state.access.loaded):
        return replace(decision, granted=False, reason=decision.reason or Denial.UNKNOWN, rule="not_loaded")
    return decision


def hours_of(state: State, at: Door) -> Hours | None:
    """The door's own hours, where they count now: a door that is held open, released or locked down has none."""
    times = state.times.get(at.id)
    return None if times is None or at.phase is not Phase.NORMAL else times.hours


def patrol_of(step: StepBuilder, entries: Sequence[Holder]) -> str | None:
    """The holder who checks in with these entries."""
    return checkin.of(entries, step.now, step.state.plan.unknown_clock_allows)


def admit(step: StepBuilder, claim: Claim, decision: Decision, *, duress: bool = False) -> None:
    """Carry the decision out. `duress`: in nothing that can be seen or heard at the door is it another than a plain yes."""
    plan, holder = claim.plan, decision.holder
    care.passed(step, plan.id, claim.entries, str(claim.via))
    patrol = patrol_of(step, claim.entries)
    if decision.granted:
        step.fact((AccessDuress if duress else AccessGranted)(plan.id, holder, claim.via))
        says = "granted" if patrol is None else ""
        cue = SignalData(decision.unlock_s, who=holder, via=str(claim.via), within_s=claim.within_s, says=says)
        door.let_in(step, plan.id, cue)
    elif patrol is None or decision.reason is not Denial.DOOR:
        step.fact(AccessDenied(plan.id, holder, claim.via, decision.reason or Denial.UNKNOWN))
    passed = holder if decision.granted and patrol is None else patrol
    if passed is not None:
        present.passed(step, claim.reader, passed, claim.entries)
    if patrol is not None:
        checkin.take(step, plan.id, patrol)
    elif decision.granted:
        pass  # told by what the lock does
    elif decision.rule == "not_loaded":
        step.say("not_loaded", limits.ANSWER_NO_S, "no", door=plan.id)
    else:
        refuse(step, plan.id, claim.via, decision.reason or Denial.UNKNOWN)


def refuse(step: StepBuilder, door_id: str, via: Via, reason: Denial) -> None:
    """Tell a no: of a card in the card's words, of a PIN or a visitor's code in a code's."""
    key = f"denied.{reason}" if via is Via.CARD else f"denied.code.{reason}"
    step.say(key, limits.ANSWER_NO_S, "no", door=door_id)
