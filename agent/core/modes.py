"""A door's mode by command: set, and over a restart. A lockdown goes on; holding open ends, because a restart never pulses a lock (D4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core.door import Signal, signal
from agent.core.effects import DoorMode
from agent.core.moves import Cue
from agent.core.state import Mode
from agent.core.time import KnownTime
from agent.core.turn import Turn
from contract.messages import MODE_MAX_S


def ordered(turn: Turn, door_id: str | None, mode: Mode, until_utc: float) -> tuple[DoorMode, ...]:
    """Set it, at all doors where none is named. Returns what has to be kept for the next start."""
    until_mono = turn.now.mono + (until_utc - turn.now.utc)
    doors = [plan.id for plan in turn.state.plan.doors if door_id in {None, plan.id}]
    for each in doors:
        signal(turn, each, Signal.MODE, Cue(mode=mode, until_mono=until_mono, until_utc=until_utc))
    return tuple(DoorMode(each, str(mode), until_utc) for each in doors)


def store_opened(turn: Turn, kept: Iterable[DoorMode], known: KnownTime | None) -> None:
    """What held when the agent ended. A mode commanded since this start is newer.

    While the clock is not trusted, the time that passed without power is not known: a lockdown then lasts too long rather than
    too short, but never longer than a command may ask for.
    """
    sure = turn.now.sure_utc
    utc = sure if sure is not None else 0.0 if known is None else known.floor_utc
    for each in kept:
        door = turn.door(each.door)
        left = min(each.until_utc - utc, MODE_MAX_S)
        if door is None or door.mode is not Mode.NORMAL or left <= 0:
            continue
        if each.mode == Mode.LOCKDOWN:
            cue = Cue(
                mode=Mode.LOCKDOWN,
                until_mono=turn.now.mono + left,
                until_utc=each.until_utc,
                detail="goes on after a restart",
            )
            signal(turn, door.id, Signal.MODE, cue)
            door = turn.door(door.id)
            if door is not None and not turn.now.trusted:
                turn.put(replace(door, mode_utc=each.until_utc))
        else:
            turn.record(
                (turn.made("door.mode", door=door.id, mode=str(Mode.NORMAL), detail="ended by a restart"),),
                modes=(replace(each, mode=str(Mode.NORMAL)),),
            )


def clock_changed(turn: Turn) -> None:
    """Now the end of a lockdown from before the start is known."""
    if not turn.now.trusted:
        return
    for door in turn.state.doors:
        if door.mode_utc is not None:
            until = turn.now.mono + min(door.mode_utc - turn.now.utc, MODE_MAX_S)
            turn.put(replace(door, mode_until=until, mode_utc=None))


def time_leapt(turn: Turn, utc: float) -> None:
    """The centre's clock was set: it is `utc` now. What was commanded in this run ends when it would have; the next start has to know that too."""
    kept = tuple(
        DoorMode(door.id, str(door.mode), utc + (door.mode_until - turn.now.mono))
        for door in turn.state.doors
        if door.mode is not Mode.NORMAL and door.mode_until is not None and door.mode_utc is None
    )
    if kept:
        turn.record((), modes=kept)
