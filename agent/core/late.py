"""Rule D12: a card or key counts only if it was surely shown within the last second. Older ones are counted, and told in one fact.

What makes them old is no matter here: a reader that nobody polled, an agent that was stopped or just started, a line that was away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits
from agent.core.events.door import CardRead, KeypadEvent
from agent.core.state import State
from agent.core.state.people import Late
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import AccessLate


def age(step: StepBuilder, event: CardRead | KeypadEvent) -> float:
    """Seconds since it was shown, at the most; infinite where nobody knows."""
    if event.not_before_mono is None:
        return 0.0
    return max(0.0, step.now.mono - event.not_before_mono)


def dropped(step: StepBuilder, event: CardRead | KeypadEvent) -> bool:
    """True, and it is counted, where it is too old to count."""
    old = age(step, event)
    if old <= limits.CARD_DEADLINE_S:
        return False
    now = step.now.mono
    known = step.state.late.get(event.reader, Late())
    due = known.due
    if due is None:
        due = now + limits.LATE_GATHER_S
        if known.reported_at is not None:
            due = max(due, known.reported_at + limits.LATE_FACTS_S)
    late = replace(known, count=known.count + 1, age_s=max(known.age_s, old), due=due)
    step.state = replace(step.state, late={**step.state.late, event.reader: late})
    return True


def timers(state: State) -> Iterator[Timer]:
    """What is not told yet is told at a stop at once."""
    for reader, late in state.late.items():
        if late.due is not None:
            yield state.now.mono if state.stopping else late.due, partial(_tell, reader=reader)


def _tell(step: StepBuilder, reader: str) -> None:
    late = step.state.late[reader]
    step.fact(AccessLate(reader, late.count, _detail(late.age_s)))
    step.state = replace(step.state, late={**step.state.late, reader: Late(reported_at=step.now.mono)})


def _detail(age_s: float) -> str:
    if math.isinf(age_s):
        return "from before its reader was served"
    return f"up to {age_s:.1f} s old when read"
