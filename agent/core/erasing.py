"""Removing what is kept of a holder beside the journal, by a signed `erase`: here at once, on the disk by the store, whose word ends the command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import care, command_progress, limits, meters
from agent.core.command_progress import About
from agent.core.effects import EraseHolder
from agent.core.state import State
from agent.core.state.commands import Erasing
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.commands import Erase, Reason

STILL_NAMED = "a roster still names them"


def named(state: State, holder: str) -> bool:
    """Whether a roster in force still has them: then their card opens, and has to be known."""
    access = state.access
    return any(
        entry.id == holder for table in (access.by_key, access.by_pin) for each in table.values() for entry in each
    )


def begin(step: StepBuilder, about: About, holder: str) -> None:
    token, due = step.number(), step.now.mono + limits.ERASE_S
    one = Erasing(about.id, about.actor or "", about.door, holder, due)
    erasing = {**step.state.commands.erasing, token: one}
    step.state = replace(step.state, commands=replace(step.state.commands, erasing=erasing))
    _forget(step, holder)
    step.emit(EraseHolder(token, holder))


def over(step: StepBuilder, token: int, why: str) -> None:
    """The store's word: nothing is left, or `why` there still is."""
    erasing = step.state.commands.erasing
    one = erasing.get(token)
    if one is None:
        return
    rest = {number: each for number, each in erasing.items() if number != token}
    step.state = replace(step.state, commands=replace(step.state.commands, erasing=rest))
    if why:
        reason = Reason.DEVICE if why == STILL_NAMED else Reason.STORAGE
        command_progress.fail(step, About(one.id, Erase.TAG, one.actor, one.door), reason, why)
    else:
        command_progress.done(step, one.id, Erase.TAG, one.actor, one.door)


def _forget(step: StepBuilder, holder: str) -> None:
    """In memory: who stands there, what they typed, which card was shown last. A check-in on its way to the disk is let through."""
    access, asking = step.state.access, step.state.asking
    present = {reader: each for reader, each in access.present.items() if each.holder != holder}
    checkins = {key: each for key, each in access.checkins.items() if key[0] != holder or each.token is not None}
    drafts = {reader: each for reader, each in asking.drafts.items() if each.by != holder}
    questions = {reader: each for reader, each in asking.questions.items() if each.by != holder}
    entries = {reader: each for reader, each in step.state.entries.items() if holder not in each.card}
    step.state = replace(
        step.state,
        access=replace(access, last={}, present=present, checkins=checkins),
        asking=replace(asking, drafts=drafts, questions=questions),
        entries=entries,
    )
    meters.forget(step, holder)
    care.erased(step, holder)


def timers(state: State) -> Iterator[Timer]:
    for token, one in state.commands.erasing.items():
        yield one.give_up, partial(over, token=token, why="no answer")
