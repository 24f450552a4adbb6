"""Keys pressed at a reader, collected until `#`, `*` or ten seconds of silence. What a whole entry means is not decided here.

The keys are nobody's to see: not in a fact, not on a screen, not in a repr; the record keeps only how many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import late, limits
from agent.core.events import KeyPressed
from agent.core.state import Entry, State
from agent.core.turn import Turn

CLEAR, DONE = "*", "#"


def key(turn: Turn, event: KeyPressed) -> None:
    """`*` clears what this reader has collected, `#` ends it; a digit is added."""
    if turn.door_of_reader(event.reader) is None:
        return
    if late.dropped(turn, event):
        _drop(turn, event.reader)  # a code with a hole in it is none
    elif event.key in {CLEAR, DONE}:
        _drop(turn, event.reader)
    elif len(event.key) == 1 and event.key in "0123456789":
        before = turn.state.entries.get(event.reader, Entry())
        keys = (before.keys + event.key)[: limits.ENTRY_KEYS]
        entry = replace(before, keys=keys, until=turn.now.mono + limits.ENTRY_S)
        entries = {reader: each for reader, each in turn.state.entries.items() if reader != event.reader}
        turn.change(entries={**entries, event.reader: entry})


def newest(state: State) -> Entry | None:
    """The entry that the last key belonged to."""
    return [*state.entries.values()][-1] if state.entries else None


def tick(turn: Turn) -> None:
    for reader, entry in turn.state.entries.items():
        if entry.until <= turn.now.mono:
            _drop(turn, reader)


def deadlines(state: State) -> Iterator[float | None]:
    for entry in state.entries.values():
        yield entry.until


def _drop(turn: Turn, reader: str) -> None:
    turn.change(entries={name: entry for name, entry in turn.state.entries.items() if name != reader})
