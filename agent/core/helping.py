"""A call for help, by a wired input named `help` or by `*0#`: told ahead of all else; the screen says at once who was called, and what the centre answers.

The screen waits for no disk and no link. What is said of the centre is only what is known: that it has the call in its books, that it answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.core import limits, questions
from agent.core.effects import SoundTone
from agent.core.events.store import Recorded
from agent.core.state import State
from agent.core.state.care import Help, Said
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import HelpCalled, HelpVia

CODE = "0"
"""What is typed between `*` and `#`."""


def called(step: StepBuilder, via: HelpVia, door: str | None) -> None:
    """Somebody calls. Calls of the next half minute are the same call: they are counted, and told together when it is over."""
    now, known = step.now.mono, step.state.help
    until = now + limits.HELP_PAGE_S
    if known is not None and now - known.told_at < limits.HELP_AGAIN_S:
        again = replace(known, until=until, door=door or known.door, via=via, more=known.more + 1)
        step.state = replace(step.state, help=again, answer=None)
    else:
        token = step.record((step.dated(HelpCalled(door, via)),))
        step.state = replace(step.state, help=Help(now, until, door, via, now, token=token), answer=None)
    questions.call(step)
    for plan in step.state.plan.doors:
        if door in {None, plan.id}:
            step.emit(SoundTone(plan.id, "yes"))


def recorded(step: StepBuilder, event: Recorded) -> None:
    known = step.state.help
    if known is not None and known.token == event.token:
        step.state = replace(step.state, help=replace(known, token=None, seq=event.first))


def confirmed(step: StepBuilder, seq: int) -> None:
    """The centre has all facts up to this one."""
    known = step.state.help
    if known is not None and known.seq is not None and seq >= known.seq and not known.reached:
        step.state = replace(step.state, help=replace(known, reached=True))


def answered(step: StepBuilder) -> None:
    """The centre opened the door, or said something."""
    if step.state.help is not None:
        step.state = replace(step.state, help=replace(step.state.help, answered=True))


def said(step: StepBuilder, text: str, seconds: float, door: str | None) -> None:
    """Words of the centre."""
    answered(step)
    step.state = replace(step.state, said=Said(text, step.now.mono + seconds))
    for plan in step.state.plan.doors:
        if door in {None, plan.id}:
            step.emit(SoundTone(plan.id, "yes"))


def page_key(state: State) -> str | None:
    """Of the catalogue; None where nothing is to be shown."""
    known = state.help
    if known is None or _ends(state, known) <= state.now.mono:
        return None
    return _stage_key(state, known)


def _stage_key(state: State, known: Help) -> str:
    """How far the call has come."""
    if known.answered:
        return "help.answered"
    if known.reached:
        return "help.reached"
    on_its_way = state.sync.link_up and state.sync.centre_online
    return "help.called" if on_its_way and state.now.mono < known.at + limits.HELP_WAIT_S else "help.alone"


def _ends(state: State, known: Help) -> float:
    """Something else on the screen puts off what the caller has not read yet, not for ever."""
    return known.until if known.seen == _stage_key(state, known) else _at_last(known)


def _at_last(known: Help) -> float:
    return known.told_at + limits.HELP_PAGE_S + limits.HELP_LATE_S


def shows(step: StepBuilder, over: str | None) -> None:
    """What the panel shows from now on, of those that cover a notice: so it is known what of a call was to be read, and what was cut off."""
    now, known, said_ = step.now.mono, step.state.help, step.state.said
    if known is not None:
        key = _stage_key(step.state, known)
        if over == "help" and known.seen != key:
            until = max(known.until, min(now + limits.READING_MIN_S, _at_last(known)))
            step.state = replace(step.state, help=replace(known, seen=key, seen_at=now, until=until))
        elif over not in {"help", "said"} and known.seen and now < known.seen_at + limits.READING_MIN_S:
            step.state = replace(step.state, help=replace(known, seen=""))
    if said_ is not None:
        if over == "said" and said_.seen_at is None:
            until = max(said_.until, now + limits.READING_MIN_S)
            step.state = replace(step.state, said=replace(said_, seen_at=now, until=until))
        elif over != "said" and said_.seen_at is not None and now < said_.seen_at + limits.READING_MIN_S:
            step.state = replace(step.state, said=replace(said_, seen_at=None))


def timers(state: State) -> Iterator[Timer]:
    known = state.help
    if known is not None:
        ends = _ends(state, known)
        yield max(known.told_at + limits.HELP_AGAIN_S, ends if not known.more else 0.0), _over
        if not known.reached and known.at + limits.HELP_WAIT_S > state.now.mono:
            yield known.at + limits.HELP_WAIT_S, None
        if ends > state.now.mono:
            yield ends, None
    if state.said is not None:
        late_s = limits.HELP_LATE_S if state.said.seen_at is None else 0.0
        yield state.said.until + late_s, _unsaid


def _over(step: StepBuilder) -> None:
    """What came meanwhile is told as one; where nothing came, the call is over."""
    known = step.state.help
    if known is None or not known.more:
        step.state = replace(step.state, help=None)
        return
    step.fact(HelpCalled(known.door, HelpVia(known.via), known.more))
    step.state = replace(step.state, help=replace(known, told_at=step.now.mono, more=0))


def _unsaid(step: StepBuilder) -> None:
    step.state = replace(step.state, said=None)
