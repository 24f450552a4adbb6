"""The door as a table machine: every phase and signal is a row of TABLE, or of IGNORED with the reason.

Turns events into signals and keeps the door's timers. What an action does is in door_actions.py, orders and read-back in lock.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import partial

from agent.core import door_actions, limits, lock, unlocking
from agent.core.door_actions import SignalData
from agent.core.effects import SaveLatch
from agent.core.state import State
from agent.core.state.door import Door, Phase
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.commands import Mode
from contract.facts import InputChanged


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
    SPAN = "span"
    SPAN_OVER = "span_over"
    LEASE_DUE = "lease_due"
    READY = "ready"
    NO_ENTRY = "no_entry"
    WARN = "warn"
    HELD = "held"
    LOCK_LOST = "lock_lost"
    LOCK_FOUND = "lock_found"


Action = Callable[[StepBuilder, Door, SignalData], Door]

_COLUMNS = (Phase.STARTING, Phase.NORMAL, Phase.HELD, Phase.LOCKDOWN, Phase.FIRE)
_ROWS: Mapping[Signal, tuple[Action | str, ...]] = {
    # signal            starting                normal                  held open               lockdown                         fire
    Signal.GRANT:      (door_actions.grant,            door_actions.grant,            door_actions.grant_held,       door_actions.grant,                     "open already"),
    Signal.EXIT:       (door_actions.exit_pressed,     door_actions.exit_pressed,     door_actions.exit_held,        door_actions.exit_pressed_in_lockdown,  door_actions.exit_noted),
    Signal.EXIT_OFF:   (door_actions.exit_let_go,      door_actions.exit_let_go,      door_actions.exit_let_go,      door_actions.exit_let_go,               door_actions.exit_let_go),
    Signal.EXIT_STUCK: (door_actions.exit_stuck,       door_actions.exit_stuck,       door_actions.exit_stuck,       door_actions.exit_stuck,                door_actions.exit_stuck),
    Signal.OPENED:     (door_actions.opened,           door_actions.opened,           door_actions.opened_freely,    door_actions.opened,                    door_actions.opened_freely),
    Signal.CLOSED:     (door_actions.closed_relocks,   door_actions.closed_relocks,   door_actions.closed,           door_actions.closed_relocks,            door_actions.closed),
    Signal.FIRE:       (door_actions.release,          door_actions.release,          door_actions.release,          door_actions.release,                   door_actions.release_again),
    Signal.RESET:      ("not latched",          "not latched",          "not latched",          "not latched",                   door_actions.reset),
    Signal.MODE:       (door_actions.mode_set,         door_actions.mode_set,         door_actions.mode_set,         door_actions.mode_set,                  door_actions.mode_kept),
    Signal.MODE_OVER:  ("no mode",              "no mode",              door_actions.mode_set,         door_actions.mode_set,                  door_actions.mode_kept),
    Signal.SPAN:       (door_actions.span_begins,      door_actions.span_begins,      door_actions.span_noted,       "a lockdown stands over it",            door_actions.span_noted),
    Signal.SPAN_OVER:  ("no span",              "no span",              door_actions.span_over,        "no span",                       door_actions.span_kept),
    Signal.LEASE_DUE:  ("no lease",             "no lease",             door_actions.lease,            "no lease",                      "released, not leased"),
    Signal.READY:      (door_actions.ready,            door_actions.ready,            door_actions.ready,            door_actions.ready,                     door_actions.ready),
    Signal.NO_ENTRY:   (door_actions.no_entry,         door_actions.no_entry,         door_actions.no_entry,         door_actions.no_entry,                  "nobody is awaited under fire"),
    Signal.WARN:       (door_actions.warn,             door_actions.warn,             "may stay open",        door_actions.warn,                      "may stay open"),
    Signal.HELD:       (door_actions.held,             door_actions.held,             "may stay open",        door_actions.held,                      "may stay open"),
    Signal.LOCK_LOST:  (door_actions.lock_lost,        door_actions.lock_lost,        door_actions.lock_lost,        door_actions.lock_lost,                 door_actions.lock_lost),
    Signal.LOCK_FOUND: (door_actions.lock_found,       door_actions.lock_found,       door_actions.lock_found,       door_actions.lock_found,                door_actions.lock_found),
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


def signal(step: StepBuilder, door_id: str, what: Signal, cue: SignalData | None = None) -> None:
    door = step.door(door_id)
    if door is None:
        return
    action = TABLE.get((door.phase, what))
    if action is not None:
        step.put(action(step, door, cue or SignalData()))


def let_in(step: StepBuilder, door_id: str, cue: SignalData) -> None:
    """Somebody may come in, and is told so as soon as it is true. Released by fire the door is open already."""
    if step.at(door_id).phase is not Phase.FIRE:
        signal(step, door_id, Signal.GRANT, cue)
    else:
        unlocking.welcome(step, step.at(door_id), cue.says)


# --- events


def contact(step: StepBuilder, door_id: str, is_open: bool) -> None:
    door = step.door(door_id)
    if door is not None and door.open is not is_open:
        signal(step, door_id, Signal.OPENED if is_open else Signal.CLOSED)


def exit_button(step: StepBuilder, door_id: str, pressed: bool) -> None:
    door = step.door(door_id)
    if door is not None and (door.exit_since is not None) is not pressed:
        signal(step, door_id, Signal.EXIT if pressed else Signal.EXIT_OFF)


def fire(step: StepBuilder, door_id: str, active: bool) -> None:
    """Any fire input releases every door that releases on fire; a door with `on_fire: nothing` is only noted."""
    door = step.door(door_id)
    if door is None:
        return
    if active is not door.fire_input and (door.fire_input is not None or active):
        step.fact(InputChanged("fire", active, door_id))
    step.put(replace(door, fire_input=active))
    step.changed()
    if not active:
        return
    before = latched(step)
    for each in step.state.doors:
        if each.plan.on_fire == "release":
            signal(step, each.id, Signal.FIRE)
    if latched(step) != before:
        step.urge(SaveLatch(latched(step)))


def reset_fire(step: StepBuilder, who: str | None, via: str, only: str | None = None) -> bool:
    """End the release of every door that is latched or may be (or of `only` one), unless a fire input is active or cannot be read. True where that was done (or nothing was latched)."""
    released = [door for door in step.state.doors if door.latched or door.unsure]
    if not released or any(d.fire_input is not False for d in step.state.doors if d.plan.fire):
        return not released
    for door in released:
        if only in {None, door.id}:
            step.put(replace(door, latched=True, unsure=False))  # one that may be released is reset as one that is
            signal(step, door.id, Signal.RESET, SignalData(who=who, via=via))
    if not any(door.unsure for door in step.state.doors):
        step.urge(SaveLatch(latched(step)))
    return True


def still_burning(state: State) -> str | None:
    """Which fire inputs keep the release, in words; None when all read clear."""
    words = {True: "is active", None: "cannot be read"}
    kept = [(d.id, words[d.fire_input]) for d in state.doors if d.plan.fire and d.fire_input is not False]
    return ", ".join(f"the fire input of {name} {word}" for name, word in kept) or None


def latched(step: StepBuilder) -> frozenset[str]:
    return frozenset(door.id for door in step.state.doors if door.latched)


def order_sent(step: StepBuilder, door_id: str, order: int, at_mono: float | None) -> None:
    door = step.door(door_id)
    if door is not None:
        door = door_actions.allowed_longer(lock.sent(step, door, order, at_mono))
        step.put(unlocking.sent(step, door, order))


def order_failed(step: StepBuilder, door_id: str, order: int, reason: str) -> None:
    """Whoever waits for it is told. The exit button is a level: who still presses it asks again."""
    door = step.door(door_id)
    if door is None:
        return
    now, hit = step.now.mono, door.lock.order == order and door.lock.order_pulse
    door = unlocking.failed(step, lock.failed(step, door, order, reason), order, reason, newest=hit)
    if hit and now - door.lock.order_at <= limits.CARD_DEADLINE_S:  # else we were stopped: the button's state is old
        door = replace(door, exit_again=now + limits.LEVEL_RETRY_S)
    if hit and door.phase is Phase.HELD:
        door = door_actions.lease_soon(step, door)
    step.put(door)


def read_back(step: StepBuilder, door_id: str, unlocked: bool) -> None:
    door = step.door(door_id)
    if door is None:
        return
    asked = door.exit_asked
    door = unlocking.not_heard(step, lock.read(step, replace(door, exit_asked=None), unlocked))
    step.put(unlocking.read(step, door))
    if asked is not None and not unlocked and step.now.mono - asked <= limits.EXIT_BLIND_S:
        signal(step, door_id, Signal.EXIT)


def device_found(step: StepBuilder, device: str) -> None:
    for door in step.state.doors:
        if door.plan.lock_device == device:
            signal(step, door.id, Signal.LOCK_FOUND)


def device_lost(step: StepBuilder, device: str) -> None:
    for door in step.state.doors:
        if door.plan.lock_device == device:
            signal(step, door.id, Signal.LOCK_LOST)
        now = step.door(door.id)
        if now is not None:
            step.put(_unread(now, device))


def _unread(door: Door, device: str) -> Door:
    """What the lost device read says nothing any more, until it tells again."""
    if door.plan.contact_device == device:
        door = replace(door, open=None, warn_at=None, held_at=None, awaited=None, awaited_until=None)
    if door.plan.exit_device == device:
        door = replace(door, exit_since=None, exit_stuck=False)
    if door.plan.fire_device == device:
        door = replace(door, fire_input=None)
    return door


def all_ready(step: StepBuilder) -> None:
    for door in step.state.doors:
        if not door.ready:
            signal(step, door.id, Signal.READY)


# --- time


def timers(state: State) -> Iterator[Timer]:
    """What is due with a door, in this order: its mode ends before anything else of that moment."""
    for door in state.doors:
        stuck = None if door.exit_since is None or door.exit_stuck else door.exit_since + limits.EXIT_STUCK_S
        for at, act in (
            (door.mode_until, _mode_over),
            (door.span_until, _span_over),
            (door.lease_due, _lease_due),
            (stuck, _exit_stuck),
            (door.exit_again, _exit_again),
            (min((each.until for each in door.asked), default=None), _no_answer),
            (door.awaited_until, _nobody_came),
            (door.warn_at, _warn),
            (door.held_at, _held),
        ):
            if at is not None:
                yield at, partial(act, door_id=door.plan.id)
        for at, change in lock.timers(door.lock):
            if at is not None:
                yield at, partial(_lock, door_id=door.plan.id, change=change)


# Each ends its timer first: one whose signal the table ignores in this phase is spent too.


def _mode_over(step: StepBuilder, door_id: str) -> None:
    step.put(replace(step.at(door_id), mode_until=None))
    signal(step, door_id, Signal.MODE_OVER, SignalData(mode=Mode.NORMAL, detail="ended", ends_span=False))


def _span_over(step: StepBuilder, door_id: str) -> None:
    signal(step, door_id, Signal.SPAN_OVER, SignalData(detail="its hours are over"))
    step.put(replace(step.at(door_id), span_until=None))


def _lease_due(step: StepBuilder, door_id: str) -> None:
    step.put(replace(step.at(door_id), lease_due=None))
    signal(step, door_id, Signal.LEASE_DUE)


def _exit_stuck(step: StepBuilder, door_id: str) -> None:
    signal(step, door_id, Signal.EXIT_STUCK)


def _exit_again(step: StepBuilder, door_id: str) -> None:
    """Not where we were stopped meanwhile: then nobody knows whether the button is still pressed."""
    door = step.at(door_id)
    late = step.now.mono - (door.exit_again or 0.0)
    door = replace(door, exit_again=None)
    step.put(door_actions.exit_again(step, door) if late <= limits.STOPPED_S else door)


def _no_answer(step: StepBuilder, door_id: str) -> None:
    """Nobody said what became of an order: the port's thread hangs. Where we were stopped ourselves, it gets time to say so."""
    door, now = step.at(door_id), step.now.mono
    due = min(door.asked, key=lambda each: each.until)
    if now - due.until > limits.STOPPED_S:
        later = tuple(replace(each, until=max(each.until, now + limits.ORDER_ANSWER_S)) for each in door.asked)
        step.put(replace(door, asked=later))
    else:
        order_failed(step, door_id, due.order, "silent")


def _nobody_came(step: StepBuilder, door_id: str) -> None:
    step.put(replace(step.at(door_id), awaited_until=None))
    signal(step, door_id, Signal.NO_ENTRY)


def _warn(step: StepBuilder, door_id: str) -> None:
    step.put(replace(step.at(door_id), warn_at=None))
    signal(step, door_id, Signal.WARN)


def _held(step: StepBuilder, door_id: str) -> None:
    step.put(replace(step.at(door_id), held_at=None))
    signal(step, door_id, Signal.HELD)


def _lock(step: StepBuilder, door_id: str, change: Callable[[StepBuilder, Door], Door]) -> None:
    step.put(unlocking.read(step, change(step, step.at(door_id))))
