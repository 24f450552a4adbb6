"""Rule D8: five wrong PINs or visitors' codes in a row at one reader lock its entry of codes for 30 s, doubling to 15 minutes, also over a restart.

Written down with each wrong try, and never waited for. Cards, the way out, fire and signed opens do not come here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits
from agent.core.effects import KeptTries
from agent.core.state import State
from agent.core.state.people import Tries
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import AccessDenied, AccessLockedOut, Denial, Fact, Via


def locked_out(step: StepBuilder, reader: str, door_id: str, via: Via) -> bool:
    """True, and it is told for how long, where this reader takes no code now. What was typed is not looked at. One fact a lock-out."""
    tries = step.state.access.tries.get(reader)
    if tries is None or tries.until is None:
        return False
    if not tries.told:
        step.fact(AccessDenied(door_id, None, via, Denial.LOCKED_OUT))
        _put(step, reader, replace(tries, told=True))
    _say(step, door_id, tries.until - step.now.mono)
    return True


def wrong(step: StepBuilder, reader: str, door_id: str, via: Via, reason: Denial, *, card: bool = False) -> None:
    """One more wrong try: the fact, how many there were by now, and what is told; where it locks the reader, an alarm. `card`: it was typed behind a card."""
    before = step.state.access.tries.get(reader, Tries())
    after = _one_more(before, before.wrong + 1, step.now.mono)
    _put(step, reader, after)
    facts: list[Fact] = [AccessDenied(door_id, None, via, reason)]
    if after.until is not None:
        facts.append(AccessLockedOut(door_id, reader, lock_s(after.rounds)))
    step.record([step.dated(fact) for fact in facts], tries=_kept(step, reader))
    if after.until is not None:
        _say(step, door_id, after.until - step.now.mono)
    else:
        key = "denied.card_pin" if card else f"denied.code.{reason}"
        step.say(key, limits.ANSWER_NO_S, "no", door=door_id)


def right(step: StepBuilder, reader: str) -> None:
    """Begins anew, and does not forget at once: a neighbour's own PIN between guesses at another's buys few more of them."""
    tries = step.state.access.tries.get(reader)
    if tries is None:
        return
    forgiven = _forgiven(tries, step.now.mono) + tries.wrong + tries.spent
    rounds = tries.rounds if forgiven > limits.FORGIVEN / 2 else 0
    left = Tries(rounds=rounds, forgiven=forgiven, forgiven_at=step.now.mono)
    _put(step, reader, left if forgiven or rounds else None)
    if (tries.wrong, tries.rounds, tries.until) != (0, rounds, None):
        step.record((), tries=_kept(step, reader))


def _forgiven(tries: Tries, now: float) -> float:
    return max(0.0, tries.forgiven - (now - tries.forgiven_at) / limits.FORGOTTEN_S)


def store_opened(step: StepBuilder, kept: Iterable[KeptTries]) -> None:
    """What was known when the agent ended, and what was tried since this start. A lock-out lasts its whole length again, unless it is surely over:
    nobody knows how long there was no power.
    """
    for each in kept:
        plan = step.door_of_reader(each.reader)
        if plan is None:
            continue
        here = step.state.access.tries.get(each.reader, Tries())
        sure = step.now.sure_utc
        over = each.until_utc is None or (sure is not None and sure >= each.until_utc)
        spent = limits.TRIES if each.rounds else here.spent
        tries = replace(here, wrong=0, spent=spent, rounds=max(each.rounds, here.rounds))
        if not over:
            until = step.now.mono + lock_s(tries.rounds)
            tries = replace(tries, until=max(until, here.until or until))
        elif here.until is None:
            tries = _one_more(tries, each.wrong + here.wrong, step.now.mono)
            if tries.until is not None:
                step.fact(AccessLockedOut(plan.id, each.reader, lock_s(tries.rounds)))
        _put(step, each.reader, tries)


def lock_s(rounds: int) -> float:
    """How long the lock-out after so many of them lasts."""
    return min(limits.LOCK_OUT_S * 2.0 ** (min(max(rounds, 1), 16) - 1), limits.LOCK_OUT_MAX_S)


def timers(state: State) -> Iterator[Timer]:
    for reader, tries in state.access.tries.items():
        if tries.until is not None:
            yield tries.until, partial(_over, reader=reader)


def _over(step: StepBuilder, reader: str) -> None:
    """Written down too: else the next start would take it for one that was cut off."""
    _put(step, reader, replace(step.state.access.tries[reader], until=None, told=False))
    step.record((), tries=_kept(step, reader))


def _one_more(tries: Tries, wrong: int, now: float) -> Tries:
    if wrong < limits.TRIES and _forgiven(tries, now) + wrong <= limits.FORGIVEN:
        return replace(tries, wrong=wrong)
    rounds = tries.rounds + 1
    return replace(tries, wrong=0, spent=wrong, rounds=rounds, until=now + lock_s(rounds), told=False)


def _kept(step: StepBuilder, reader: str) -> KeptTries:
    tries, sure = step.state.access.tries.get(reader, Tries()), step.now.sure_utc
    until = None if tries.until is None else (math.inf if sure is None else sure + tries.until - step.now.mono)
    return KeptTries(reader, tries.wrong, tries.rounds, until)


def _say(step: StepBuilder, door_id: str, left_s: float) -> None:
    """In seconds up to a minute and a half, then in minutes."""
    seconds = max(1, math.ceil(left_s))
    if seconds <= limits.IN_SECONDS_S:
        step.say("locked_out.seconds", limits.ANSWER_NO_S, "no", door=door_id, left=str(seconds))
    else:
        step.say("locked_out.minutes", limits.ANSWER_NO_S, "no", door=door_id, left=str(math.ceil(seconds / 60)))


def _put(step: StepBuilder, reader: str, tries: Tries | None) -> None:
    others = {name: each for name, each in step.state.access.tries.items() if name != reader}
    known = others if tries is None else {**others, reader: tries}
    step.state = replace(step.state, access=replace(step.state.access, tries=known))
