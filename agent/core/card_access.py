"""A card at a reader: the decision, the lock, the fact and the answer on the screen. Never waits for the disk (D6, D7), and never late (D12)."""

from __future__ import annotations

from dataclasses import replace

from agent.core import access, checkin, door, late, limits
from agent.core.door_actions import SignalData
from agent.core.events.door import CardRead
from agent.core.step_builder import StepBuilder
from contract.commands import Mode
from contract.facts import AccessDenied, AccessGranted, Denial, Via

FIRE_RESET_FLAG = "fire_reset"


def card(step: StepBuilder, event: CardRead) -> None:
    plan = step.door_of_reader(event.reader)
    if plan is None or _same_tap(step, event):
        return
    if late.dropped(step, event):
        step.say("late", limits.ANSWER_NO_S, "no", door=plan.id)
        return
    at = step.door(plan.id)
    known = step.state.access
    if at is None:
        return
    entries = tuple(entry for key in event.hashes for entry in known.by_key.get(key, ()))
    mode = Mode.NORMAL if at.latched else at.mode
    decision = access.decide(entries, plan, mode, step.now, step.state.plan.unknown_clock_allows)
    if at.blind or (not decision.granted and not known.loaded):
        decision = replace(decision, granted=False, reason=decision.reason or Denial.UNKNOWN, rule="not_loaded")
    patrol = checkin.of(entries, step.now, step.state.plan.unknown_clock_allows)
    if decision.granted:
        within = limits.CARD_DEADLINE_S - late.age(step, event)
        step.fact(AccessGranted(plan.id, decision.holder, Via.CARD))
        door.signal(
            step,
            plan.id,
            door.Signal.GRANT,
            SignalData(seconds=decision.unlock_s, who=decision.holder, within_s=within),
        )
    elif patrol is None or decision.reason is not Denial.DOOR:
        step.fact(AccessDenied(plan.id, decision.holder, Via.CARD, decision.reason or Denial.UNKNOWN))
    if patrol is not None:
        checkin.take(step, plan.id, patrol)
    elif decision.granted:
        step.say("granted", limits.ANSWER_YES_S, "yes", door=plan.id)
    else:
        key = "not_loaded" if decision.rule == "not_loaded" else f"denied.{decision.reason}"
        step.say(key, limits.ANSWER_NO_S, "no", door=plan.id)
    if decision.granted and FIRE_RESET_FLAG in decision.flags and door.latched(step):
        _reset(step, plan.id, decision.holder)


def _reset(step: StepBuilder, door_id: str, holder: str | None) -> None:
    if door.reset_fire(step, holder, "card"):
        step.say("fire_reset", limits.ANSWER_CHECKIN_S, "yes", door=door_id)
    else:
        step.say("fire_still_on", limits.ANSWER_NO_S, "no", door=door_id)


def _same_tap(step: StepBuilder, event: CardRead) -> bool:
    """Readers repeat a card while it lies there: one tap, as long as the gaps are short."""
    known, now = step.state.access, step.now.mono
    last = known.last.get(event.reader)
    step.state = replace(step.state, access=replace(known, last={**known.last, event.reader: (event.hashes, now)}))
    return last is not None and last[0] == event.hashes and now - last[1] < limits.CARD_REPEAT_S
