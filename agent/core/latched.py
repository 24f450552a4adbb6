"""What fire had released before the start (D1, D4): as the latch file says, or where that cannot be read, as the lock itself reads.

Until it is known a door's lasting level is not touched: an order might lock a door that fire released, or open one that it did not.
Exit button, fire input and signed opens work meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, lock
from agent.core.door import Signal, latched, signal
from agent.core.effects import Log, SaveLatch
from agent.core.events import LatchRead, Started
from agent.core.moves import Cue
from agent.core.state import Door, State
from agent.core.turn import Turn


def started(turn: Turn, event: Started) -> None:
    """Safe outputs first: released where the latch says so, else the safe state, never a pulse. Not yet where the latch is not known.

    A fire that was seen even before stays.
    """
    for door in turn.state.doors:
        on = door.latched or door.id in event.latched
        unsure = not event.latch_known and not on and door.plan.on_fire == "release"
        turn.put(lock.level(turn, replace(door, latched=on, unsure=unsure)))
    if latched(turn) - event.latched:
        turn.urge(SaveLatch(latched(turn)))
    if any(door.unsure for door in turn.state.doors):
        turn.change(latch_due=turn.now.mono + limits.LATCH_WAIT_S)


def read(turn: Turn, event: LatchRead) -> None:
    """Later than the start. What was decided meanwhile is not undone: a door that was kept released waits for its reset, one that was reset stays so."""
    for door in turn.state.doors:
        if door.id in event.latched and not door.latched and not door.reset:
            signal(turn, door.id, Signal.FIRE, Cue(detail="released before the start; the latch was read late"))
        elif door.unsure and event.known:
            _not_latched(turn, door)
    if not event.known:
        turn.change(latch_due=turn.now.mono)  # it will not come: what the locks read decides
    elif latched(turn) != event.latched:
        turn.urge(SaveLatch(latched(turn)))


def tick(turn: Turn) -> None:
    """Past the deadline: a lock that reads released stays so until somebody resets it, every other takes its level. One that was not read yet waits for that."""
    due = turn.state.latch_due
    if due is None or due > turn.now.mono:
        return
    unsure = [door for door in turn.state.doors if door.unsure]
    for door in unsure:
        if door.found_locked or door.lock.read is not None:
            _decide(turn, door)
    if unsure and not any(door.unsure for door in turn.state.doors):
        turn.change(latch_due=None)
        turn.urge(SaveLatch(latched(turn)))


def _decide(turn: Turn, door: Door) -> None:
    if not door.found_locked:
        turn.emit(
            Log("error", f"door {door.id}: the fire latch cannot be read and the lock reads released: it stays so")
        )
        signal(turn, door.id, Signal.FIRE, Cue(detail="the fire latch could not be read; found released"))
        return
    turn.emit(Log("warning", f"door {door.id}: the fire latch cannot be read; the lock does not read released"))
    _not_latched(turn, door)


def _not_latched(turn: Turn, door: Door) -> None:
    """It takes its level. Somebody's pulse, begun while the lock read locked, is not cut short: the resting level is what follows it."""
    door = replace(door, unsure=False)
    leave = lock.pulsing(door, turn.now.mono) and not door.rests_unlocked
    turn.put(door if leave else lock.level(turn, door))


def deadlines(state: State) -> Iterator[float | None]:
    """None once it has passed: then what comes next is a read-back."""
    due = state.latch_due
    yield due if due is not None and due > state.now.mono else None
