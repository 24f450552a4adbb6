"""The door as a table machine: every phase and signal is a row of TABLE, or of IGNORED with the reason.

Turns events into signals and keeps the door's deadlines. What an action does is in moves.py, orders and read-back in lock.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from agent.core import limits, lock, moves
from agent.core.effects import SaveLatch
from agent.core.moves import Cue
from agent.core.state import Door, Mode, Phase, State
from agent.core.turn import Turn


class Signal(StrEnum):
    GRANT = "grant"
    EXIT = "exit"
    EXIT_OFF = "exit_off"
    EXIT_STUCK = "exit_stuck"
    OPENED = "opened"
    CLOSED = "closed"
    FIRE = "fire"
    RESET = "reset"
    MODE = "mode"
    MODE_OVER = "mode_over"
    LEASE_DUE = "lease_due"
    READY = "ready"
    NO_ENTRY = "no_entry"
    WARN = "warn"
    HELD = "held"
    LOCK_LOST = "lock_lost"
    LOCK_FOUND = "lock_found"


Action = Callable[[Turn, Door, Cue], Door]

_COLUMNS = (Phase.STARTING, Phase.NORMAL, Phase.HELD, Phase.LOCKDOWN, Phase.FIRE)
_ROWS: Mapping[Signal, tuple[Action | str, ...]] = {
    # signal            starting                normal                  held open               lockdown                         fire
    Signal.GRANT:      (moves.grant,            moves.grant,            moves.grant_held,       moves.grant,                     "open already"),
    Signal.EXIT:       (moves.exit_pressed,     moves.exit_pressed,     moves.exit_held,        moves.exit_pressed_in_lockdown,  moves.exit_noted),
    Signal.EXIT_OFF:   (moves.exit_let_go,      moves.exit_let_go,      moves.exit_let_go,      moves.exit_let_go,               moves.exit_let_go),
    Signal.EXIT_STUCK: (moves.exit_stuck,       moves.exit_stuck,       moves.exit_stuck,       moves.exit_stuck,                moves.exit_stuck),
    Signal.OPENED:     (moves.opened,           moves.opened,           moves.opened_freely,    moves.opened,                    moves.opened_freely),
    Signal.CLOSED:     (moves.closed_relocks,   moves.closed_relocks,   moves.closed,           moves.closed_relocks,            moves.closed),
    Signal.FIRE:       (moves.release,          moves.release,          moves.release,          moves.release,                   moves.release_again),
    Signal.RESET:      ("not latched",          "not latched",          "not latched",          "not latched",                   moves.reset),
    Signal.MODE:       (moves.mode_set,         moves.mode_set,         moves.mode_set,         moves.mode_set,                  moves.mode_kept),
    Signal.MODE_OVER:  ("no mode",              "no mode",              moves.mode_set,         moves.mode_set,                  moves.mode_kept),
    Signal.LEASE_DUE:  ("no lease",             "no lease",             moves.lease,            "no lease",                      "released, not leased"),
    Signal.READY:      (moves.ready,            moves.ready,            moves.ready,            moves.ready,                     moves.ready),
    Signal.NO_ENTRY:   (moves.no_entry,         moves.no_entry,         moves.no_entry,         moves.no_entry,                  "nobody is awaited under fire"),
    Signal.WARN:       (moves.warn,             moves.warn,             "may stay open",        moves.warn,                      "may stay open"),
    Signal.HELD:       (moves.held,             moves.held,             "may stay open",        moves.held,                      "may stay open"),
    Signal.LOCK_LOST:  (moves.lock_lost,        moves.lock_lost,        moves.lock_lost,        moves.lock_lost,                 moves.lock_lost),
    Signal.LOCK_FOUND: (moves.lock_found,       moves.lock_found,       moves.lock_found,       moves.lock_found,                moves.lock_found),
}  # fmt: skip

TABLE: Mapping[tuple[Phase, Signal], Action] = {
    (phase, signal): move
    for signal, row in _ROWS.items()
    for phase, move in zip(_COLUMNS, row, strict=True)
    if not isinstance(move, str)
}
IGNORED: Mapping[tuple[Phase, Signal], str] = {
    (phase, signal): move
    for signal, row in _ROWS.items()
    for phase, move in zip(_COLUMNS, row, strict=True)
    if isinstance(move, str)
}


def signal(turn: Turn, door_id: str, what: Signal, cue: Cue | None = None) -> None:
    door = turn.door(door_id)
    if door is None:
        return
    action = TABLE.get((door.phase, what))
    if action is not None:
        turn.put(action(turn, door, cue or Cue()))


# --- events


def contact(turn: Turn, door_id: str, is_open: bool) -> None:
    door = turn.door(door_id)
    if door is not None and door.open is not is_open:
        signal(turn, door_id, Signal.OPENED if is_open else Signal.CLOSED)


def exit_button(turn: Turn, door_id: str, pressed: bool) -> None:
    door = turn.door(door_id)
    if door is not None and (door.exit_since is not None) is not pressed:
        signal(turn, door_id, Signal.EXIT if pressed else Signal.EXIT_OFF)


def fire(turn: Turn, door_id: str, active: bool) -> None:
    """Any fire input releases every door that releases on fire; a door with `on_fire: nothing` is only noted."""
    door = turn.door(door_id)
    if door is None:
        return
    if active is not door.fire_input and (door.fire_input is not None or active):
        turn.fact("input.changed", input="fire", door=door_id, value=active)
    turn.put(replace(door, fire_input=active))
    turn.changed()
    if not active:
        return
    before = latched(turn)
    for each in turn.state.doors:
        if each.plan.on_fire == "release":
            signal(turn, each.id, Signal.FIRE)
    if latched(turn) != before:
        turn.urge(SaveLatch(latched(turn)))


def reset_fire(turn: Turn, who: str | None, via: str, only: str | None = None) -> bool:
    """End the release of every door that is latched or may be (or of `only` one), unless a fire input is active or cannot be read. True where that was done (or nothing was latched)."""
    released = [door for door in turn.state.doors if door.latched or door.unsure]
    if not released or any(d.fire_input is not False for d in turn.state.doors if d.plan.fire):
        return not released
    for door in released:
        if only in {None, door.id}:
            turn.put(replace(door, latched=True, unsure=False))  # one that may be released is reset as one that is
            signal(turn, door.id, Signal.RESET, Cue(who=who, via=via))
    if not any(door.unsure for door in turn.state.doors):
        turn.urge(SaveLatch(latched(turn)))
    return True


def still_burning(state: State) -> str | None:
    """Which fire inputs keep the release, in words; None when all read clear."""
    words = {True: "is active", None: "cannot be read"}
    kept = [(d.id, words[d.fire_input]) for d in state.doors if d.plan.fire and d.fire_input is not False]
    return ", ".join(f"the fire input of {name} {word}" for name, word in kept) or None


def latched(turn: Turn) -> frozenset[str]:
    return frozenset(door.id for door in turn.state.doors if door.latched)


def order_sent(turn: Turn, door_id: str, order: int) -> None:
    door = turn.door(door_id)
    if door is not None:
        turn.put(lock.sent(turn, door, order))


def order_failed(turn: Turn, door_id: str, order: int, reason: str) -> None:
    """A person whose pulse failed is told, and it is written down as no entry."""
    door = turn.door(door_id)
    if door is None:
        return
    hit = door.lock.order == order and door.lock.order_pulse
    turn.put(lock.failed(turn, door, order, reason))
    if hit and door.phase is Phase.HELD:
        turn.put(moves.lease_soon(turn, turn.door(door_id) or door))
    elif hit:
        turn.say("lock_silent", limits.ANSWER_NO_S, "no", door=door_id)
        door = turn.door(door_id)
        if door is not None and not lock.pulsing(door, turn.now.mono):
            turn.put(replace(door, grant_until=None))
        if door is not None and door.awaited is not None:
            signal(turn, door_id, Signal.NO_ENTRY, Cue(detail=f"order {reason}"))


def read_back(turn: Turn, door_id: str, unlocked: bool) -> None:
    door = turn.door(door_id)
    if door is None:
        return
    asked = door.exit_asked
    turn.put(replace(lock.read(turn, door, unlocked), exit_asked=None))
    if asked is not None and not unlocked and turn.now.mono - asked <= limits.EXIT_BLIND_S:
        signal(turn, door_id, Signal.EXIT)


def device_found(turn: Turn, device: str) -> None:
    for door in turn.state.doors:
        if door.plan.lock_device == device:
            signal(turn, door.id, Signal.LOCK_FOUND)


def device_lost(turn: Turn, device: str) -> None:
    for door in turn.state.doors:
        if door.plan.lock_device == device:
            signal(turn, door.id, Signal.LOCK_LOST)
        now = turn.door(door.id)
        if now is not None:
            turn.put(_unread(now, device))


def _unread(door: Door, device: str) -> Door:
    """What the lost device read says nothing any more, until it tells again."""
    if door.plan.contact_device == device:
        door = replace(door, open=None, warn_at=None, held_at=None, awaited=None, awaited_until=None)
    if door.plan.exit_device == device:
        door = replace(door, exit_since=None, exit_stuck=False)
    if door.plan.fire_device == device:
        door = replace(door, fire_input=None)
    return door


def all_ready(turn: Turn) -> None:
    for door in turn.state.doors:
        if not door.ready:
            signal(turn, door.id, Signal.READY)


# --- time


def tick(turn: Turn) -> None:
    """Carry out what has come due. Each timer clears itself, so none fires twice."""
    now = turn.now.mono
    for plan in turn.state.plan.doors:
        _over(turn, plan.id)
        for what, due in _timers(turn, plan.id):
            if due is not None and due <= now:
                signal(turn, plan.id, what)
        _clear(turn, plan.id)
        door = turn.door(plan.id)
        if door is not None:
            turn.put(lock.tick(turn, door))


def _over(turn: Turn, door_id: str) -> None:
    door = turn.door(door_id)
    if door is not None and door.mode_until is not None and door.mode_until <= turn.now.mono:
        signal(turn, door_id, Signal.MODE_OVER, Cue(mode=Mode.NORMAL, detail="ended"))


def _timers(turn: Turn, door_id: str) -> tuple[tuple[Signal, float | None], ...]:
    door = turn.door(door_id)
    if door is None:
        return ()
    return (
        (Signal.LEASE_DUE, door.lease_due),
        (Signal.EXIT_STUCK, _stuck_at(door)),
        (Signal.NO_ENTRY, door.awaited_until),
        (Signal.WARN, door.warn_at),
        (Signal.HELD, door.held_at),
    )


def _clear(turn: Turn, door_id: str) -> None:
    """A timer whose signal the table ignores in this phase is spent too."""
    door, now = turn.door(door_id), turn.now.mono
    if door is None:
        return

    def left(due: float | None) -> float | None:
        return None if due is not None and due <= now else due

    kept = (left(door.lease_due), left(door.awaited_until), left(door.warn_at), left(door.held_at))
    if kept != (door.lease_due, door.awaited_until, door.warn_at, door.held_at):
        lease, awaited, warn, held = kept
        turn.put(replace(door, lease_due=lease, awaited_until=awaited, warn_at=warn, held_at=held))


def _stuck_at(door: Door) -> float | None:
    return None if door.exit_since is None or door.exit_stuck else door.exit_since + limits.EXIT_STUCK_S


def deadlines(door: Door) -> Iterator[float | None]:
    yield from (door.mode_until, door.lease_due, _stuck_at(door), door.awaited_until, door.warn_at, door.held_at)
    yield from (door.lock.check_at, door.lock.retry_at, lock.tell_at(door.lock), lock.renew_at(door.lock))
