"""What whoever asked a door to open is told: once its lock has taken the order, or that it did not (rule D13). Orders nothing.

An order may be taken late, heard without an answer that reaches us, or never be answered at all: each ends in words, a fact and, where it is the first
of an outage, an alarm.
"""

from __future__ import annotations

from dataclasses import replace

from agent.core import limits, lock
from agent.core.effects import UsedVisitor
from agent.core.state.door import AskedUnlock, Door, Phase
from agent.core.step_builder import DoorOutcome, StepBuilder
from contract.facts import DoorNoEntry
from contract.frozen import frozen

SHUT = "lock_silent"
CHECKED_IN = "checkin.shut"
"""The page of a door that did not open, and of one at which somebody has checked in all the same."""


_WAIT_S = limits.CARD_DEADLINE_S + limits.ORDER_ANSWER_S


@frozen
class Ask:
    """Who is to be told, and what of the catalogue where the lock has taken the order (empty: something else tells them, or nobody has to)."""

    by: str | None = None
    says: str = ""
    visitor: UsedVisitor | None = None
    told: bool = False
    """That it did not open has been said already: the order is given again for somebody who goes on asking."""


def asks(step: StepBuilder, door: Door, ask: Ask) -> Door:
    """Right behind what was ordered for them, if anything had to be."""
    if door.lock.order is not None:
        if not ask.told:
            _unsay(step, door)
        asked = AskedUnlock(door.lock.order, step.now.mono + _WAIT_S, ask.by, ask.says, ask.visitor, ask.told)
        return replace(door, asked=(*door.asked, asked), doubted=None)
    if door.lock.read is not True:
        return _shut(
            step,
            door,
            (AskedUnlock(0, step.now.mono, ask.by, ask.says, ask.visitor, ask.told),),
            "no order",
            heard=False,
        )
    welcome(step, door, ask.says)
    return door


def welcome(step: StepBuilder, door: Door, says: str) -> None:
    """It is open."""
    answer = step.state.answer
    if says == "granted":
        step.say("granted", limits.ANSWER_YES_S, "yes", door=door.id)
    elif says == "remote":
        step.say("remote", limits.ANSWER_YES_S, "yes", door=door.id)
    elif answer is not None and (answer.key, answer.door) == (CHECKED_IN, door.id):
        step.say("checkin.saved", limits.ANSWER_CHECKIN_S, "yes", door=door.id, **answer.fields)
    else:
        _unsay(step, door)


def _unsay(step: StepBuilder, door: Door) -> None:
    """A no of before is over."""
    answer = step.state.answer
    if answer is not None and answer.key == SHUT and answer.door == door.id:
        step.state = replace(step.state, answer=None)


# --- what became of an order


def sent(step: StepBuilder, door: Door, order: int) -> Door:
    """The device acknowledged it. Of a lock that has lied that is not enough: what it reads must say so."""
    asked = tuple(each for each in door.asked if each.order <= order)
    if door.doubted is not None:
        mine = door.doubted.order == order and step.now.mono < door.doubted.until
        asked = (replace(door.doubted, told=True), *asked) if mine else asked
        door = replace(door, doubted=None)
    if not asked or (door.lock.lied is not None and door.lock.read is not True):
        return door
    door = replace(door, asked=tuple(each for each in door.asked if each.order > order))
    if not _stays_open(door, step.now.mono):
        return _shut(step, door, asked, None)
    welcome(step, door, asked[-1].says)
    return door


def _stays_open(door: Door, mono: float) -> bool:
    """Long enough for somebody who is told only now."""
    if door.rests_unlocked or (door.lock.order is not None and door.lock.order_pulse):
        return True
    end = door.lock.pulse_end
    return end is not None and end - mono >= min(limits.WELCOME_S, limits.WELCOME_SHARE * door.lock.order_s)


def read(step: StepBuilder, door: Door) -> Door:
    """It was read back: right at last, or not as the order it has taken says."""
    known = door.lock
    pulse = known.order is None and known.pulse_end is not None and known.pulse_end > step.now.mono
    if known.read is True and pulse:
        door = replace(door, lock=replace(known, lied=None))
        waiting = (*door.asked, *(() if door.doubted is None else (door.doubted,)))
        return sent(step, door, max(each.order for each in waiting)) if waiting else door
    wrong = known.faulted and known.read is False and pulse and not door.rests_unlocked
    asked_by_it = door.granted_at is not None and door.granted_at >= known.order_at
    if not wrong or known.lied == known.order_at or not asked_by_it:
        return door
    asked, door = door.asked, replace(door, asked=(), lock=replace(known, lied=known.order_at))
    return _shut(step, door, asked, "reads locked")


def failed(step: StepBuilder, door: Door, order: int, reason: str, *, newest: bool) -> Door:
    """`newest`: no later order is on its way, and it was a pulse. A renewal has nobody waiting; who has not come in yet is told all the same."""
    known = door.lock
    asked = tuple(each for each in door.asked if each.order <= order)
    rest = tuple(each for each in door.asked if each.order > order)
    if known.order is not None and known.order_pulse and known.order > order:
        until = max(known.order_at + _WAIT_S, step.now.mono + limits.ORDER_ANSWER_S)
        later = tuple(replace(each, order=known.order, until=until) for each in asked)
        return replace(door, asked=(*later, *rest))
    if not asked and (not newest or door.phase is Phase.HELD):
        return door
    heard = reason not in lock.NEVER_HEARD
    doubted = replace(asked[-1], until=known.order_at + known.order_s) if asked and heard else None
    return _shut(step, replace(door, asked=rest, doubted=doubted), asked, f"order {reason}", heard=heard)


def not_heard(step: StepBuilder, door: Door) -> Door:
    """Read back locked while a pulse that may have been heard would still run: it was not."""
    known, doubted = door.lock, door.doubted
    runs = step.now.mono < known.order_at + known.order_s - limits.READ_SLACK_S
    if doubted is None or known.doubt != doubted.order or known.read is not False or not runs:
        return door
    _owe(step, doubted)
    return replace(door, doubted=None, lock=replace(known, doubt=None))


def _owe(step: StepBuilder, asked: AskedUnlock) -> None:
    """A visitor's code was used, and nobody came in by it: it is good once more. Where the lock may have opened it stays used: no code opens twice."""
    if asked.visitor is not None:
        owed = step.state.access.owed | {asked.visitor}
        step.state = replace(step.state, access=replace(step.state.access, owed=owed))


def _shut(
    step: StepBuilder, door: Door, asked: tuple[AskedUnlock, ...], why: str | None, *, heard: bool = True
) -> Door:
    """Tell them, write it down, and let nobody through unseen. `why`: None where the lock did as it was told, and nobody could know it in time."""
    fresh = [each for each in asked if not each.told]
    if fresh or not asked:
        _say_shut(step, door)
    for each in fresh:
        if why is not None:
            step.fact(DoorNoEntry(door.id, each.by, why))
        if not heard:
            _owe(step, each)
    if why is None:
        return door
    if not asked and door.awaited is not None:
        step.fact(DoorNoEntry(door.id, door.awaited or None, why))
    if asked or door.awaited is not None:
        step.news.append(DoorOutcome(door.id, "no_entry"))
        door = lock.did_not_unlock(step, door, why)
    return replace(door, awaited=None, awaited_until=None, grant_until=_allowed(door, step.now.mono, heard=heard))


def _allowed(door: Door, mono: float, *, heard: bool) -> float | None:
    """Until when an opening is not forced: as long as an order of ours may have been heard."""
    if lock.pulsing(door, mono):
        return door.grant_until
    runs = door.lock.runs_until
    return runs + limits.ENTRY_SLACK_S if heard and runs is not None and runs > mono else None


def _say_shut(step: StepBuilder, door: Door) -> None:
    """A check-in that is on the disk stays said: who reads that the door is shut must not think that the tap was lost."""
    answer = step.state.answer
    if answer is not None and answer.door == door.id and answer.key.startswith("checkin.") and answer.tone == "yes":
        step.say("checkin.shut", limits.ANSWER_NO_S, "no", door=door.id, **answer.fields)
    else:
        step.say("lock_silent", limits.ANSWER_NO_S, "no", door=door.id)
