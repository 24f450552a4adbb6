"""A door's mode by command: set, and over a restart. A lockdown goes on; holding open ends, because a restart never pulses a lock (D4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core.door import Signal, signal
from agent.core.effects import DoorMode
from agent.core.moves import Cue
from agent.core.state import Mode
from agent.core.time import Trust
from agent.core.turn import Turn


def ordered(turn: Turn, door_id: str | None, mode: Mode, until_utc: float) -> tuple[DoorMode, ...]:
    """Set it, at all doors where none is named. Returns what has to be kept for the next start."""
    until_mono = turn.now.mono + (until_utc - turn.now.utc)
    doors = [plan.id for plan in turn.state.plan.doors if door_id in {None, plan.id}]
    for each in doors:
        signal(turn, each, Signal.MODE, Cue(mode=mode, until_mono=until_mono, until_utc=until_utc))
    return tuple(DoorMode(each, str(mode), until_utc) for each in doors)


def store_opened(turn: Turn, kept: Iterable[DoorMode], floor_utc: float | None) -> None:
    """What held when the agent ended. A mode commanded since this start is newer.

    While the clock is not trusted, the time that passed without power is not known: a lockdown then lasts too long rather than too short.
    """
    utc = max(turn.now.utc, floor_utc or 0.0)
    for each in kept:
        door = turn.door(each.door)
        left = each.until_utc - utc
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
            if door is not None and not _trusted(turn):
                turn.put(replace(door, mode_utc=each.until_utc))
        else:
            turn.record(
                (turn.made("door.mode", door=door.id, mode=str(Mode.NORMAL), detail="ended by a restart"),),
                modes=(replace(each, mode=str(Mode.NORMAL)),),
            )


def clock_changed(turn: Turn) -> None:
    """Now the end of a lockdown from before the start is known."""
    if not _trusted(turn):
        return
    for door in turn.state.doors:
        if door.mode_utc is not None:
            until = turn.now.mono + (door.mode_utc - turn.now.utc)
            turn.put(replace(door, mode_until=until, mode_utc=None))


def _trusted(turn: Turn) -> bool:
    return turn.now.clock in {Trust.SYNCED, Trust.HOLDOVER}
