"""Timers: when something is due and what is done then. Each owner lists its own in one generator, `timers`; the controller runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.core import limits
from agent.core.state import State
from agent.core.step_builder import StepBuilder

Act = Callable[[StepBuilder], None]
"""Does what is due and ends its timer, or sets it anew later than now."""

Timer = tuple[float, Act | None]
"""When (monotonic), and what. None: it only asks for a step, whose own work looks at the time (`panel.render`, `command_progress.follow`).
A plain tuple: they are made anew for every step.
"""

Timers = Callable[[State], Iterator[Timer]]


def run_due(step: StepBuilder, timers: Timers) -> None:
    """Do what is due, in its owner's order. The owner is asked again after each: one act may end another's timer, or make it due.

    Bounded: what stays due although it was done is a fault of ours (the tests assert that there is none), and must not hold up the door.
    """
    now = step.now.mono
    for _ in range(limits.ACTS_MAX):
        for at, act in timers(step.state):
            if at <= now and act is not None:
                act(step)
                break
        else:
            return
