"""A door's mode by command: set, and over a restart. A lockdown goes on; holding open ends, because a restart never pulses a lock (D4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core.door import Signal, signal
from agent.core.door_actions import SignalData
from agent.core.effects import KeptMode
from agent.core.step_builder import StepBuilder
from agent.core.time import KnownTime
from contract import facts
from contract.commands import MODE_MAX_S, Mode


def ordered(step: StepBuilder, door_id: str | None, mode: Mode, until_utc: float) -> tuple[KeptMode, ...]:
    """Set it, at all doors where none is named. Returns what has to be kept for the next start."""
    until_mono = step.now.mono + (until_utc - step.now.utc)
    doors = [plan.id for plan in step.state.plan.doors if door_id in {None, plan.id}]
    for each in doors:
        signal(step, each, Signal.MODE, SignalData(mode=mode, until_mono=until_mono, until_utc=until_utc))
    return tuple(KeptMode(each, str(mode), until_utc) for each in doors)


def store_opened(step: StepBuilder, kept: Iterable[KeptMode], known: KnownTime | None) -> None:
    """What held when the agent ended. A mode commanded since this start is newer.

    While the clock is not trusted, the time that passed without power is not known: a lockdown then lasts too long rather than
    too short, but never longer than a command may ask for.
    """
    sure = step.now.sure_utc
    utc = sure if sure is not None else 0.0 if known is None else known.floor_utc
    for each in kept:
        door = step.door(each.door)
        left = min(each.until_utc - utc, MODE_MAX_S)
        if door is None or door.mode is not Mode.NORMAL or left <= 0:
            continue
        if each.mode == Mode.LOCKDOWN:
            cue = SignalData(
                mode=Mode.LOCKDOWN,
                until_mono=step.now.mono + left,
                until_utc=each.until_utc,
                detail="goes on after a restart",
            )
            signal(step, door.id, Signal.MODE, cue)
            door = step.door(door.id)
            if door is not None and not step.now.trusted:
                step.put(replace(door, mode_utc=each.until_utc))
        else:
            step.record(
                (step.dated(facts.DoorMode(door.id, str(Mode.NORMAL), detail="ended by a restart")),),
                modes=(replace(each, mode=str(Mode.NORMAL)),),
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
