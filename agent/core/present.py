"""Who stands at the readers of a door: whoever passed at one of them by card or PIN within the last seconds. Reports, services, ratings and polls ask it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from agent.core import limits, questions
from agent.core.state import State
from agent.core.state.people import Present
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.messages import Holder


def passed(step: StepBuilder, reader: str, holder: str, entries: Sequence[Holder]) -> None:
    """`holder` passed, or checked in on patrol, by one of these entries. The first says role and room, all of theirs the flags."""
    own = [entry for entry in entries if entry.id == holder]
    if not own:
        return
    room = next((entry.room for entry in own if entry.room is not None), None)
    flags = frozenset().union(*(entry.flags for entry in own))
    until = step.now.mono + limits.PRESENT_S
    there = Present(holder, own[0].role, room, flags, until)
    for each in step.beside(reader):
        _put(step, each, there)
    questions.tapped(step, reader, there)


def who(state: State, reader: str) -> Present | None:
    """Who stands there now; None: nobody that is known."""
    found = state.access.present.get(reader)
    return found if found is not None and found.until > state.now.mono else None


def stays(step: StepBuilder, reader: str) -> None:
    """They pressed a key: they are still there."""
    found = who(step.state, reader)
    if found is not None:
        for each in step.beside(reader):
            _put(step, each, replace(found, until=step.now.mono + limits.PRESENT_S))


def left(step: StepBuilder, reader: str) -> None:
    """Somebody else acts there now: what was asked of whoever stood there is asked no more."""
    for each in step.beside(reader):
        questions.end(step, each)
        _gone(step, each)


def timers(state: State) -> Iterator[Timer]:
    for reader, present in state.access.present.items():
        yield present.until, partial(_gone, reader=reader)


def _gone(step: StepBuilder, reader: str) -> None:
    if reader in step.state.access.present:
        _put(step, reader, None)


def _put(step: StepBuilder, reader: str, present: Present | None) -> None:
    others = {name: each for name, each in step.state.access.present.items() if name != reader}
    known = others if present is None else {**others, reader: present}
    step.state = replace(step.state, access=replace(step.state.access, present=known))
