"""A reader that waits for a card to be enrolled, by a signed `read_card`: the next one shown there opens nothing, and its sealed number answers the command.

Owns `Commands.card_wait` and `waited`. Whatever the door needs itself ends it: fire, a lockdown, a reader that is gone; and a centre that cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import care, command_progress, limits, present
from agent.core.command_progress import About
from agent.core.effects import ExpectCard, SoundTone
from agent.core.events.door import CardRead
from agent.core.plan import DoorPlan
from agent.core.state import State
from agent.core.state.commands import CardWait
from agent.core.state.door import Phase
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.commands import ReadCard, Reason
from contract.facts import Via

TONE = "card"
Why = tuple[Reason | None, str | None]


def able(state: State, order: ReadCard) -> Why:
    """Why it cannot be asked for now."""
    plan = _plan(state, order.reader)
    if plan is None or order.door not in {None, plan.id}:
        return Reason.DEVICE, "no such reader"
    against = _against(state, plan.id, order.reader)
    if against is not None:
        return against
    if state.commands.card_wait is not None:
        return Reason.BUSY, None
    if _waited_s(state, order.reader) > limits.CARD_WAIT_S:
        return Reason.RATE, None
    return None, None


def _plan(state: State, reader: str) -> DoorPlan | None:
    return next((plan for plan in state.plan.doors if reader in plan.card_readers), None)


def _against(state: State, door: str, reader: str) -> Why | None:
    """What goes before it at the door, or makes it useless."""
    if any(each.latched for each in state.doors):
        return Reason.FIRE, None
    if any(each.id == door and each.phase is Phase.LOCKDOWN for each in state.doors):
        return Reason.LOCKDOWN, None
    if state.health.lost(reader):
        return Reason.DEVICE, "reader lost"
    if state.stopping:
        return Reason.ABANDONED, "a stop came first"
    if not state.sync.link_up:
        return Reason.ABANDONED, "the link was lost"
    return None


def _waited_s(state: State, reader: str) -> float:
    """Of the last ten minutes."""
    since = state.now.mono - limits.CARD_WAITS_S
    return sum(max(0.0, end - max(begun, since)) for begun, end in state.commands.waited.get(reader, ()))


def begin(step: StepBuilder, about: About, order: ReadCard) -> None:
    """Its acceptance is durable. Something may have come between."""
    plan = _plan(step.state, order.reader)
    reason, detail = able(step.state, order)
    if plan is None or reason is not None:
        command_progress.fail(step, about, reason or Reason.DEVICE, detail)
        return
    now, until = step.now.mono, step.now.mono + order.seconds
    wait = CardWait(about.id, about.actor or "", order.reader, plan.id, now, until, now)
    _put(step, wait)
    step.emit(ExpectCard(order.reader, about.id, bytes.fromhex(order.seal_to), until))
    _sound(step)


def taken(step: StepBuilder, event: CardRead) -> bool:
    """True where this is the card that was waited for: then nothing is decided by it.

    One that may have been shown before the wait began is not: whoever showed it did not know.
    """
    wait, sealed = step.state.commands.card_wait, event.sealed
    if wait is None or sealed is None or (wait.reader, wait.id) != (event.reader, sealed.command):
        return False
    shown = step.now.mono if event.not_before_mono is None else event.not_before_mono
    if shown < wait.since or step.now.mono >= wait.until:
        return False
    _close(step)
    known = step.state.access.by_key
    entries = tuple(entry for key in event.hashes for entry in known.get(key, ()))
    care.passed(step, wait.door, entries, str(Via.CARD))
    present.left(step, event.reader)
    command_progress.done(step, wait.id, ReadCard.TAG, wait.actor, wait.door, sealed=sealed.sealed)
    step.say("read_card.read", limits.CARD_READ_TOLD_S, "none", check=sealed.check)
    step.emit(SoundTone(wait.door, TONE))
    return True


def timers(state: State) -> Iterator[Timer]:
    wait = state.commands.card_wait
    if wait is None:
        return
    against = _against(state, wait.door, wait.reader)
    if against is not None:
        yield state.now.mono, partial(_over, why=against)
    yield wait.until, partial(_over, why=(Reason.NO_CARD, None))
    yield wait.tone_at, _sound


def _over(step: StepBuilder, why: Why) -> None:
    wait, (reason, detail) = step.state.commands.card_wait, why
    assert wait is not None
    _close(step)
    command_progress.fail(step, About(wait.id, ReadCard.TAG, wait.actor, wait.door), reason or Reason.INTERNAL, detail)


def _sound(step: StepBuilder) -> None:
    wait = step.state.commands.card_wait
    assert wait is not None
    step.emit(SoundTone(wait.door, TONE))
    _put(step, replace(wait, tone_at=step.now.mono + limits.CARD_WAIT_TONE_S))


def _close(step: StepBuilder) -> None:
    """Cards are decided as ever from here on."""
    wait, commands = step.state.commands.card_wait, step.state.commands
    assert wait is not None
    since = step.now.mono - limits.CARD_WAITS_S
    mine = [span for span in commands.waited.get(wait.reader, ()) if span[1] > since]
    waited = {**commands.waited, wait.reader: (*mine, (wait.since, step.now.mono))}
    step.state = replace(step.state, commands=replace(commands, card_wait=None, waited=waited))
    step.emit(ExpectCard(wait.reader, "", b"", 0.0))


def _put(step: StepBuilder, wait: CardWait) -> None:
    step.state = replace(step.state, commands=replace(step.state.commands, card_wait=wait))
