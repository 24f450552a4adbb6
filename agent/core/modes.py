"""A door's mode by command: set, and over a restart. A lockdown goes on; holding open ends, because a restart never pulses a lock (D4).

A lockdown of before holds from the first moment by a file of its own (`Started.lockdown`), and by the journal as soon as that is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core import lock, schedule
from agent.core.door import Signal, signal
from agent.core.door_actions import SignalData, lockdown_utc
from agent.core.effects import KeptMode, SaveLockdown, WriteLog
from agent.core.events.life import LockdownRead, Started
from agent.core.state.door import Door
from agent.core.step_builder import StepBuilder
from agent.core.time import KnownTime
from contract import facts
from contract.commands import MODE_MAX_S, Mode

AFTER_RESTART = "goes on after a restart"


def ordered(step: StepBuilder, door_id: str | None, mode: Mode, until_utc: float) -> tuple[KeptMode, ...]:
    """Set it, at all doors where none is named. Returns what has to be kept for the next start."""
    until_mono = step.now.mono + (until_utc - step.now.utc)
    doors = [plan.id for plan in step.state.plan.doors if door_id in {None, plan.id}]
    for each in doors:
        signal(step, each, Signal.MODE, SignalData(mode=mode, until_mono=until_mono, until_utc=until_utc))
        if mode is not Mode.HOLD_OPEN:
            schedule.spend(step, each)
    return tuple(KeptMode(each, str(mode), until_utc) for each in doors)


def started(step: StepBuilder, event: Started) -> None:
    """By the file, until the journal is open: nobody but emergency cards passes where that was so when the agent ended."""
    _hold(step, event.lockdown)
    if not event.lockdown_known:
        step.state = replace(step.state, lockdown_known=False)


def read(step: StepBuilder, event: LockdownRead) -> None:
    """The file, read later than the start. Once the journal is open that has said more already."""
    if step.state.health.boot is None:
        _hold(step, event.lockdown)
        step.state = replace(step.state, lockdown_known=event.known)


def _hold(step: StepBuilder, kept: Iterable[KeptMode]) -> None:
    for each in kept:
        door = step.door(each.door)
        if door is not None and each.mode == Mode.LOCKDOWN and door.mode is Mode.NORMAL:
            door = _locked_down(step, door, each.until_utc)
            step.put(lock.level(step, door) if step.state.commands.started is not None else door)
            step.changed()


def _locked_down(step: StepBuilder, door: Door, until_utc: float, known: KnownTime | None = None) -> Door:
    """Nothing has changed since the last start: no lock is moved."""
    left = min(until_utc - _sure_utc(step, known), MODE_MAX_S)
    utc = None if step.now.trusted else until_utc
    until = step.now.mono + max(left, 0.0)
    return replace(door, mode=Mode.LOCKDOWN, mode_until=until, mode_utc=utc, kept=True, span_until=None)


def _sure_utc(step: StepBuilder, known: KnownTime | None) -> float:
    sure = step.now.sure_utc
    return sure if sure is not None else 0.0 if known is None else known.floor_utc


def store_opened(step: StepBuilder, kept: Iterable[KeptMode], known: KnownTime | None) -> None:
    """What held when the agent ended. A mode commanded since this start is newer; what the lockdown file said is older.

    While the clock is not trusted, the time that passed without power is not known: a lockdown then lasts too long rather than
    too short, but never longer than a command may ask for.
    """
    utc = _sure_utc(step, known)
    by_door = {each.door: each for each in kept}
    for door in step.state.doors:
        each = by_door.get(door.id)
        left = 0.0 if each is None else min(each.until_utc - utc, MODE_MAX_S)
        goes_on = each is not None and left > 0 and each.mode == Mode.LOCKDOWN
        if door.kept and each is not None and goes_on:
            step.put(replace(_locked_down(step, door, each.until_utc, known), kept=False))
            step.fact(facts.DoorMode(door.id, each.mode, each.until_utc, AFTER_RESTART))
        elif door.kept:
            _had_ended(step, door)
        if each is not None and left > 0 and step.at(door.id).mode is Mode.NORMAL:
            _found(step, each, left)
    if not step.state.lockdown_known:
        step.emit(SaveLockdown(_lockdowns(step)))  # whole again
    step.state = replace(step.state, lockdown_known=True)


def _had_ended(step: StepBuilder, door: Door) -> None:
    """What the lockdown file said is older than the journal: whoever set the mode last was answered by that."""
    step.emit(WriteLog("warning", f"door {door.id}: its lockdown had ended before the start, as the journal says"))
    door = replace(door, mode=Mode.NORMAL, mode_until=None, mode_utc=None, kept=False)
    step.put(door if lock.pulsing(door, step.now.mono) else lock.level(step, door))
    step.emit(SaveLockdown(_lockdowns(step)))
    step.changed()


def _found(step: StepBuilder, each: KeptMode, left: float) -> None:
    if each.mode == Mode.LOCKDOWN:
        cue = SignalData(
            mode=Mode.LOCKDOWN,
            until_mono=step.now.mono + left,
            until_utc=each.until_utc,
            detail=AFTER_RESTART,
        )
        signal(step, each.door, Signal.MODE, cue)
        door = step.door(each.door)
        if door is not None and not step.now.trusted:
            step.put(replace(door, mode_utc=each.until_utc))
    else:
        step.record(
            (step.dated(facts.DoorMode(each.door, str(Mode.NORMAL), detail="ended by a restart")),),
            modes=(replace(each, mode=str(Mode.NORMAL)),),
        )


def _lockdowns(step: StepBuilder) -> tuple[KeptMode, ...]:
    return tuple(
        KeptMode(door.id, str(door.mode), lockdown_utc(step, door))
        for door in step.state.doors
        if door.mode is Mode.LOCKDOWN
    )


def clock_changed(step: StepBuilder) -> None:
    """Now the end of a lockdown from before the start is known."""
    if not step.now.trusted:
        return
    for door in step.state.doors:
        if door.mode_utc is not None:
            until = step.now.mono + min(door.mode_utc - step.now.utc, MODE_MAX_S)
            step.put(replace(door, mode_until=until, mode_utc=None))


def time_leapt(step: StepBuilder, utc: float) -> None:
    """The centre's clock was set: it is `utc` now. What was commanded in this run ends when it would have; the next start has to know that too."""
    kept = tuple(
        KeptMode(door.id, str(door.mode), utc + (door.mode_until - step.now.mono))
        for door in step.state.doors
        if door.mode is not Mode.NORMAL and door.mode_until is not None and door.mode_utc is None
    )
    if kept:
        step.record((), modes=kept)
        step.emit(SaveLockdown(tuple(each for each in kept if each.mode == Mode.LOCKDOWN)))
