"""What fire had released before the start (D1, D4): as the latch file says, or where that cannot be read, as the lock itself reads.

Until it is known a door's lasting level is not touched: an order might lock a door that fire released, or open one that it did not.
Exit button, fire input and signed opens work meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, lock
from agent.core.door import Signal, latched, signal
from agent.core.door_actions import SignalData
from agent.core.effects import SaveLatch, WriteLog
from agent.core.events.life import LatchRead, Started
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer


def started(step: StepBuilder, event: Started) -> None:
    """Safe outputs first: released where the latch says so, else the safe state, never a pulse. Not yet where the latch is not known.

    A fire that was seen even before stays.
    """
    for door in step.state.doors:
        on = door.latched or door.id in event.latched
        unsure = not event.latch_known and not on and door.plan.on_fire == "release"
        step.put(lock.level(step, replace(door, latched=on, unsure=unsure)))
    if latched(step) - event.latched:
        step.urge(SaveLatch(latched(step)))
    if any(door.unsure for door in step.state.doors):
        step.state = replace(step.state, latch_due=step.now.mono + limits.LATCH_WAIT_S)


def read(step: StepBuilder, event: LatchRead) -> None:
    """Later than the start. What was decided meanwhile is not undone: a door that was kept released waits for its reset, one that was reset stays so."""
    for door in step.state.doors:
        if door.id in event.latched and not door.latched and not door.reset:
            signal(step, door.id, Signal.FIRE, SignalData(detail="released before the start; the latch was read late"))
        elif door.unsure and event.known:
            _not_latched(step, door)
    if not event.known:
        step.state = replace(step.state, latch_due=step.now.mono)  # it will not come: what the locks read decides
    elif latched(step) != event.latched:
        step.urge(SaveLatch(latched(step)))


def timers(state: State) -> Iterator[Timer]:
    """Where no lock was read yet there is nothing to decide by: then what comes next is a read-back."""
    if state.latch_due is not None and any(_decidable(door) for door in state.doors):
        yield state.latch_due, _decide_all


def _decidable(door: Door) -> bool:
    return door.unsure and (door.found_locked or door.lock.read is not None)


def _decide_all(step: StepBuilder) -> None:
    """A lock that reads released stays so until somebody resets it, every other takes its level. One that was not read yet waits for that."""
    for door in step.state.doors:
        if _decidable(door):
            _decide(step, door)
    if not any(door.unsure for door in step.state.doors):
        step.state = replace(step.state, latch_due=None)
        step.urge(SaveLatch(latched(step)))


def _decide(step: StepBuilder, door: Door) -> None:
    if not door.found_locked:
        step.emit(
            WriteLog("error", f"door {door.id}: the fire latch cannot be read and the lock reads released: it stays so")
        )
        signal(step, door.id, Signal.FIRE, SignalData(detail="the fire latch could not be read; found released"))
        return
    step.emit(WriteLog("warning", f"door {door.id}: the fire latch cannot be read; the lock does not read released"))
    _not_latched(step, door)


def _not_latched(step: StepBuilder, door: Door) -> None:
    """It takes its level. Somebody's pulse, begun while the lock read locked, is not cut short: the resting level is what follows it."""
    door = replace(door, unsure=False)
    leave = lock.pulsing(door, step.now.mono) and not door.rests_unlocked
    step.put(door if leave else lock.level(step, door))
