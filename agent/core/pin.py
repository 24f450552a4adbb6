"""A PIN at a reader: after a room number, or after the card of somebody whose card is good only with it.

It comes as keyed hashes. A wrong one, one of nobody and one that lacks its card look the same; a duress PIN looks like the right one.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.core import admission, entry, late, limits, tries
from agent.core.admission import Claim
from agent.core.effects import ExpectPin
from agent.core.events.door import PinEntered
from agent.core.plan import DoorPlan
from agent.core.state.people import TypedKeys
from agent.core.step_builder import StepBuilder
from contract.facts import AccessDenied, Denial, Via
from contract.messages import Holder


def ask(step: StepBuilder, reader: str, door_id: str, entries: Sequence[Holder]) -> None:
    """A card that is good only with its PIN: that is waited for at the keypads of the door."""
    if tries.locked_out(step, reader, door_id, Via.PIN):
        return
    until = step.now.mono + limits.ENTRY_S
    owners = tuple(dict.fromkeys(each.room or each.id for each in entries))
    for each in step.beside(reader):
        entry.begin(step, each, TypedKeys(until=until, card=frozenset(holder.id for holder in entries)))
        step.emit(ExpectPin(each, owners, until))


def missing(step: StepBuilder, door_id: str, entries: Sequence[Holder]) -> None:
    """Such a card, and nobody made its PIN yet: whatever is typed, it never opens."""
    step.fact(AccessDenied(door_id, entries[0].id, Via.CARD, Denial.PIN))
    step.say("denied.no_pin", limits.ANSWER_NO_S, "no", door=door_id)


def entered(step: StepBuilder, plan: DoorPlan, event: PinEntered, card: frozenset[str]) -> None:
    """`card`: the holders whose card was shown just before."""
    reader, known = event.reader, step.state.access
    at = step.at(plan.id)
    if tries.locked_out(step, reader, plan.id, Via.PIN):
        return
    if at.blind or not known.loaded:
        step.say("not_loaded", limits.ANSWER_NO_S, "no", door=plan.id)
        return
    found = tuple(each for key in event.hashes for each in known.by_pin.get(key, ()))
    shown = tuple(each for each in found if each.id in card)
    entries = shown or tuple(each for each in found if not each.pin_required)
    if not entries:
        tries.wrong(step, reader, plan.id, Via.PIN, Denial.PIN, card=bool(card))
        return
    decision = admission.judge(step, at, plan, entries)
    hashes = frozenset(event.hashes)
    forced = any(each.duress in hashes for each in entries if each.id == decision.holder)
    if decision.granted:
        tries.right(step, reader)
    claim = Claim(reader, plan, Via.PIN, entries, limits.CARD_DEADLINE_S - late.age(step, event))
    admission.admit(step, claim, decision, duress=forced)
