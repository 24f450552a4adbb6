"""Entries in progress at keypads: how many keys so far. The digits stay at the reader's port (agent/keypad.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core.effects import ForgetKeys
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer


def begin(step: StepBuilder, reader: str, entry: TypedKeys) -> None:
    """What the person before was told gives way to it."""
    step.state = replace(step.state, answer=None)
    put(step, reader, entry)


def put(step: StepBuilder, reader: str, entry: TypedKeys) -> None:
    entries = {name: each for name, each in step.state.entries.items() if name != reader}
    step.state = replace(step.state, entries={**entries, reader: entry})


def newest(state: State) -> TypedKeys | None:
    """The entry that the last key belonged to."""
    return [*state.entries.values()][-1] if state.entries else None


def timers(state: State) -> Iterator[Timer]:
    for reader, entry in state.entries.items():
        yield entry.until, partial(drop, reader=reader)


def emptied(step: StepBuilder, reader: str, upto: float | None, *, star: bool = False) -> None:
    """What was pressed up to then counts no more: a card was shown, or this star cancelled something."""
    drop(step, reader)
    step.emit(ForgetKeys(reader, step.now.mono if upto is None else upto, star))


def drop(step: StepBuilder, reader: str) -> None:
    step.state = replace(
        step.state, entries={name: entry for name, entry in step.state.entries.items() if name != reader}
    )
