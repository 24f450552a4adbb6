"""Doors that a schedule holds open: when a span begins, when it ends, and which are not held though they run.

By the centre's signed time alone. A span that had begun before this start is not resumed, for a restart never pulses a lock (D4);
one that a command ended is over. Local time may leap (summer time, a clock that is set): what the schedule says is asked anew each
quarter of an hour, at each edge, and whenever clock, zone or settings change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import weekly
from agent.core.door import Signal, signal
from agent.core.door_actions import SignalData
from agent.core.state import State
from agent.core.state.door import Door
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from agent.core.weekly import OpenSpan, Times
from contract.commands import Mode
from contract.facts import DoorMode

_QUARTER_S = 900.0
"""Offsets of time zones change on quarter hours at the finest."""
_AFTER_S = 0.001
"""A moment, so that no rounding asks before an edge, or takes a span for one of after the start."""


def use(step: StepBuilder, times: dict[str, Times]) -> None:
    """The doors' times by the settings in force."""
    if times != step.state.times:
        step.state = replace(step.state, times=times)
        follow(step)


def follow(step: StepBuilder) -> None:
    """What the schedules say now."""
    now, waits = step.now, []
    for door in step.state.doors:
        hours = step.state.times.get(door.id, Times()).hold_open
        if hours is None:
            _over(step, door, "no longer scheduled")
        elif now.trusted:
            _follow(step, door, weekly.opening(hours, now))
            waits.append(min(weekly.changes_in_s(hours, now), _QUARTER_S - now.utc % _QUARTER_S))
    due = now.mono + min(waits) + _AFTER_S if waits else None
    step.state = replace(step.state, schedule_due=due)


def timers(state: State) -> Iterator[Timer]:
    if state.schedule_due is not None:
        yield state.schedule_due, follow


def spend(step: StepBuilder, door_id: str) -> None:
    """A command has ended the span that runs at this door: it is not begun again."""
    hours = step.state.times.get(door_id, Times()).hold_open
    running = None if hours is None or not step.now.trusted else weekly.opening(hours, step.now)
    if running is not None:
        step.put(replace(step.at(door_id), spent=running.name))


def _follow(step: StepBuilder, door: Door, running: OpenSpan | None) -> None:
    now = step.now
    if running is None:
        _over(step, replace(door, spent=""), "its hours are over")
    elif door.mode is Mode.LOCKDOWN:
        step.put(replace(door, spent=running.name))
    elif door.spent == running.name:
        return
    elif door.span_until is None and running.begin_utc <= _started_utc(step.state) + _AFTER_S:
        step.put(replace(door, spent=running.name))
        step.fact(DoorMode(door.id, str(door.in_force), detail="its schedule's opening is not resumed after a restart"))
    else:
        until = now.mono + (running.end_utc - now.utc) + _AFTER_S
        if door.span_until is None:
            signal(step, door.id, Signal.SPAN, SignalData(until_mono=until, until_utc=running.end_utc))
        else:
            step.put(replace(door, span_until=until))


def _over(step: StepBuilder, door: Door, why: str) -> None:
    step.put(door)
    if door.span_until is not None:
        signal(step, door.id, Signal.SPAN_OVER, SignalData(detail=why))


def _started_utc(state: State) -> float:
    """When the agent started, by the clock as it is now."""
    started = state.commands.started
    return state.now.utc - (0.0 if started is None else state.now.mono - started)
