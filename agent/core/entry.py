"""Keys pressed at a reader, collected until `#`, `*` or ten seconds of silence. What a whole entry means is not decided here.

The keys are nobody's to see: not in a fact, not on a screen, not in a repr; the record keeps only how many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import late, limits
from agent.core.events.door import KeyPressed
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer

CLEAR, DONE = "*", "#"


def key(step: StepBuilder, event: KeyPressed) -> None:
    """`*` clears what this reader has collected, `#` ends it; a digit is added."""
    if step.door_of_reader(event.reader) is None:
        return
    if late.dropped(step, event):
        _drop(step, event.reader)  # a code with a hole in it is none
    elif event.key in {CLEAR, DONE}:
        _drop(step, event.reader)
    elif len(event.key) == 1 and event.key in "0123456789":
        before = step.state.entries.get(event.reader, TypedKeys())
        keys = (before.keys + event.key)[: limits.ENTRY_KEYS]
        entry = replace(before, keys=keys, until=step.now.mono + limits.ENTRY_S)
        entries = {reader: each for reader, each in step.state.entries.items() if reader != event.reader}
        step.state = replace(step.state, entries={**entries, event.reader: entry})


def newest(state: State) -> TypedKeys | None:
    """The entry that the last key belonged to."""
    return [*state.entries.values()][-1] if state.entries else None


def timers(state: State) -> Iterator[Timer]:
    for reader, entry in state.entries.items():
        yield entry.until, partial(_drop, reader=reader)


def _drop(step: StepBuilder, reader: str) -> None:
    step.state = replace(
        step.state, entries={name: entry for name, entry in step.state.entries.items() if name != reader}
    )
