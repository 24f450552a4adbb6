"""A card at a reader: the decision, the lock, the fact and the answer on the screen. Never waits for the disk (D6, D7), and never late (D12)."""

from __future__ import annotations

from dataclasses import replace

from agent.core import admission, card_reading, door, entry, late, limits, pin, present
from agent.core.admission import Claim
from agent.core.events.door import CardRead
from agent.core.step_builder import StepBuilder
from contract.facts import Via

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
    if at is None or card_reading.taken(step, event):
        return
    present.left(step, event.reader)
    for each in step.beside(event.reader):
        entry.emptied(step, each, event.not_before_mono)
    entries = tuple(entry for key in event.hashes for entry in known.by_key.get(key, ()))
    alone = tuple(entry for entry in entries if not entry.pin_required)
    decision = admission.judge(step, at, plan, alone or entries)
    if len(alone) < len(entries) and (not alone or not decision.granted):
        both = admission.judge(step, at, plan, entries)
        if both.granted or (not alone and admission.patrol_of(step, entries) is not None):
            if any(entry.pin or entry.duress for entry in entries):
                pin.ask(step, event.reader, plan.id, entries)
            else:
                pin.missing(step, plan.id, entries)
            return
        decision = both
    claim = Claim(event.reader, plan, Via.CARD, alone or entries, limits.CARD_DEADLINE_S - late.age(step, event))
    admission.admit(step, claim, decision)
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
