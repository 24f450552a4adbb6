"""What comes of an entry at a keypad: each sort goes to its owner. The digits stay at the reader's port (agent/keypad.py)."""

from __future__ import annotations

from agent.core import entry, helping, late, limits, panel, pin, present, questions, reporting, visitors
from agent.core.effects import SoundTone
from agent.core.events.door import (
    Approached,
    BadEntry,
    Cancelled,
    Chosen,
    CodeEntered,
    Confirmed,
    KeypadEvent,
    PinEntered,
    Typed,
    VisitorEntered,
)
from agent.core.state.people import TypedKeys
from agent.core.step_builder import StepBuilder
from contract.facts import HelpVia


def take(step: StepBuilder, event: KeypadEvent) -> None:
    """A key, or what an entry ended as. One that is too old to count ends it: a code with a hole in it is none (rule D12)."""
    plan = step.door_of_reader(event.reader)
    if plan is None:
        return
    if late.dropped(step, event):
        entry.drop(step, event.reader)
        return
    if isinstance(event, Approached):
        _approached(step, event.reader)
        return
    step.emit(SoundTone(plan.id, "key"))  # the same for every key, whatever becomes of it
    present.stays(step, event.reader)
    if isinstance(event, Typed):
        _typed(step, plan.id, event)
        return
    card = step.state.entries.get(event.reader, TypedKeys()).card
    for reader in (event.reader, *step.beside(event.reader)):
        if reader == event.reader or (card and step.state.entries.get(reader, TypedKeys()).card == card):
            entry.drop(step, reader)
    if isinstance(event, PinEntered | VisitorEntered):
        present.left(step, event.reader)
    match event:
        case PinEntered():
            pin.entered(step, plan, event, card)
        case VisitorEntered():
            visitors.entered(step, plan, event)
        case _:
            _said(step, plan.id, event, card=bool(card))


def _said(step: StepBuilder, door_id: str, event: KeypadEvent, *, card: bool) -> None:
    """A report, or an answer to what is asked. `card`: its PIN was waited for."""
    match event:
        case CodeEntered(code=helping.CODE):
            helping.called(step, HelpVia.KEY, door_id)
        case CodeEntered():
            reporting.code(step, door_id, event)
        case Chosen():
            questions.chosen(step, door_id, event)
        case Confirmed():
            reporting.send(step, door_id, event.reader)
        case Cancelled():
            _cancelled(step, door_id, event.reader)
        case BadEntry():
            reporting.drop(step, event.reader)
            step.say("entry.card_pin" if card else "entry.bad", limits.ANSWER_NO_S, "no", door=door_id)
        case _:
            pass


def _cancelled(step: StepBuilder, door_id: str, reader: str) -> bool:
    """A star: what was typed is not sent, what is asked is not answered; whether there was any of that."""
    told = reporting.cancel(step, door_id, reader)
    return questions.declined(step, reader) or told


def _approached(step: StepBuilder, reader: str) -> None:
    """A page to type on, unless something is on the screens that goes before it. It ends what the person before was told; a call for
    help or a question goes on behind it.
    """
    if panel.overlay_kind(step.state) not in {"fire", "emergency", "entry"}:
        entry.begin(step, reader, TypedKeys(until=step.now.mono + limits.ENTRY_S))


def _typed(step: StepBuilder, door_id: str, event: Typed) -> None:
    """The first key of an entry ends what the person before was told."""
    reader, until = event.reader, step.now.mono + limits.ENTRY_S
    known = step.state.entries.get(reader, TypedKeys())
    starred = event.starred and (event.count == 0 or known.starred)
    count = max(0, min(event.count, limits.ENTRY_KEYS))
    typed = TypedKeys(until=until, count=count, starred=starred, card=known.card)
    if event.count == 0 and not starred:
        entry.drop(step, reader)
    elif event.count + starred == 1:
        entry.begin(step, reader, typed)
        questions.began(step, reader)
        if starred and _cancelled(step, door_id, reader):
            entry.emptied(step, reader, event.not_before_mono, star=True)
    else:
        entry.put(step, reader, typed)
