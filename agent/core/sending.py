"""What people at the door said and wait for: told as saved once it is durable (as D10), else as not saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits
from agent.core.state import State
from agent.core.state.asking import Sending
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer


def wait(step: StepBuilder, token: int, sending: Sending) -> None:
    asking = step.state.asking
    step.state = replace(step.state, asking=replace(asking, sending={**asking.sending, token: sending}))


def recorded(step: StepBuilder, token: int) -> None:
    """Durable: the person is told."""
    taken = _taken(step, token)
    if taken is None:
        return
    asking, now = step.state.asking, step.now.mono
    if taken.report is not None:
        recent = {mark: at for mark, at in asking.sent.items() if now - at < limits.CHECKIN_REPEAT_S}
        asking = replace(asking, sent={**recent, taken.report: now})
    if taken.answer is not None:
        key, voter = taken.answer
        asking = replace(asking, answered={**asking.answered, key: asking.answered.get(key, frozenset()) | {voter}})
    step.state = replace(step.state, asking=asking)
    step.say(f"{taken.what}.saved", limits.ANSWER_CHECKIN_S, "yes", door=taken.door, **taken.fields)


def refused(step: StepBuilder, token: int) -> None:
    """Not saved, or not by then: a disk that hangs may save it after all, and then it counts."""
    taken = _taken(step, token)
    if taken is not None:
        step.say(f"{taken.what}.not_saved", limits.ANSWER_NO_S, "no", door=taken.door, **taken.fields)


def _taken(step: StepBuilder, token: int) -> Sending | None:
    asking = step.state.asking
    found = asking.sending.get(token)
    if found is not None:
        rest = {number: each for number, each in asking.sending.items() if number != token}
        step.state = replace(step.state, asking=replace(asking, sending=rest))
    return found


def timers(state: State) -> Iterator[Timer]:
    """A store that does not answer at all has not saved it, as far as the person is told."""
    for token, sending in state.asking.sending.items():
        yield sending.until, partial(refused, token=token)
